"""/search/: frames by what was seen, when and where."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.web.policy import strict_policy


@strict_policy
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    return render(request, "archive/web/search/page.html")
