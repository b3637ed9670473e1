"""/staff/people/programme/: who holds a programme. Superusers add and remove members, and take it from all of them."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from archive.domain import people, programme_changes
from archive.domain.people_changes import Doing
from archive.errors import ArchiveError, NotFoundError
from archive.models import Proposal
from archive.web.paging import paged
from archive.web.staff.parts import act, asks_first, doing_of, page, refused, staff_only, superusers_only

METHODS = ["GET", "HEAD", "POST"]
LATEST = 10
LONGEST_TITLE = 200


@superusers_only
@require_http_methods(METHODS)
def add_programme(request: HttpRequest) -> HttpResponseBase:
    """A form for a programme that the archive's list does not have; POST takes it in."""
    asked = {name: request.POST.get(name, "").strip() for name in ("id", "title")}
    wrong = ""
    if request.method == "POST":
        try:
            title = asked["title"].replace("\x00", "")[:LONGEST_TITLE]
            made = programme_changes.add_programme(proposal_id=asked["id"], title=title, doing=doing_of(request))
        except ArchiveError as error:
            wrong = str(error)
        else:
            return redirect("staff-people-programme", made.pk)
    return page(request, "programme_add", {"asked": asked, "wrong": wrong}, status=400 if wrong else 200)


@staff_only
@require_http_methods(METHODS)
def programme(request: HttpRequest, proposal_id: str) -> HttpResponseBase:
    """Who holds a programme; POST, of superusers, adds or removes a member, orphans it or gives it back."""
    try:
        found = people.proposal_named(proposal_id)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    if request.method == "POST":
        if not request.user.is_superuser:
            return refused(request, "Superusers alone change who holds a programme. Ask one of them.")
        return _changed(request, found)
    context: dict[str, Any] = {
        "proposal": found,
        "members": paged(request, found.members.order_by("username")),
        "portal": paged(request, people.listed_by_portal(found), name="portal_page"),
        "n_frames": people.frames_of([found.pk]).get(found.pk, 0),
        "is_orphaned": bool(people.orphans_among([found.pk])),
        "former": programme_changes.former_holders(found),
        "changes": paged(request, people.changes_of(found), name="changes_page", size=LATEST),
    }
    return page(request, "programme", context)


def _changed(request: HttpRequest, proposal: Proposal) -> HttpResponseBase:
    doing = doing_of(request)
    if "orphan" in request.POST:
        return _orphaned(request, proposal, doing)
    if "give_back" in request.POST:
        question = f"Give {proposal.pk} back to those who held it? They see all of its frames before they are public."
        return asks_first(request, question, button="Give it back") or act(
            request, lambda: _given_back(proposal, doing)
        )
    return _member_changed(request, proposal, doing)


def _orphaned(request: HttpRequest, proposal: Proposal, doing: Doing) -> HttpResponseBase:
    question = (
        f"Take {proposal.pk} from all who hold it by the archive's list? Until somebody holds it again, only "
        "superusers see those of its frames that are not public. Whom the portal names keeps it."
    )

    def orphan() -> str:
        users = programme_changes.orphan(proposal=proposal, doing=doing)
        names = ", ".join(user.username for user in users)
        return f"{proposal.pk} was taken from {names}." if names else "Nobody held it by the archive's list."

    return asks_first(request, question, button="Orphan it") or act(request, orphan)


def _given_back(proposal: Proposal, doing: Doing) -> str:
    users = programme_changes.give_back(proposal=proposal, doing=doing)
    return f"{proposal.pk} is given back to {', '.join(user.username for user in users)}."


def _member_changed(request: HttpRequest, proposal: Proposal, doing: Doing) -> HttpResponseBase:
    name, adds = request.POST.get("username", ""), "add" in request.POST
    what = (
        "sees all frames of this programme before they are public"
        if adds
        else "no longer sees frames that are not public"
    )
    question = f"Are you sure? {name} {what}."
    if asked := asks_first(request, question, button="Add" if adds else "Remove"):
        return asked

    def change() -> str:
        user = programme_changes.set_member(proposal=proposal, username=name, is_member=adds, doing=doing)
        return f"{user.username} {'holds' if adds else 'no longer holds'} {proposal.pk}."

    return act(request, change)
