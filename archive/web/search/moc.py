"""/search/moc/: the part of the sky that the frames of a question cover, as a coverage map (MOC)."""

import io
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain.counts import count
from archive.domain.density import MOST_CENTRES, centres, footprints
from archive.domain.listing import Listing, listing_for
from archive.domain.replica import PRIMARY, with_fallback
from archive.errors import TransientError
from archive.web.policy import strict_policy
from archive.web.search.asked import asked_of
from archive.web.search.coverage import Ranges, as_fits, as_json, ranges_of, ranges_of_cells
from archive.web.search.healpix import nested_cells_of

ORDER_OF_SAMPLE = 5
PATIENCE_MS = 10_000
FORMATS = ("json", "fits")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What frames cover. `is_sample`: of too many frames only cells that the centres of some lie in."""

    ranges: Ranges
    n_frames: int
    is_sample: bool


@strict_policy
@require_safe
def moc(request: HttpRequest) -> HttpResponseBase:
    """`format=json`, the default, or `fits`; the terms are those of the search page."""
    at = timezone.now()
    asked = asked_of(request.GET, request.user, at=at, using=PRIMARY)
    form = request.GET.get("format", FORMATS[0])
    if form not in FORMATS:
        says = f"{form[:20]!r} is no form of a coverage map: give {' or '.join(FORMATS)}."
        return JsonResponse({"errors": {"format": [says]}}, status=HTTPStatus.BAD_REQUEST)
    terms = asked.terms
    if terms is None:
        return JsonResponse({"errors": asked.errors}, status=HTTPStatus.BAD_REQUEST)

    def looked(alias: str) -> Coverage:
        return _covered(listing_for(request.user, terms, at=at, using=alias))

    try:
        answer = _answer(with_fallback(looked, request.user, at=at), form)
    except TransientError as error:
        return JsonResponse({"errors": {"": [str(error)]}}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    patch_vary_headers(answer, ["Cookie"])
    return answer


def _covered(listing: Listing) -> Coverage:
    counted = count(listing)
    if counted.n <= MOST_CENTRES:
        rings = footprints(listing, timeout_ms=PATIENCE_MS, most=MOST_CENTRES)
        return Coverage(ranges_of(rings), counted.n, is_sample=False)
    found = centres(listing, n_frames=counted.n, timeout_ms=PATIENCE_MS)
    cells = nested_cells_of(found.ra_deg, found.dec_deg, order=ORDER_OF_SAMPLE)
    return Coverage(ranges_of_cells(cells, order=ORDER_OF_SAMPLE), counted.n, is_sample=True)


def _answer(covered: Coverage, form: str) -> HttpResponse:
    name = "coverage-of-a-sample" if covered.is_sample else "coverage"
    if form == "json":
        answer = HttpResponse(as_json(covered.ranges), content_type="application/json")
    else:
        answer = HttpResponse(_written(covered), content_type="application/fits")
    shown = "inline" if form == "json" else "attachment"
    answer["Content-Disposition"] = f'{shown}; filename="{name}.{form}"'
    return answer


def _written(covered: Coverage) -> bytes:
    cards: dict[str, Any] = {
        "NFRAMES": (covered.n_frames, "frames that were asked for"),
        "SAMPLE": (covered.is_sample, "T: cells of the centres of some of them only"),
    }
    content = io.BytesIO()
    as_fits(covered.ranges, **cards).writeto(content)
    return content.getvalue()
