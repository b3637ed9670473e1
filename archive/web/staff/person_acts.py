"""What the buttons on a user's page do. Each that takes something away asks first, and says what goes."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from archive.domain import login_links, people, people_changes, programme_changes
from archive.domain.limited import at_most
from archive.domain.people_traces import traces_of
from archive.errors import ArchiveError, UsageError
from archive.models import Profile
from archive.web.staff.parts import act, asks_first, doing_of, not_done, page

LONGEST_MS = 5_000  # of looking for what a user left
Act = Callable[[HttpRequest, User], HttpResponseBase]


def nothing(request: HttpRequest, user: User) -> HttpResponseBase:  # noqa: ARG001 - as the others
    """A form that says nothing."""
    return not_done(request, UsageError("the form does not say what to do: open the page again."))


def _rights_set(request: HttpRequest, user: User) -> HttpResponseBase:
    rights = request.POST.get("rights", "")
    question = (
        f"Make {user.username} {rights}? Readers see what is public and what their programmes hold; staff sees these "
        "pages and has things done; superusers see and change everything."
    )

    def change() -> str:
        people_changes.set_rights(user_id=user.pk, rights=rights, doing=doing_of(request))
        return f"{user.username} is {rights}."

    return asks_first(request, question, button="Change the rights") or act(request, change)


def _shut_out(request: HttpRequest, user: User) -> HttpResponseBase:
    question = (
        f"Deactivate {user.username}? They are out at once: session, tokens, links, live stream. What they did keeps "
        f"their name, and you can let them in again. {_orphaned(user)}"
    )

    def change() -> str:
        people_changes.set_active(user_id=user.pk, is_active=False, doing=doing_of(request))
        return f"{user.username} is deactivated."

    return asks_first(request, question, button="Deactivate") or act(request, change)


def _let_in(request: HttpRequest, user: User) -> HttpResponseBase:
    def change() -> str:
        people_changes.set_active(user_id=user.pk, is_active=True, doing=doing_of(request))
        return f"{user.username} may log in again."

    return act(request, change)


def _removed(request: HttpRequest, user: User) -> HttpResponseBase:
    """Say what keeps the user, or ask, and say what goes."""
    try:
        with at_most(LONGEST_MS):
            traces = traces_of(user)
    except ArchiveError as error:
        return not_done(request, error)
    if traces:
        why = f"{user.username} has {', '.join(traces)}: these would lose their name. Deactivate the user instead."
        return not_done(request, UsageError(why))
    held = ", ".join(user.proposals.order_by("pk").values_list("pk", flat=True)[:20])
    question = (
        f"Remove {user.username} for good? With the account go its address, password, tokens, sessions, cart and "
        "downloads of the last day"
        f"{', and that it holds ' + held if held else ''}. Nothing else tells of this user; what was changed of the "
        f"account stays in the list of changes. {_orphaned(user)}{_comes_back(user)}"
    )
    if asked := asks_first(request, question, button="Remove for good"):
        return asked
    try:
        people_changes.remove_user(user_id=user.pk, doing=doing_of(request))
    except ArchiveError as error:
        return not_done(request, error)
    messages.success(request, f"{user.username} is removed.")
    return redirect("staff-people")


def _orphaned(user: User) -> str:
    orphans = people.orphaned_without(user)
    if not orphans:
        return ""
    more = f" and {len(orphans) - 20} more" if len(orphans) > 20 else ""
    return f"Nobody else holds {', '.join(orphans[:20])}{more}: then only superusers see what is not public of it."


def _comes_back(user: User) -> str:
    """Whoever the portal knows is made anew when they come by it: deactivated is what they stay."""
    profile = Profile.objects.filter(user=user).first()
    if profile is None or not profile.has_portal_access:
        return ""
    return " The observation portal knows them: with their next login there they have an account again."


def _given_up(request: HttpRequest, user: User) -> HttpResponseBase:
    name = request.POST.get("give_up", "")
    question = f"Shall {user.username} no longer see frames of {name} that are not public?"

    def change() -> str:
        programme_changes.set_programmes(user=user, proposals=[name], is_held=False, doing=doing_of(request))
        return f"{user.username} no longer holds {name}."

    return asks_first(request, question, button="Remove") or act(request, change)


def _revoked(request: HttpRequest, user: User) -> HttpResponseBase:
    question = (
        f"Revoke the tokens of {user.username}? Scripts that use them stop at once. The user finds a new one in their "
        "profile."
    )

    def change() -> str:
        people_changes.revoke_tokens(user_id=user.pk, doing=doing_of(request))
        return f"The tokens of {user.username} are revoked."

    return asks_first(request, question, button="Revoke") or act(request, change)


def _linked(request: HttpRequest, user: User) -> HttpResponseBase:
    """Mail the link, or show it this once to whoever hands it over."""
    try:
        linked = people_changes.note_link(user_id=user.pk, doing=doing_of(request))
        url = request.build_absolute_uri(reverse("password-set", kwargs=login_links.parts_for(linked)))
        if not login_links.is_mailed(linked):
            context = {"person": linked, "link": url, "days_valid": login_links.days_valid()}
            return page(request, "link", context)
        login_links.mail(linked, url=url)
    except ArchiveError as error:
        return not_done(request, error)
    messages.success(request, f"A link to set a password was mailed to {linked.email}.")
    return redirect("staff-people-user", user.pk)


ACTS: dict[str, Act] = {
    "rights": _rights_set,
    "deactivate": _shut_out,
    "activate": _let_in,
    "remove": _removed,
    "give_up": _given_up,
    "revoke": _revoked,
    "link": _linked,
}
OF_SUPERUSERS = frozenset({"rights", "give_up", "revoke", "hold"})
