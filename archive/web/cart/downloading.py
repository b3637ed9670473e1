"""/cart/download/: the cart becomes a frozen selection, whose page has the ways to download it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from archive.domain import carts, search, selections
from archive.domain.selections import Table, among
from archive.downloads.freezing import freeze
from archive.downloads.frozen_zip import FrozenZip, is_fixed
from archive.downloads.members import Form
from archive.errors import ArchiveError, NotFoundError, TransientError, UsageError
from archive.metering import seconds_to_wait
from archive.models import Cart, FrozenSelection, Reader
from archive.web.cart.contents import Lacking, files_of, lacking
from archive.web.cart.holder import cart_of
from archive.web.policy import strict_policy

SHOWN_LACKING = 50
SCRIPTS = (
    ("curl", "Shell script, curl"),
    ("wget", "Shell script, wget"),
    ("python", "Python script"),
    ("aria2", "List for aria2"),
)


@dataclass(slots=True)
class LeftOut:
    """Frames of a cart that a selection does not have: hidden from its reader or gone, without bytes, put in since."""

    n_hidden: int = 0
    lacking: list[Lacking] = field(default_factory=list)
    n_since: int = 0

    def __bool__(self) -> bool:
        return bool(self.n_hidden or self.lacking or self.n_since)

    @property
    def shown(self) -> list[Lacking]:
        return self.lacking[:SHOWN_LACKING]

    @property
    def n_more(self) -> int:
        return max(0, len(self.lacking) - SHOWN_LACKING)


@strict_policy
@require_POST
def freeze_cart(request: HttpRequest) -> HttpResponseBase:
    """Freeze what the reader may have of the cart now, and go to the page of that selection."""
    try:
        selection = _frozen(request, at=timezone.now())
    except ArchiveError as error:
        messages.error(request, f"There is no download: {error}")
        return redirect("cart")
    return redirect("cart-download", selection.pk)


@strict_policy
@require_safe
def download_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Ways to a frozen selection, for whoever may have it; 410 once its link has ended."""
    at = timezone.now()
    try:
        selection = selections.selection_of(pk, request.user)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    has_ended = selection.expires_at <= at
    context: dict[str, Any] = {"selection": selection, "has_ended": has_ended}
    if not has_ended:
        context |= _ways(request, selection, at=at)
    status = HTTPStatus.GONE if has_ended else HTTPStatus.OK
    answer = render(request, "archive/web/cart/download.html", context, status=status)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _frozen(request: HttpRequest, *, at: datetime) -> FrozenSelection:
    if wait_s := seconds_to_wait(request, at=at):
        raise TransientError(f"you have asked for as much as a reader may in this time: try again in {wait_s} s.")
    cart = cart_of(request)
    if cart is None or not cart.frame_ids:
        raise UsageError("the cart is empty.")
    ids = list(cart.frame_ids)
    if "calibrations" in request.POST:
        ids = list(dict.fromkeys(ids + carts.calibrations_of(ids, request.user, at=at)))
    frozen = freeze(
        search.frames_for(request.user, at=at).filter(pk__in=among(ids)),
        request.user,
        at=at,
        uncompress="uncompress" in request.POST,
        catalog_only="catalog_only" in request.POST,
        damaged_are_left_out=True,
    )
    if frozen is None:
        raise UsageError("of none of these frames the archive has a file that you may have.")
    return frozen.selection


def _ways(request: HttpRequest, selection: FrozenSelection, *, at: datetime) -> dict[str, Any]:
    table = selections.table_of(selection)
    address = request.build_absolute_uri(reverse("download", args=[selection.pk]))
    resumes = is_fixed(selection)
    n_made = int((table["form"] != Form.AS_STORED).sum())
    script = reverse("download-script", args=[selection.pk])
    manifest = reverse("download-manifest", args=[selection.pk])
    cart = cart_of(request)
    return {
        "address": address,
        "is_private": selection.owner_id is not None,
        "resumes": resumes,
        "size_bytes": FrozenZip(selection).size_bytes if resumes else None,
        "n_made": n_made,
        "scripts": []
        if n_made
        else [{"address": f"{script}?format={kind}", "label": label} for kind, label in SCRIPTS],
        "sums": f"{manifest}?format=sha256",
        "table": f"{manifest}?format=csv",
        "left_out": LeftOut() if cart is None else left_out_of(cart, table, request.user, at=at),
    }


def left_out_of(cart: Cart, table: Table, reader: Reader, *, at: datetime) -> LeftOut:
    """What of the cart is not in the selection, and why; nothing when they have nothing to do with each other."""
    frozen = set(table["frame_id"].tolist())
    left = [frame_id for frame_id in cart.frame_ids if frame_id not in frozen]
    if not left or len(left) == len(cart.frame_ids):
        return LeftOut()
    frames = search.frames_for(reader, at=at).order_by().filter(pk__in=among(left))
    found = lacking(frames, left, files_of(frames))
    without = [each for each in found if each.why]
    return LeftOut(len(left) - len(found), without, len(found) - len(without))
