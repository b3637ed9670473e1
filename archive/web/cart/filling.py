"""POST /cart/change/: frames go into the cart and come out of it, by buttons of whatever page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from archive.domain import carts, search
from archive.domain.carts import PutIn
from archive.domain.counts import count
from archive.domain.listing import Listing, listing_for
from archive.domain.replica import PRIMARY
from archive.domain.selections import among
from archive.errors import ArchiveError, UsageError
from archive.models import Reader
from archive.web.cart.holder import cart_of, cart_to_fill, changed, number_in, those_in
from archive.web.policy import strict_policy
from archive.web.search.asked import asked_of

LARGEST_ID = 2**63 - 1
ADD, TAKE, CHOSEN, ALL, WITH = "add", "take", "frame", "all", "with"
OUT, MARKED = "out", "mark"
KIN = {"calibrations": carts.calibrations_of, "relatives": carts.relatives_of}


@dataclass(frozen=True, slots=True)
class Done:
    """What a button did, in words, and the frames of the page whose buttons are to be other ones now."""

    says: str
    is_whole: bool = True
    names: dict[int, str] = field(default_factory=dict)


@strict_policy
@require_POST
def change(request: HttpRequest) -> HttpResponseBase:
    """Do it, say what happened, and go back to where the button stands; htmx is told what is another one there."""
    level = messages.SUCCESS
    try:
        done = _done(request, at=timezone.now())
        if not done.is_whole:
            level = messages.WARNING
    except ArchiveError as error:
        done, level = Done(f"Nothing was changed: {error}"), messages.ERROR
    if "HX-Request" in request.headers:
        return _parts(request, done, level)
    messages.add_message(request, level, done.says)
    return HttpResponseRedirect(back(request))


def back(request: HttpRequest) -> str:
    """The address that the form says it stands on, as far as it is one of ours; else the cart."""
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours and address.startswith("/") else reverse("cart")


def said(put: PutIn, *, n_unknown: int = 0) -> str:
    """What came of putting frames in."""
    words = [f"{put_words(len(put.new))} put into the cart." if put.new or not put.n_there else ""]
    if put.n_there:
        words.append(f"{put_words(put.n_there)} {'was' if put.n_there == 1 else 'were'} in it already.")
    if put.n_left_out:
        words.append(
            f"{put_words(put.n_left_out)} found no room: a cart holds up to {settings.CART_MAX_FRAMES:,} frames. "
            "Download what is in it and empty it, or ask for fewer."
        )
    if n_unknown:
        words.append(f"{put_words(n_unknown)} {'is' if n_unknown == 1 else 'are'} not known, or not yours to see.")
    return " ".join(filter(None, words))


def put_words(n_frames: int) -> str:
    return f"{n_frames:,} frame{'' if n_frames == 1 else 's'}"


def ids_of(values: Iterable[str]) -> list[int]:
    """Ids of frames as a form sends them. Raises UsageError."""
    given = list(values)
    if not all(value.isdecimal() and len(value) < len(str(LARGEST_ID)) for value in given):
        raise UsageError("the form does not say which frames: open the page again.")
    return [int(value) for value in given]


def _done(request: HttpRequest, *, at: datetime) -> Done:
    sent = request.POST
    if TAKE in sent or OUT in sent:
        return _taken(request, ids_of(sent.getlist(TAKE) or sent.getlist(MARKED)), at=at)
    if ALL in sent:
        return _all_found(request, sent.get("query", ""), at=at)
    ids = ids_of(sent.getlist(ADD) or sent.getlist(CHOSEN))
    if not ids:
        raise UsageError("no frame is chosen: mark some first.")
    names = _names(ids, request.user, at=at)
    wanted = [frame_id for frame_id in ids if frame_id in names]
    for kin in sent.getlist(WITH):
        if kin in KIN:
            wanted += KIN[kin](list(names), request.user, at=at)
    put = _put(request, wanted, at=at)
    n_unknown = len(set(ids)) - len(names)
    return Done(said(put, n_unknown=n_unknown), not put.n_left_out and not n_unknown, names)


def _taken(request: HttpRequest, ids: Sequence[int], *, at: datetime) -> Done:
    if not ids:
        raise UsageError("no frame is marked: mark some first.")
    cart = cart_of(request)
    out = [] if cart is None else carts.take_out(cart.pk, ids, at=at)
    changed(request)
    return Done(f"{put_words(len(out))} taken out of the cart.", names=_names(ids, request.user, at=at))


def _all_found(request: HttpRequest, query: str, *, at: datetime) -> Done:
    """Everything that a question to the search page finds, in its order, as far as there is room."""
    asked = asked_of(QueryDict(query), request.user, at=at, using=PRIMARY)
    if asked.terms is None:
        raise UsageError("; ".join(says for each in asked.errors.values() for says in each))
    listing = listing_for(request.user, asked.terms, at=at)
    place = [term.column for term in asked.order].index("id")
    ids = [int(key[place]) for key in listing.keys(asked.order, most=settings.CART_MAX_FRAMES + 1)]
    if not ids:
        raise UsageError("no frame that you may see fits.")
    put = _put(request, ids, at=at)
    return Done(said(put) + _beyond(listing, len(ids)), not put.n_left_out)


def _put(request: HttpRequest, ids: Sequence[int], *, at: datetime) -> PutIn:
    put = carts.put_in(cart_to_fill(request, at=at).pk, ids, at=at)
    changed(request)
    return put


def _beyond(listing: Listing, n_read: int) -> str:
    """What is to be said where more were found than a cart holds: these were not even looked at."""
    if n_read <= settings.CART_MAX_FRAMES:
        return ""
    found = count(listing)
    return f" {'About ' if found.is_estimate else ''}{put_words(found.n)} were found in all."


def _names(ids: Sequence[int], reader: Reader, *, at: datetime) -> dict[int, str]:
    """Names of those that the reader may see."""
    return dict(search.frames_for(reader, at=at).filter(pk__in=among(ids)).values_list("pk", "basename"))


def _parts(request: HttpRequest, done: Done, level: int) -> HttpResponseBase:
    held = those_in(request, done.names)
    buttons = [{"id": frame_id, "name": name, "is_in": frame_id in held} for frame_id, name in done.names.items()]
    tag = messages.DEFAULT_TAGS[level]
    context = {"says": done.says, "tag": tag, "n_in_cart": number_in(request), "buttons": buttons}
    return render(request, "archive/web/cart/changed.html", context, status=HTTPStatus.OK)
