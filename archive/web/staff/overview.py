"""/staff/: how everything does, at one look. Its numbers ask for themselves anew while the page is in sight."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import ingest_lag, readiness, standing, storage_use
from archive.web.staff.parts import page, staff_only

WORDS = {"OK": "well", "REDUCED": "reduced", "DOWN": "down"}


@staff_only
@require_safe
def overview(request: HttpRequest) -> HttpResponseBase:
    """The page, or its numbers alone."""
    at = timezone.now()
    context = _numbers(at) | {"now": at}
    if "HX-Request" in request.headers:
        answer = render(request, "archive/web/staff/numbers.html", context)
    else:
        answer = page(request, "overview", context | {"lags": ingest_lag.lags(), "use": storage_use.known()})
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


@staff_only
@require_safe
def health(request: HttpRequest) -> HttpResponseBase:
    """Each part that the archive stands on, tried out: that may take seconds, so it is a page of its own."""
    parts = [
        {
            "name": name,
            "state": part.state.name,
            "word": WORDS[part.state.name],
            "detail": part.detail,
            "cause": part.cause,
        }
        for name, part in readiness.parts().items()
    ]
    if "HX-Request" in request.headers:
        answer = render(request, "archive/web/staff/health_parts.html", {"parts": parts})
    else:
        answer = page(request, "health", {"parts": parts})
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _numbers(at: datetime) -> dict[str, Any]:
    states = standing.products_by_state()
    return {
        "outbox": standing.outbox(at=at),
        "n_set_aside": standing.n_events_set_aside(),
        "received": standing.received(at=at),
        "quarantine": standing.quarantine(at=at),
        "n_doomed": standing.n_doomed(),
        "states": [{"name": state, "n": sum(kinds.values())} for state, kinds in states.items()],
        "n_failed": sum(states["failed"].values()),
        "is_paused": standing.is_paused(),
        "last_arrival": ingest_lag.last_arrival(),
    }
