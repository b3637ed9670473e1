"""What the pages of staff share: who is let in, pages of lists, questions before what can not be undone."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from archive.domain.people_changes import Doing
from archive.errors import ArchiveError, UsageError
from archive.models import is_staff
from archive.web.policy import View, strict_policy

P = ParamSpec("P")
SURE, TOKEN = "sure", "csrfmiddlewaretoken"
LONGEST_REASON = 500
Action = Callable[[], str]

TABS = (
    ("staff", "Overview"),
    ("staff-ingest", "Ingest"),
    ("staff-quarantine", "Quarantine"),
    ("staff-pipeline", "Pipeline"),
    ("staff-storage", "Storage"),
    ("staff-psf-library", "PSF library"),
    ("staff-people", "People"),
    ("staff-expiry", "Expiry"),
    ("staff-releases", "Releases"),
)


def staff_only(view: View[P]) -> View[P]:
    """Let staff in; others are asked to log in, or told that the page is not theirs."""

    @wraps(view)
    def for_staff(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_anonymous:
            return redirect_to_login(request.get_full_path())
        if not is_staff(request.user):
            return refused(request, "These pages are for the archive's staff.")
        answer = view(request, *args, **kwargs)
        answer["Cache-Control"] = "private, no-store"
        return answer

    return strict_policy(for_staff)


def superusers_only(view: View[P]) -> View[P]:
    """The same for what superusers alone may do."""

    @wraps(view)
    def for_superusers(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_superuser:
            return refused(request, "Superusers alone may do this. Ask one of them.")
        return view(request, *args, **kwargs)

    return staff_only(for_superusers)


def refused(request: HttpRequest, why: str) -> HttpResponse:
    """403, in words."""
    return render(request, "archive/web/staff/refused.html", {"why": why}, status=HTTPStatus.FORBIDDEN)


def who(request: HttpRequest) -> User:
    """The member of staff who asks; a view of `staff_only` has no other reader."""
    return cast("User", request.user)


def page(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = HTTPStatus.OK) -> HttpResponse:
    """A page of staff, with the tabs above it."""
    match = request.resolver_match
    here = (match.url_name if match else "") or ""
    tabs = [
        {"name": tab, "label": label, "is_here": here == tab or (here.startswith(f"{tab}-") and tab != "staff")}
        for tab, label in TABS
    ]
    return render(request, f"archive/web/staff/{name}.html", {"tabs": tabs, **context}, status=status)


def asks_first(request: HttpRequest, question: str, *, button: str) -> HttpResponse | None:
    """A page that asks whether somebody is sure, until the form says so. It needs no script."""
    if SURE in request.POST:
        return None
    fields = [(name, value) for name, values in request.POST.lists() if name != TOKEN for value in values]
    return page(request, "sure", {"question": question, "button": button, "fields": fields, "back": back(request)})


def act(request: HttpRequest, action: Action) -> HttpResponseBase:
    """Do it, say what happened, and go back to the list: reloading that repeats nothing."""
    try:
        messages.success(request, action())
    except (ArchiveError, ValueError) as error:
        return not_done(request, error)
    return redirect(back(request))


def not_done(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """Say why nothing was changed, and go back to the list."""
    messages.error(request, f"Nothing was changed: {error}")
    return redirect(back(request))


def back(request: HttpRequest) -> str:
    """The address of the list that a form stands on, with its terms."""
    return request.get_full_path()


def chosen(request: HttpRequest, name: str = "id") -> int:
    """The number of the row that a form is about. Raises UsageError."""
    given = request.POST.get(name, "")
    if not given.isdecimal() or len(given) > len(str(1 << 62)):
        raise UsageError("the form does not say what it is about: open the page again.")
    return int(given)


def doing_of(request: HttpRequest) -> Doing:
    """Who changes users and programmes, now, and why, if they say so."""
    reason = request.POST.get("reason", "").replace("\x00", "").strip()
    return Doing(who(request), timezone.now(), reason[:LONGEST_REASON])


def reason_of(request: HttpRequest) -> str:
    """Why somebody does it. Raises UsageError without a word."""
    given = request.POST.get("reason", "").strip()
    if not given:
        raise UsageError("say why: those who come later will ask.")
    return given
