"""Whose cart it is that a request is about: the user's, or the one that the session names."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.http import HttpRequest

from archive.domain import carts
from archive.models import Cart

ON_REQUEST = "_cart"
NOT_ASKED = object()


def cart_of(request: HttpRequest) -> Cart | None:
    """The cart of whoever asks, read once for a request. Readers without one cost no statement."""
    held = getattr(request, ON_REQUEST, NOT_ASKED)
    if held is NOT_ASKED:
        held = _found(request)
        setattr(request, ON_REQUEST, held)
    return held if isinstance(held, Cart) else None


def cart_to_fill(request: HttpRequest, *, at: datetime) -> Cart:
    """The same; a new one where there is none."""
    cart = cart_of(request)
    if cart is None:
        owner = request.user if isinstance(request.user, User) else None
        cart = carts.begin(owner=owner, at=at)
        if owner is None:
            request.session[carts.IN_SESSION] = cart.pk
        setattr(request, ON_REQUEST, cart)
    return cart


def changed(request: HttpRequest) -> None:
    """What was read of the cart does not hold any more."""
    setattr(request, ON_REQUEST, NOT_ASKED)


def number_in(request: HttpRequest) -> int:
    """How many frames the head says are in the cart, without reading which."""
    held = getattr(request, ON_REQUEST, NOT_ASKED)
    if held is NOT_ASKED:
        return carts.number_in(_whose(request))
    return held.n_frames if isinstance(held, Cart) else 0


def those_in(request: HttpRequest, frame_ids: Iterable[int]) -> set[int]:
    """Which of these frames are in the cart."""
    cart = cart_of(request)
    return set() if cart is None else set(cart.frame_ids).intersection(frame_ids)


def _whose(request: HttpRequest) -> carts.Whose:
    if isinstance(request.user, User):
        return carts.Whose(user=request.user)
    return carts.Whose(cart_id=request.session.get(carts.IN_SESSION))


def _found(request: HttpRequest) -> Cart | None:
    return carts.cart_of(_whose(request))
