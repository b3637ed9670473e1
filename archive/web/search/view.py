"""/search/: frames by what was seen, when and where. Without scripts it is a form and links; htmx spares the page."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain.access import Links
from archive.domain.observing import names_by_frame
from archive.domain.replica import PRIMARY
from archive.errors import TransientError
from archive.terms.frames import FrameFilter
from archive.web.cart.holder import those_in
from archive.web.policy import policy_with, strict_policy
from archive.web.search import arrivals, ranges, shown
from archive.web.search.asked import Asked, asked_of
from archive.web.search.columns import COLUMNS
from archive.web.search.found import found_by
from archive.web.search.places import DEFAULT_RADIUS, DEFAULT_UNIT, UNITS

PAGE = "archive/web/search/page.html"
VIEW_LABELS = (("table", "Table"), ("gallery", "Pictures"), ("sky", "Sky", "aladin"))
# Terms that have fields in the form; those of the address that have none stay by hidden ones.
OF_PLACE = ("place", "radius", "unit")
MORE = (
    "basename",
    "dayobs",
    "exposure_time",
    "exposure_time_max",
    "header",
    "public",
)
FIELDS = (*OF_PLACE, "target_name", "start", "end", *MORE, *ranges.OPTICS_FIELDS, "columns")


# Aladin Lite is compiled code, which its file holds as a data: address, with a worker from a blob:. The styles that it
# writes into the page are known by their checksums: another version has others, and tests/web/test_aladin.py tells.
STYLES_OF_ALADIN = (
    "sha256-cEnY4wnnUdAaYodEHQq0zu+362EwEHHSAlawP4BBKmw=",
    "sha256-wkY2X5hecQzbhnFCqvTpwrUJ1f4X8LH5WFjYUzv1wmU=",  # bold words
)
POLICY_OF_ALADIN = "; ".join(
    (
        policy_with(
            "data:",
            scripts=" 'wasm-unsafe-eval'",
            styles="".join(f" '{each}'" for each in ("unsafe-hashes", *STYLES_OF_ALADIN)),
        ),
        "worker-src blob:",
    )
)


@strict_policy
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """The page. A form that sent empty fields, or what goes without saying, is led to the address without them."""
    at = timezone.now()
    asked = asked_of(request.GET, request.user, at=at, using=PRIMARY)
    is_part = "HX-Request" in request.headers
    if not is_part and dict(asked.given.lists()) != dict(request.GET.lists()):
        return HttpResponseRedirect(_address(request, asked))
    status = HTTPStatus.BAD_REQUEST if asked.errors and not is_part else HTTPStatus.OK  # htmx swaps no error
    answer = render(request, PAGE, _context(request, asked, at=at), status=status)
    if asked.view == "aladin":
        answer["Content-Security-Policy"] = POLICY_OF_ALADIN
    if is_part:
        answer["HX-Push-Url"] = _address(request, asked)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _address(request: HttpRequest, asked: Asked) -> str:
    return f"{request.path}?{asked.given.urlencode()}" if asked.given else request.path


def _context(request: HttpRequest, asked: Asked, *, at: datetime) -> dict[str, Any]:
    context = {
        "asked": asked,
        "given": {name: asked.given.get(name, "") for name in FIELDS},
        "radius": asked.given.get("radius", DEFAULT_RADIUS),
        "unit": asked.given.get("unit", DEFAULT_UNIT),
        "units": UNITS,
        "kept": _kept(asked),
        "ranges": ranges.shown(asked, [ranges.EXPOSURE]),
        "optics": ranges.optics(asked),
        "headers": asked.given.getlist("header") or [""],
        "has_more_terms": any(name in asked.given for name in MORE),
        "errors": shown.errors(asked),
        "wrong": asked.errors.keys(),
        "facets": list(shown.facets(asked, None)),
        "chips": shown.chips(asked),
        "views": [
            {
                "name": name,
                "label": label,
                "address": asked.address(view=name),
                "is_here": asked.view in (name, *others),
            }
            for name, label, *others in VIEW_LABELS
        ],
        "with_aladin": asked.address(view="aladin"),
        "sky_map": asked.address(view="sky"),
        "columns": [
            {"name": name, "label": each.label, "is_shown": name in asked.columns} for name, each in COLUMNS.items()
        ],
    }
    if asked.terms is None:
        return context
    bar = arrivals.watch(asked, request.user, at=at)  # before the list: what comes in between is told twice, not never
    try:
        found = found_by(asked, asked.terms, request, at=at)
    except TransientError as error:
        return context | {"errors": [str(error)]}
    base_url = request.build_absolute_uri("/")
    held = those_in(request, found.ids)
    observations = names_by_frame(found.ids, request.user, at=at)
    rows = [
        {**row, "is_in": row["id"] in held, "observation": observations.get(row["id"], "")}
        for row in shown.rows(asked, found, Links(base_url), at=at)
    ]
    return context | {
        "found": found,
        "arrivals": bar,
        "facets": list(shown.facets(asked, found.facets)),
        "bars": (bars := shown.bars(asked, found)),
        "bars_wide": 10 * len(bars),
        "heads": shown.heads(asked),
        "rows": rows,
        "pages": shown.pages(asked, found),
        "programs": shown.script_of(asked, base_url),
        "sky_query": asked.given.urlencode(),
        "hips": settings.SKY_HIPS,
        "cart_query": asked.address().removeprefix("?"),
        "cart_most": settings.CART_MAX_FRAMES,
        "cart_next": _address(request, asked),
        "keep_query": urlencode({"query": asked.api.urlencode()}),
    }


def _kept(asked: Asked) -> list[tuple[str, str]]:
    """What the form sends on beside its fields."""
    names = [*FrameFilter.base_filters, "view", "ordering"]
    fields = {*FIELDS, *shown.FACET_TERMS}
    return [(name, value) for name in names if name not in fields for value in asked.given.getlist(name)]
