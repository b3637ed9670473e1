"""Carts: frames that a reader puts together. What is in one is read anew each time, under the rule of visibility.

A cart keeps ids. Frames of it that have gone, or that its reader may not see any more, are neither told nor taken out:
who gets a right back finds them again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from archive.domain import search
from archive.domain.selections import among
from archive.enums import RelationKind
from archive.models import Cart, FrameQuerySet, Reader, Relation

IN_SESSION = "cart"  # where the session of a reader without a user names the cart


@dataclass(frozen=True, slots=True)
class PutIn:
    """What came of putting frames into a cart: new ones, those that were there, those that found no room."""

    new: list[int]
    n_there: int
    n_left_out: int
    n_frames: int  # in the cart now


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose cart is meant: a user's, or the one that a session names; nobody's where both are None."""

    user: User | None = None
    cart_id: int | None = None

    def carts(self) -> QuerySet[Cart]:
        if self.user is not None:
            return Cart.objects.filter(owner=self.user)
        return Cart.objects.none() if self.cart_id is None else Cart.objects.filter(owner=None, pk=self.cart_id)


def cart_of(whose: Whose) -> Cart | None:
    """The cart, once there is one, and until it is forgotten."""
    return whose.carts().first()


def number_in(whose: Whose) -> int:
    """How many frames are in it, also those that their reader may not see any more."""
    return whose.carts().values_list("n_frames", flat=True).first() or 0


def begin(*, owner: User | None, at: datetime) -> Cart:
    """An empty cart; the one that a user has already."""
    if owner is None:
        return Cart.objects.create(changed_at=at)
    return Cart.objects.get_or_create(owner=owner, defaults={"changed_at": at})[0]


def put_in(cart_id: int, frame_ids: Sequence[int], *, at: datetime) -> PutIn:
    """Put frames behind those that are there, as many as there is room for. Their reader may see them: ask before.

    Of two at once the later one waits, and finds what the first has put in.
    """
    with transaction.atomic():
        cart = Cart.objects.select_for_update().get(pk=cart_id)
        held = set(cart.frame_ids)
        wanted = list(dict.fromkeys(frame_ids))
        new = [frame_id for frame_id in wanted if frame_id not in held]
        fit = new[: max(settings.CART_MAX_FRAMES - len(held), 0)]
        if fit:
            _write(cart, cart.frame_ids + fit, at=at)
        return PutIn(fit, len(wanted) - len(new), len(new) - len(fit), len(held) + len(fit))


def take_out(cart_id: int, frame_ids: Iterable[int], *, at: datetime) -> list[int]:
    """Take frames out; tells which were there."""
    gone = set(frame_ids)
    with transaction.atomic():
        cart = Cart.objects.select_for_update().get(pk=cart_id)
        left = [frame_id for frame_id in cart.frame_ids if frame_id not in gone]
        out = [frame_id for frame_id in cart.frame_ids if frame_id in gone]
        if out:
            _write(cart, left, at=at)
    return out


def keep_only(cart: Cart, frames: FrameQuerySet, *, at: datetime) -> int:
    """Take out all that is not among these frames, as far as the cart is what it was; tells how many those are."""
    seen = set(frames.values_list("pk", flat=True))
    return len(take_out(cart.pk, set(cart.frame_ids) - seen, at=at))


def move_to(user: User, cart_id: int, *, at: datetime) -> PutIn | None:
    """What a reader put together before the login goes into the cart of the user. None when there is nothing."""
    with transaction.atomic():
        old = Cart.objects.select_for_update().filter(pk=cart_id, owner=None).first()
        if old is None:
            return None
        old.delete()
        return put_in(begin(owner=user, at=at).pk, old.frame_ids, at=at) if old.frame_ids else None


def forget_old(*, at: datetime) -> int:
    """Forget carts of nobody that have not changed for CART_DAYS. Tells how many."""
    return Cart.objects.filter(owner=None, changed_at__lt=at - settings.CART_LIFETIME).delete()[0]


def frames_of(cart: Cart, reader: Reader, *, at: datetime) -> FrameQuerySet:
    """Frames of a cart that its reader may see now."""
    return search.frames_for(reader, at=at).filter(pk__in=among(cart.frame_ids))


def calibrations_of(frame_ids: Sequence[int], reader: Reader, *, at: datetime) -> list[int]:
    """Calibration files that were used for these frames, or belong to them, as far as `reader` may see them."""
    used = Relation.objects.filter(kind=RelationKind.CALIBRATES, derived__in=among(frame_ids)).values("source")
    return list(search.frames_for(reader, at=at).filter(pk__in=used).values_list("pk", flat=True))


def relatives_of(frame_ids: Sequence[int], reader: Reader, *, at: datetime) -> list[int]:
    """What frames were made of, and what was made of them; calibrations, catalogues: one step in either direction."""
    held = among(frame_ids)
    near = Relation.objects.filter(derived__in=held).values("source")
    near = near.union(Relation.objects.filter(source__in=held).values("derived"))
    return list(search.frames_for(reader, at=at).filter(pk__in=near).values_list("pk", flat=True))


def _write(cart: Cart, frame_ids: list[int], *, at: datetime) -> None:
    cart.frame_ids, cart.changed_at = frame_ids, at
    cart.save(update_fields=["frame_ids", "changed_at"])
