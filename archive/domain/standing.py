"""How much waits, and how much went wrong: numbers that people look at every few seconds, each read from an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Min

from archive.domain import products
from archive.enums import ProductKind, ProductState, ReceivedState
from archive.models import DoomedBytes, Event, PipelineSwitch, Product, QuarantinedFile, ReceivedObject

LATE = timedelta(minutes=1)  # nothing should wait for longer than that
SETTLED = (ProductState.DONE, ProductState.SKIPPED)
UNSETTLED = tuple(state for state in ProductState if state not in {*SETTLED, ProductState.STALE})
SETTLED_KEY, SETTLED_KEPT_S, MANY_SETTLED = "products-settled", 60, 50_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one queue how many wait, and since when the oldest does."""

    n: int
    since: datetime | None
    at: datetime

    @property
    def is_late(self) -> bool:
        return self.since is not None and self.at - self.since > LATE


def outbox(*, at: datetime) -> Waiting:
    """Events that the broker has not confirmed."""
    unpublished = Event.objects.filter(published_at__isnull=True, fault="")
    return _waiting(unpublished.aggregate(n=Count("pk"), since=Min("created_at")), at=at)


def n_events_set_aside() -> int:
    """Events that no broker will ever take."""
    return Event.objects.filter(published_at__isnull=True).exclude(fault="").count()


def received(*, at: datetime) -> Waiting:
    """Objects that others put into the store, and that are to be taken in."""
    waiting = ReceivedObject.objects.filter(state=ReceivedState.WAITING)
    return _waiting(waiting.aggregate(n=Count("pk"), since=Min("heard_at")), at=at)


def quarantine(*, at: datetime) -> Waiting:
    """Files that could not be placed, about which nobody has done anything."""
    waiting = QuarantinedFile.objects.filter(resolved_at=None)
    return _waiting(waiting.aggregate(n=Count("pk"), since=Min("first_seen_at")), at=at)


def n_doomed() -> int:
    """Paths whose bytes have lost their rows, and are still in the store."""
    return DoomedBytes.objects.count()


def products_by_state() -> dict[str, dict[str, int]]:
    """Of each state how many current products of each kind; many settled ones may be as of a minute ago."""
    found: dict[str, dict[str, int]] = {state.value: {} for state in ProductState if state != ProductState.STALE}
    for state, kind, n in [*_counted(UNSETTLED), *_settled()]:
        found[state][kind] = n
    return found


def _settled() -> list[tuple[str, str, int]]:
    """Nearly all products are settled, and the database counts them one by one: 250 ms a million."""
    kept: list[tuple[str, str, int]] | None = cache.get(SETTLED_KEY)
    if kept is None:
        kept = _counted(SETTLED)
        if sum(n for *_, n in kept) > MANY_SETTLED:
            cache.set(SETTLED_KEY, kept, SETTLED_KEPT_S)
    return kept


def _counted(states: Sequence[ProductState]) -> list[tuple[str, str, int]]:
    # All kinds are named so that the index by kind and state leads to each of them.
    kinds = [kind.value for kind in ProductKind]
    current = Product.objects.filter(is_current=True, kind__in=kinds, state__in=states).order_by()
    return list(current.values_list("state", "kind").annotate(n=Count("pk")))


def products_in(state: ProductState) -> dict[str, object]:
    """Current products in a state, as terms that one index answers."""
    return {"is_current": True, "state": state, "kind__in": [kind.value for kind in ProductKind]}


def pipeline_switch() -> PipelineSwitch | None:
    """Who last paused reductions or let them go on; None: nobody ever did."""
    return PipelineSwitch.objects.first()


def is_paused() -> bool:
    return products.is_paused()


def _waiting(found: dict[str, object], *, at: datetime) -> Waiting:
    n, since = found["n"], found["since"]
    return Waiting(n if isinstance(n, int) else 0, since if isinstance(since, datetime) else None, at)
