"""Whether the archive is up, and how well."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from archive.domain import readiness


@require_safe
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """The constant that clients know. It asks nothing else: a database that is down is not a reason to restart."""
    return JsonResponse("ok", safe=False)


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Each part by name: ok, reduced (the archive works with less) or down. 503 when it can not do its work.

    Staff who are logged in also see the cause.
    """
    parts = readiness.parts()
    is_staff = _is_staff(request)
    worst = max((part.state for part in parts.values()), default=readiness.State.OK)
    answer = {
        "status": worst.name.lower(),
        "parts": {name: _told(part, with_cause=is_staff) for name, part in parts.items()},
    }
    return JsonResponse(answer, status=503 if worst is readiness.State.DOWN else 200)


def _is_staff(request: HttpRequest) -> bool:
    try:
        return request.user.is_active and request.user.is_staff
    except DatabaseError:
        return False  # the answer must come when the database does not


def _told(part: readiness.Part, *, with_cause: bool) -> dict[str, str]:
    told = {"status": part.state.name.lower(), "detail": part.detail}
    return {**told, "cause": part.cause} if with_cause and part.cause else told


@require_safe
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Crawlers have no business here."""
    return HttpResponse("User-agent: *\nDisallow: /", content_type="text/plain")
