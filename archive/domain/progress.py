"""How far the reductions of a night have come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count

from archive.enums import ProductState
from archive.models import Product, Reader

OPEN = frozenset({ProductState.PENDING, ProductState.QUEUED, ProductState.RUNNING})


@dataclass(frozen=True, slots=True)
class Progress:
    """Numbers of current products that a reader may see, by kind and state; kinds without any are left out."""

    by_kind: Mapping[str, Mapping[str, int]]

    def number_of(self, *states: str) -> int:
        return sum(counts.get(state, 0) for counts in self.by_kind.values() for state in states)

    @property
    def total(self) -> int:
        return self.number_of(*ProductState)

    @property
    def open(self) -> int:
        """What waits or is being made."""
        return self.number_of(*OPEN)


def running_of(*, night: date, user: Reader, at: datetime, most: int) -> list[Product]:
    """Up to `most` products of a night that are being made now and that `user` may see, the first begun first."""
    current = Product.objects.visible_to(user, at=at).filter(night=night, is_current=True, state=ProductState.RUNNING)
    return list(current.only("kind", "subject").order_by("started_at", "pk")[:most])


def progress_of(*, night: date, user: Reader, at: datetime) -> Progress:
    """Progress of a night, by one statement, of what `user` may see at `at`."""
    current = Product.objects.visible_to(user, at=at).filter(night=night, is_current=True)
    counted = current.order_by().values_list("kind", "state").annotate(number=Count("pk"))
    by_kind: dict[str, dict[str, int]] = {}
    for kind, state, number in counted:
        by_kind.setdefault(kind, {})[state] = number
    return Progress(by_kind)
