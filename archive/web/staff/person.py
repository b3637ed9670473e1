"""/staff/people/add/ and /staff/people/user/: a user is made, looked at, and changed."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from archive.domain import login_links, people, people_changes, people_rules, programme_changes
from archive.domain.people_changes import NewUser
from archive.errors import ArchiveError, ConflictError, NotFoundError
from archive.web.paging import paged
from archive.web.staff import person_acts
from archive.web.staff.parts import act, asks_first, doing_of, page, refused, staff_only, who
from archive.web.staff.person_forms import AccountForm, NewUserForm, ProgrammesForm

METHODS = ["GET", "HEAD", "POST"]
LATEST = 10
ONLY_SUPERUSERS = "Superusers alone make staff, and say who holds programmes. Ask one of them."
FIELDS_OF_SUPERUSERS = ("rights", "programmes")  # of a new user


@staff_only
@require_http_methods(METHODS)
def add(request: HttpRequest) -> HttpResponseBase:
    """A form for a new user; POST makes one."""
    by = who(request)
    if not by.is_superuser and any(name in request.POST for name in FIELDS_OF_SUPERUSERS):
        return refused(request, ONLY_SUPERUSERS)
    form = NewUserForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        new = NewUser(
            username=form.cleaned_data["username"],
            rights=form.cleaned_data["rights"] or people_rules.READER,
            programmes=form.cleaned_data["programmes"],
            **form.columns(),
        )
        try:
            made = people_changes.add_user(new=new, doing=doing_of(request))
        except ConflictError:
            form.add_error("username", "There is such a user already.")
        except ArchiveError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{made.username} is added. Let them have a link to set their password.")
            return redirect("staff-people-user", made.pk)
    return page(request, "person_add", {"form": form, **_rights(form)}, status=400 if form.errors else 200)


def _rights(form: forms.Form) -> dict[str, Any]:
    return {"rights": people_rules.RIGHTS, "chosen_rights": form["rights"].value() or people_rules.READER}


@staff_only
@require_http_methods(METHODS)
def person(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """One user. POST changes what its button says, as far as whoever asks may."""
    try:
        user = people.user_with(user_id)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    return _changed(request, user) if request.method == "POST" else _shown(request, user)


def _changed(request: HttpRequest, user: User) -> HttpResponseBase:
    by = who(request)
    if not people_rules.may_change(by, user):
        return refused(request, "Superusers alone change staff and superusers. Ask one of them.")
    button = next((name for name in request.POST if name in person_acts.ACTS or name in FORMS), "")
    if button in person_acts.OF_SUPERUSERS and not by.is_superuser:
        return refused(request, "Superusers alone do this. Ask one of them.")
    if button in FORMS:
        return FORMS[button](request, user)
    chosen = person_acts.ACTS.get(button, person_acts.nothing)
    return chosen(request, user)


def _saved(request: HttpRequest, user: User) -> HttpResponseBase:
    form = AccountForm(request.POST)
    if form.is_valid():
        try:
            people_changes.edit_user(user_id=user.pk, columns=form.columns(), doing=doing_of(request))
        except ArchiveError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, f"What is known of {user.username} is saved.")
            return redirect("staff-people-user", user.pk)
    return _shown(request, user, form=form)


def _given(request: HttpRequest, user: User) -> HttpResponseBase:
    form = ProgrammesForm(request.POST)
    if not form.is_valid():
        return _shown(request, user, to_hold=form)
    ids = form.cleaned_data["programmes"]
    question = f"Let {user.username} see all frames of {', '.join(ids)} before they are public?"

    def change() -> str:
        programme_changes.set_programmes(user=user, proposals=ids, is_held=True, doing=doing_of(request))
        return f"{user.username} holds {', '.join(ids)}."

    return asks_first(request, question, button="Add") or act(request, change)


FORMS: dict[str, Callable[[HttpRequest, User], HttpResponseBase]] = {"save": _saved, "hold": _given}


def _shown(
    request: HttpRequest, user: User, *, form: AccountForm | None = None, to_hold: ProgrammesForm | None = None
) -> HttpResponseBase:
    by = who(request)
    own = {"email": user.email, "first_name": user.first_name, "last_name": user.last_name}
    context: dict[str, Any] = {
        "person": user,
        "form": form or AccountForm(initial=own),
        "to_hold": to_hold or ProgrammesForm(),
        "rights": people_rules.RIGHTS,
        "has_rights": people_rules.rights_of(user),
        "is_self": user.pk == by.pk,
        "may_change": people_rules.may_change(by, user),
        "may_open": people_rules.may_open(by, user),
        "is_mailed": login_links.is_mailed(user),
        "days_valid": login_links.days_valid(),
        "proposals": paged(request, user.proposals.order_by("pk"), name="programmes_page", size=20),
        "portal": paged(request, user.portal_memberships.order_by("proposal_id"), name="portal_page", size=20),
        "changes": paged(request, people.changes_of(user), name="changes_page", size=LATEST),
    }
    is_wrong = bool(form or to_hold)
    return page(request, "person", context, status=400 if is_wrong else 200)
