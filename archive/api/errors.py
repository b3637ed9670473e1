"""One table: class of error to status code."""

from typing import Any

from django.http import Http404
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from archive.domain.removal import tombstones_for
from archive.enums import ExpiringKind
from archive.errors import ArchiveError, ConflictError, FatalError, NotFoundError, TransientError, UsageError
from archive.models import Tombstone
from telemetry import errors as telemetry

STATUS_OF: dict[type[Exception], int] = {
    UsageError: status.HTTP_400_BAD_REQUEST,
    NotFoundError: status.HTTP_404_NOT_FOUND,
    ConflictError: status.HTTP_409_CONFLICT,
    TransientError: status.HTTP_503_SERVICE_UNAVAILABLE,
    FatalError: status.HTTP_500_INTERNAL_SERVER_ERROR,
    telemetry.UsageError: status.HTTP_400_BAD_REQUEST,
    telemetry.NotFoundError: status.HTTP_404_NOT_FOUND,
    telemetry.ConflictError: status.HTTP_409_CONFLICT,
    telemetry.TransientError: status.HTTP_503_SERVICE_UNAVAILABLE,
}
RETRY_SECONDS = 10


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer the archive's errors as DRF answers its own: a status and a detail."""
    if isinstance(error, RecursionError):  # only what clients send is nested so deeply
        error = UsageError("the request is nested too deeply.")
    if isinstance(error, Http404 | NotFoundError) and (tombstone := _tombstone(context)):
        return Response(_epitaph(tombstone), status=status.HTTP_410_GONE)
    if not isinstance(error, ArchiveError | telemetry.TelemetryError):
        return exception_handler(error, context)
    code = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    answer = Response({"detail": str(error)}, status=code)
    if code == status.HTTP_503_SERVICE_UNAVAILABLE:
        answer["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _tombstone(context: dict[str, Any]) -> Tombstone | None:
    """What is left of the thing that the address names, as far as this reader could have seen it.

    Views say by `gone_kind` what their `pk` is the id of, or their `base` the name.
    """
    kind: ExpiringKind | None = getattr(context["view"], "gone_kind", None)
    if kind is None:
        return None
    known, place = tombstones_for(context["request"].user, kind=kind), context["kwargs"]
    if "pk" in place:
        return known.filter(thing_id=int(place["pk"])).first()
    return known.filter(name=place["base"]).first() if "base" in place else None


def _epitaph(tombstone: Tombstone) -> dict[str, Any]:
    return {
        "detail": f"{tombstone.name} was deleted. {tombstone.reason}",
        "id": tombstone.thing_id,
        "name": tombstone.name,
        "files": tombstone.files,
        "rule": tombstone.rule,
        "deleted_at": tombstone.deleted_at,
    }
