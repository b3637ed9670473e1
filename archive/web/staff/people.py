"""/staff/people/: users and programmes, and what people changed of them. person.py and programme.py have one each."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import people
from archive.web.paging import Paged, paged
from archive.web.staff.parts import page, staff_only

LATEST = 10
SHOWN = {"": "All", "orphaned": "Orphaned"}


@staff_only
@require_safe
def directory(request: HttpRequest) -> HttpResponseBase:
    """Users and programmes with `?q=` in them, `?programmes=orphaned` alone; to htmx the lists alone."""
    wanted = request.GET.get("q", "").replace("\x00", "").strip()
    given = request.GET.get("programmes", "")
    shown = given if given in SHOWN else ""
    context: dict[str, Any] = {
        "q": wanted,
        "shown": shown,
        "choices": SHOWN,
        "users": _users(request, wanted),
        "proposals": _proposals(request, wanted, only_orphaned=shown == "orphaned"),
        "changes": paged(request, people.changes_like(wanted), name="changes_page", size=LATEST),
    }
    if "HX-Request" in request.headers:
        answer = render(request, "archive/web/staff/people_lists.html", context)
    else:
        answer = page(request, "people", context)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _users(request: HttpRequest, wanted: str) -> Paged:
    """Numbers are counted of those alone that stand on the page."""
    users = paged(request, people.users_like(wanted))
    counted = people.numbers_of_proposals([user.pk for user in users.rows])
    for user in users.rows:
        user.n_proposals = counted.get(user.pk, 0)
    return users


def _proposals(request: HttpRequest, wanted: str, *, only_orphaned: bool) -> Paged:
    found = people.proposals_like(wanted, only_orphaned=only_orphaned)
    proposals = paged(request, found, name="programmes_page")
    ids = [proposal.pk for proposal in proposals.rows]
    members, frames, orphans = people.numbers_of_members(ids), people.frames_of(ids), people.orphans_among(ids)
    for proposal in proposals.rows:
        proposal.n_members, proposal.n_frames = members.get(proposal.pk, 0), frames.get(proposal.pk, 0)
        proposal.is_orphaned = proposal.pk in orphans
    return proposals
