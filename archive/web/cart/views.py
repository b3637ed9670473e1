"""/cart/: what a reader has put together, as a page and as lists; lists that are pasted; and an empty cart."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from archive.domain import carts
from archive.errors import ArchiveError
from archive.web.cart.contents import ADDED, ORDERS, Contents, contents_of
from archive.web.cart.filling import put_words, said
from archive.web.cart.holder import cart_of, cart_to_fill, changed
from archive.web.cart.lists import known, text_of
from archive.web.policy import strict_policy
from archive.web.search.columns import COLUMNS
from archive.web.words import embargo_words

NEWEST_FIRST = f"-{ADDED}"
HEADS = (
    ("name", "Name", False),
    ("target", "Target", False),
    ("observed", "Observed, UTC", False),
    ("site", "Site", False),
    ("instrument", "Instrument", False),
    ("size", "Size", True),
)
SHOWN_LACKING = 20
LAST_PAGE = 100_000
ENDINGS = {"names": "txt", "ids": "txt"}
FORMS = ("names", "ids", "csv", "json")


@strict_policy
@require_safe
def cart(request: HttpRequest) -> HttpResponseBase:
    """The page; `?ordering=` and `?page=` say what of it is shown."""
    return _page(request)


@strict_policy
@require_POST
def paste(request: HttpRequest) -> HttpResponseBase:
    """Put in what is pasted: names of frames or of their files, ids, addresses. What is not known is named back."""
    at = timezone.now()
    text = request.POST.get("names", "")
    try:
        found, unknown = known(text, request.user, at=at)
        put = carts.put_in(cart_to_fill(request, at=at).pk, found, at=at) if found else None
    except ArchiveError as error:
        return _page(request, pasted=text, wrong=str(error), status=HTTPStatus.BAD_REQUEST)
    changed(request)
    if put is not None:
        level = messages.WARNING if put.n_left_out else messages.SUCCESS
        messages.add_message(request, level, said(put))
    if not unknown:
        return redirect("cart")
    wrong = f"{len(unknown):,} of these are not known here, or not yours to see; they are left below."
    return _page(request, pasted="\n".join(unknown), wrong=wrong)


@strict_policy
@require_POST
def empty(request: HttpRequest) -> HttpResponseBase:
    """Take everything out, or what is hidden from its reader; asks first."""
    at = timezone.now()
    held = cart_of(request)
    if held is None:
        return redirect("cart")
    only_hidden = request.POST.get("what") == "hidden"
    if not only_hidden and "sure" not in request.POST:
        return render(request, "archive/web/cart/sure.html", {"n_frames": held.n_frames})
    if only_hidden:
        n_out = carts.keep_only(held, carts.frames_of(held, request.user, at=at), at=at)
    else:
        n_out = len(carts.take_out(held.pk, held.frame_ids, at=at))
    messages.success(request, f"{put_words(n_out)} taken out of the cart.")
    return redirect("cart")


@strict_policy
@require_safe
def listed(request: HttpRequest) -> HttpResponseBase:
    """`?format=`: a text of names or of ids, a table of both, or the JSON that POST /downloads/ takes."""
    form = request.GET.get("format", FORMS[0])
    if form not in FORMS:
        raise Http404(f"format is one of {', '.join(FORMS)}.")
    held = cart_of(request)
    rows: list[tuple[int, str]] = []
    if held is not None:
        frames = carts.frames_of(held, request.user, at=timezone.now()).order_by()
        names = dict(frames.values_list("pk", "basename"))
        rows = [(frame_id, names[frame_id]) for frame_id in held.frame_ids if frame_id in names]
    if form == "json":
        answer: HttpResponse = JsonResponse({"frame_ids": [frame_id for frame_id, _ in rows]})
    else:
        answer = HttpResponse(
            text_of(form, rows), content_type=f"text/{'csv' if form == 'csv' else 'plain'}; charset=utf-8"
        )
    answer["Content-Disposition"] = f"inline; filename=cart.{ENDINGS.get(form, form)}"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _page(request: HttpRequest, *, pasted: str = "", wrong: str = "", status: int = HTTPStatus.OK) -> HttpResponseBase:
    at = timezone.now()
    ordering = request.GET.get("ordering", "")
    ordering = ordering if ordering.removeprefix("-") in ORDERS else NEWEST_FIRST
    given = request.GET.get("page", "1")
    page = min(int(given), LAST_PAGE) if given.isascii() and given.isdecimal() and len(given) < 9 else 1
    held = cart_of(request)
    found = Contents() if held is None else contents_of(held, request.user, ordering=ordering, page=page, at=at)
    context = {
        "held": held,
        "found": found,
        "rows": [_row(found, row, at=at) for row in found.rows],
        "heads": [_head(*head, ordering=ordering) for head in HEADS],
        "is_added_order": ordering == NEWEST_FIRST,
        "pages": _pages(found, ordering),
        "lacking": found.lacking[:SHOWN_LACKING],
        "n_lacking": len(found.lacking),
        "n_packed": sum(file.extension == ".fits.fz" and not file.fault for file in found.files.values()),
        "most": settings.CART_MAX_FRAMES,
        "most_unpacked": settings.ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES,
        "days": settings.CART_LIFETIME.days,
        "pasted": pasted,
        "wrong": wrong,
        "downloads_address": request.build_absolute_uri(reverse("downloads")),
        "here": request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("cart"),
    }
    answer = render(request, "archive/web/cart/page.html", context, status=status)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _row(found: Contents, row: Any, *, at: datetime) -> dict[str, Any]:
    columns = row.columns
    file = found.files.get(columns["id"])
    return {
        "id": columns["id"],
        "name": columns["basename"],
        "target": columns["target_name"],
        "observed": COLUMNS["observed"].text(row),
        "site": columns["site_id"],
        "instrument": columns["instrument_id"],
        "size_bytes": None if file is None else file.size_bytes,
        "is_damaged": file is not None and bool(file.fault),
        "has_file": file is not None,
        "embargo": embargo_words(columns["public_date"], at=at),
    }


def _head(name: str, label: str, is_number: bool, *, ordering: str) -> dict[str, Any]:  # noqa: FBT001 - a row of HEADS
    is_here = ordering.removeprefix("-") == name
    descending = is_here and ordering.startswith("-")
    return {
        "name": name,
        "label": label,
        "is_number": is_number,
        "sorted": ("descending" if descending else "ascending") if is_here else "",
        "address": _address(name if descending or not is_here else f"-{name}"),
    }


def _pages(found: Contents, ordering: str) -> dict[str, str]:
    return {
        "before": _address(ordering, found.page - 1) if found.page > 1 else "",
        "after": _address(ordering, found.page + 1) if found.page < found.n_pages else "",
    }


def _address(ordering: str, page: int = 1) -> str:
    terms: list[tuple[str, Any]] = []
    if ordering != NEWEST_FIRST:
        terms.append(("ordering", ordering))
    if page > 1:
        terms.append(("page", page))
    return f"?{urlencode(terms)}" if terms else reverse("cart")
