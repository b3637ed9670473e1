"""What every kind of thing that expires can do, and the rules by which most kinds do it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from archive.domain.removal import Cause
from archive.enums import CountedFrom, ExpiringKind
from archive.errors import NotFoundError
from archive.models import ExpiryRule, OwnExpiry
from archive.models.expiry import SELECTORS

M = TypeVar("M", bound=Model)

OWN_EXPIRY = "its own expiry"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose time has come, and why."""

    kind: ExpiringKind
    thing_id: int
    name: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Fate:
    """What holds for one thing. `goes_at` is None when it stays; `reason` says which other rules it meets."""

    rule: str
    goes_at: datetime | None
    reason: str


class Expiring(Protocol):
    """One kind of thing. `archive.domain.expiry` knows them all."""

    @property
    def kind(self) -> ExpiringKind: ...

    def due(self, *, at: datetime) -> Iterator[Due]:
        """What would go at `at`, each thing once."""

    def expire(self, batch: Sequence[Due], *, at: datetime) -> list[Due]:
        """Delete those of `batch` that are still due once their rows are locked. Answers which went."""

    def forget_unused(self, *, before: datetime) -> None:
        """Drop own expiries of before whose upload never came: a later one of the same name must not die of them."""

    def fate_of(self, name: str) -> Fate:
        """Say what holds for the thing of this name. Raises NotFoundError."""


@dataclass(frozen=True)
class ByRules(Generic[M]):
    """What the rules need to know of a kind whose things are rows of one table.

    Attributes
    ----------
    things : those that may expire at all.
    name : column of the whole name, by which an upload sets an expiry of its own.
    columns : which column each selector of a rule asks for.
    older : condition that the life time of a thing began at that moment or before.
    began : the same of one thing; None when it has not begun.
    raw : last copies of raw data, which go only by rules that say so.
    kept : what no rule deletes, and why.
    delete : delete things whose rows are locked.
    """

    kind: ExpiringKind
    things: Callable[[], QuerySet[M]]
    name: str
    columns: Mapping[str, str]
    older: Callable[[CountedFrom, datetime], Q]
    began: Callable[[M, CountedFrom], datetime | None]
    raw: Q
    kept: Callable[[], tuple[Q, str]]
    delete: Callable[[Sequence[M], Cause, datetime], None]

    def due(self, *, at: datetime) -> Iterator[Due]:
        for cause, things in self._groups(self.things(), at=at):
            for thing_id, name in things.order_by("pk").values_list("pk", self.name).iterator():
                yield Due(self.kind, thing_id, name, cause)

    def expire(self, batch: Sequence[Due], *, at: datetime) -> list[Due]:
        """A row that somebody else holds, such as an upload of a new version, is left for the next run."""
        ids = [due.thing_id for due in batch]
        gone = []
        with transaction.atomic():
            rows = self.things().filter(pk__in=ids).order_by(self.name)  # in the order in which all writers lock
            locked = {thing.pk: thing for thing in rows.select_for_update(skip_locked=True, of=("self",))}
            # Asked again in a statement of its own: it sees what came in before the lock.
            for cause, things in self._groups(self.things().filter(pk__in=list(locked)), at=at):
                found = [locked[pk] for pk in things.order_by(self.name).values_list("pk", flat=True)]
                if found:
                    self.delete(found, cause, at)
                    gone += [Due(self.kind, thing.pk, getattr(thing, self.name), cause) for thing in found]
        return gone

    def forget_unused(self, *, before: datetime) -> None:
        there = self.things().filter(**{self.name: OuterRef("name")})
        OwnExpiry.objects.filter(~Exists(there), kind=self.kind, expires_at__lt=before).delete()

    def fate_of(self, name: str) -> Fate:
        thing = self.things().filter(**{self.name: name}).first()
        if thing is None:
            raise NotFoundError(f"there is no {self.kind} {name!r} that could expire.")
        own = OwnExpiry.objects.filter(kind=self.kind, name=name).first()
        if own is not None:
            return Fate(OWN_EXPIRY, own.expires_at, "Its upload gave it this time, which stands above all rules.")
        standing = self.standing(only_storage_class=False)
        met = [rule for rule in standing if self._is(thing, self.met(rule))]
        if not met:
            return Fate("", None, "No rule asks for it: it stays.")
        return self._fate_by(met[0], thing, others=met[1:])

    def _fate_by(self, rule: ExpiryRule, thing: M, *, others: Sequence[ExpiryRule]) -> Fate:
        kept, why = self.kept()
        began = self.began(thing, CountedFrom(rule.counted_from))
        goes_at = None if rule.after is None or began is None else began + rule.after
        reasons = [f"The rule {rule.name!r} holds: {asked_by(rule)}."]
        reasons += [f"{other.name!r} is met too and asks for less: {asked_by(other)}." for other in others]
        if rule.after is None:
            reasons.append("It lets things stay for ever.")
        elif self._is(thing, kept):
            goes_at = None
            reasons.append(why)
        elif not rule.last_raw_copy and self._is(thing, self.raw):
            goes_at = None
            reasons.append("It stays: it is a raw frame, and the rule does not let the last copy of one go.")
        return Fate(rule.name, goes_at, " ".join(reasons))

    def _is(self, thing: M, condition: Q) -> bool:
        return self.things().filter(condition, pk=thing.pk).exists()

    def standing(self, *, only_storage_class: bool) -> list[ExpiryRule]:
        """Rules of this kind, the one that wins first."""
        rules = ExpiryRule.objects.filter(kind=self.kind, enabled=True, only_storage_class=only_storage_class)
        return sorted((rule for rule in rules if rule.asked.keys() <= self.columns.keys()), key=precedence)

    def won(self, *, only_storage_class: bool) -> Iterator[tuple[ExpiryRule, Q]]:
        """Each rule with the condition that a thing is met by it and by none that stands above."""
        above = Q()
        for rule in self.standing(only_storage_class=only_storage_class):
            yield rule, self.met(rule) & above
            above &= ~self.met(rule)

    def met(self, rule: ExpiryRule) -> Q:
        """Condition that a thing is what the rule asks for."""
        return Q(**{self.columns[name]: value for name, value in rule.asked.items()})

    def _groups(self, things: QuerySet[M], *, at: datetime) -> Iterator[tuple[Cause, QuerySet[M]]]:
        """What is due of `things`, one cause after the other; no thing is in two of them."""
        own = OwnExpiry.objects.filter(kind=self.kind)
        names = own.filter(expires_at__lte=at).values("name")
        yield Cause(OWN_EXPIRY, "Its upload gave it this time."), things.filter(**{f"{self.name}__in": names})
        kept, _why = self.kept()
        ruled = things.exclude(Exists(own.filter(name=OuterRef(self.name)))).filter(~kept)
        for rule, condition in self.won(only_storage_class=False):
            if rule.after is None:
                continue
            met = ruled.filter(condition, self.older(CountedFrom(rule.counted_from), at - rule.after))
            yield cause_of(rule), met if rule.last_raw_copy else met.filter(~self.raw)


def precedence(rule: ExpiryRule) -> tuple[int, list[int], int]:
    """Place of a rule among those of its kind: more selectors first, then instrument, site, data type, type.

    Two rules that ask for the same selectors never meet the same thing: it would need two instruments.
    """
    return -len(rule.asked), [SELECTORS.index(name) for name in rule.asked], rule.pk


def asked_by(rule: ExpiryRule) -> str:
    """What a rule asks for, in words."""
    return ", ".join(f"{name} {value}" for name, value in rule.asked.items()) or f"any {rule.kind}"


def cause_of(rule: ExpiryRule) -> Cause:
    """What readers are told of a thing that went by this rule."""
    return Cause(rule.name, f"It went {rule.after} after its {rule.counted_from}, as the rule {rule.name!r} says.")
