"""/search/sky/: where the frames of a question lie, as numbers of HEALPix cells, and the footprints of few."""

from http import HTTPStatus
from typing import Any

import numpy as np
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain.counts import count
from archive.domain.density import MOST_FOOTPRINTS, Centres, centres, footprints
from archive.domain.listing import listing_for
from archive.domain.replica import PRIMARY, with_fallback
from archive.errors import TransientError
from archive.web.policy import strict_policy
from archive.web.search.asked import asked_of
from archive.web.search.healpix import cells_of

ORDER = 5  # cells of 1.8 degrees: 12,288 of them
PATIENCE_MS = 5000


@strict_policy
@require_safe
def sky(request: HttpRequest) -> JsonResponse:
    """Numbers of frames by cell, in the ring order; a sample where there are very many."""
    at = timezone.now()
    asked = asked_of(request.GET, request.user, at=at, using=PRIMARY)
    terms = asked.terms
    if terms is None:
        return JsonResponse({"errors": asked.errors}, status=HTTPStatus.BAD_REQUEST)

    def looked(alias: str) -> dict[str, Any]:
        listing = listing_for(request.user, terms, at=at, using=alias)
        counted = count(listing)
        found = centres(listing, n_frames=counted.n, timeout_ms=PATIENCE_MS)
        few = counted.n <= MOST_FOOTPRINTS
        return {
            "count": counted.n,
            "is_estimate": counted.is_estimate,
            "placed": len(found.ra_deg),
            "is_sample": found.is_sample,
            "order": ORDER,
            "cells": _cells(found),
            "footprints": footprints(listing, timeout_ms=PATIENCE_MS) if few else [],
        }

    try:
        answer = JsonResponse(with_fallback(looked, request.user, at=at))
    except TransientError as error:
        return JsonResponse({"errors": {"": [str(error)]}}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    patch_vary_headers(answer, ["Cookie"])
    return answer


def _cells(found: Centres) -> list[list[int]]:
    """Cell and number of frames, of cells that have some."""
    cells, numbers = np.unique(cells_of(found.ra_deg, found.dec_deg, order=ORDER), return_counts=True)
    return [[int(cell), int(number)] for cell, number in zip(cells, numbers, strict=True)]
