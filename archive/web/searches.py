"""/searches/: searches that a reader keeps. Keeping, pausing and ending are forms; nothing here needs a script."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from archive.domain import saved_searches
from archive.enums import NoticeWay
from archive.errors import ArchiveError, NotFoundError
from archive.models import SavedSearch
from archive.terms.saved import kept_terms
from archive.web.policy import strict_policy

LONGEST_NAME = 100


@strict_policy
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def searches(request: HttpRequest) -> HttpResponseBase:
    """The reader's searches, and a form for one more: `?query=` are its terms. POST keeps it."""
    owner = cast("User", request.user)
    shown = {"query": request.GET.get("query", ""), "way": NoticeWay.EMAIL.value}
    status = 200
    if request.method == "POST":
        shown = {name: request.POST.get(name, "").strip() for name in ("name", "query", "way", "address")}
        try:
            kept = _keep(request, owner, shown)
        except (ArchiveError, ValueError) as error:
            shown["wrong"], status = str(error), 400
        else:
            messages.success(request, f"{kept.name} is kept. You hear of what comes from now on.")
            return redirect("searches")
    found = SavedSearch.objects.filter(owner=owner)
    context = {"searches": found, "asked": shown, "email": owner.email, "most": saved_searches.MOST_SEARCHES}
    return render(request, "archive/web/searches/page.html", context, status=status)


@strict_policy
@login_required
@require_POST
def change(request: HttpRequest, search_id: int) -> HttpResponseBase:
    """Pause a search, let it go on, or end it."""
    try:
        found = saved_searches.search_of(cast("User", request.user), search_id)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    if "end" in request.POST:
        found.delete()
        messages.success(request, f"{found.name} is ended.")
    else:
        saved_searches.set_active(found, is_active="resume" in request.POST)
        messages.success(request, f"{found.name} {'goes on' if found.is_active else 'is paused'}.")
    return redirect("searches")


def _keep(request: HttpRequest, owner: User, asked: dict[str, str]) -> SavedSearch:
    """Raises UsageError, ConflictError and ValueError, in words for the reader."""
    if not 0 < len(asked["name"]) <= LONGEST_NAME:
        raise ValueError(f"give the search a name of up to {LONGEST_NAME} letters.")
    return saved_searches.keep(
        owner=owner,
        name=asked["name"],
        query=kept_terms(owner, asked["query"]),
        way=NoticeWay(asked["way"]),
        address=asked["address"],
        site_url=request.build_absolute_uri("/").rstrip("/"),
        at=timezone.now(),
    )
