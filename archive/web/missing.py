"""What is answered where there is nothing, or nothing that the reader may see: the same words for both."""

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render

from archive.web.policy import strict_policy

NOTHING = "There is no such page here."
TYPES = ["text/html", "application/json"]  # who takes whatever comes gets the first, as of the original


@strict_policy
def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's `handler404`: a page, and for who prefers it JSON, as the API has it."""
    said = exception.args[0] if isinstance(exception, Http404) and exception.args else ""
    # Where no address fits, Django says which ones it tried: that is for developers.
    text = f"{said[0].upper()}{said[1:]}" if isinstance(said, str) and said else NOTHING
    if request.get_preferred_type(TYPES) == "text/html":
        return render(request, "archive/web/missing.html", {"text": text}, status=HTTPStatus.NOT_FOUND)
    return JsonResponse({"detail": text}, status=HTTPStatus.NOT_FOUND)
