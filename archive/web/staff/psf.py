"""/staff/psf-library/: the star images by which other stars' light is taken out; who put them in and took them out."""

from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from archive.domain import psf_candidates, psf_library
from archive.errors import NotFoundError
from archive.models import PsfLibraryVersion
from archive.web.paging import paged
from archive.web.staff.parts import act, asks_first, chosen, page, reason_of, staff_only, who

STANDINGS = {"": "all", "in": "in the library", "out": "not in the library"}


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def library(request: HttpRequest) -> HttpResponseBase:
    """Candidates, `?standing=in` or `out`, `?q=` part of an observation's name; POST puts one in or takes it out."""
    if request.method == "POST":
        return _changed(request)
    at = timezone.now()
    found = psf_candidates.candidates_for(who(request), at=at)
    standing = request.GET.get("standing", "")
    wanted = request.GET.get("q", "").strip()
    if standing in {"in", "out"}:
        found = found.filter(Q(member_sha256__isnull=standing == "out"))
    if wanted:
        found = found.filter(subject__icontains=wanted)
    rows = paged(request, found.select_related("observation"))
    versions = paged(
        request, PsfLibraryVersion.objects.order_by("-created_at", "sha256"), name="versions_page", size=20
    )
    context = {
        "candidates": psf_candidates.candidates_of(rows.rows),
        "rows": rows,
        "standing": standing,
        "standings": STANDINGS,
        "q": wanted,
        "versions": versions,
    }
    return page(request, "psf", context)


def _changed(request: HttpRequest) -> HttpResponseBase:
    if "remove" in request.POST:
        question = "Take this star out of the library? What was made with it stays; nothing new is made with it."
        if asked := asks_first(request, question, button="Take it out"):
            return asked
    return act(request, lambda: _done(request, at=timezone.now()))


def _done(request: HttpRequest, *, at: datetime) -> str:
    by, reason = who(request).get_username(), reason_of(request)
    candidates = psf_candidates.candidates_for(who(request), at=at).select_related("observation")
    product = candidates.filter(pk=chosen(request)).first()
    if product is None or product.observation is None:
        raise NotFoundError("there is no such candidate, or you may not see it.")
    observation = product.observation
    if "remove" in request.POST:
        gone = psf_library.remove(observation=observation, by=by, reason=reason, at=at)
        return f"{observation.name} was {'not in' if gone is None else 'taken out of'} the library."
    psf_library.add(observation=observation, by=by, reason=reason, at=at)
    return f"{observation.name} is in the library."
