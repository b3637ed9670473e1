"""/staff/people/: users and programmes. Staff looks; superusers change members and revoke tokens."""

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from archive.domain import accounts, people
from archive.errors import NotFoundError, UsageError
from archive.web.paging import paged
from archive.web.staff.parts import act, asks_first, chosen, page, refused, staff_only, who

READ = ["GET", "HEAD", "POST"]
ONLY_SUPERUSERS = "Superusers alone change members and tokens. Ask one of them."


@staff_only
@require_http_methods(READ)
def directory(request: HttpRequest) -> HttpResponseBase:
    """Users and programmes with `?q=` in them; POST, of superusers, revokes a user's tokens."""
    if request.method == "POST":
        if not request.user.is_superuser:
            return refused(request, ONLY_SUPERUSERS)
        question = (
            "Revoke this user's tokens? Scripts that use them stop at once. The user finds a new one in their profile."
        )
        return asks_first(request, question, button="Revoke") or act(request, lambda: _revoked(chosen(request)))
    wanted = request.GET.get("q", "").replace("\x00", "").strip()
    proposals = paged(request, people.proposals_like(wanted), name="programmes_page")
    counted = people.frames_of([proposal.pk for proposal in proposals.rows])
    for proposal in proposals.rows:
        proposal.n_frames = counted.get(proposal.pk, 0)
    context: dict[str, Any] = {"q": wanted, "users": paged(request, people.users_like(wanted)), "proposals": proposals}
    return page(request, "people", context)


def _revoked(user_id: int) -> str:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise UsageError("there is no such user any more.")
    accounts.revoke_tokens(user)
    return f"The tokens of {user.username} are revoked."


@staff_only
@require_http_methods(READ)
def programme(request: HttpRequest, proposal_id: str) -> HttpResponseBase:
    """Who holds a programme; POST, of superusers, adds or removes a member."""
    try:
        found = people.proposal_named(proposal_id)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    if request.method == "POST":
        if not request.user.is_superuser:
            return refused(request, ONLY_SUPERUSERS)
        return _member_changed(request, found)
    context = {
        "proposal": found,
        "members": paged(request, found.members.order_by("username")),
        "portal": paged(request, people.listed_by_portal(found), name="portal_page"),
        "n_frames": people.frames_of([found.pk]).get(found.pk, 0),
    }
    return page(request, "programme", context)


def _member_changed(request: HttpRequest, proposal: Any) -> HttpResponseBase:
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
        by = who(request).get_username()
        user = people.set_member(proposal=proposal, username=name, is_member=adds, by=by)
        return f"{user.username} {'holds' if adds else 'no longer holds'} {proposal.pk}."

    return act(request, change)
