"""Whether the archive is up, and how well."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from archive.domain import readiness


@require_safe
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """The constant that clients know. It asks nothing else: a database that is down is not a reason to restart."""
    return JsonResponse("ok", safe=False)


@require_safe
def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """Each part by name: ok, reduced (the archive works with less) or down. 503 when it can not do its work."""
    parts = readiness.parts()
    worst = max((part.state for part in parts.values()), default=readiness.State.OK)
    answer = {
        "status": worst.name.lower(),
        "parts": {name: {"status": part.state.name.lower(), "detail": part.detail} for name, part in parts.items()},
    }
    return JsonResponse(answer, status=503 if worst is readiness.State.DOWN else 200)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Crawlers have no business here."""
    return HttpResponse("User-agent: *\nDisallow: /", content_type="text/plain")
