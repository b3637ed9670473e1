"""One table: class of error to status code."""

from typing import Any

from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from archive.errors import ArchiveError, ConflictError, FatalError, NotFoundError, TransientError, UsageError

STATUS_OF: dict[type[ArchiveError], int] = {
    UsageError: status.HTTP_400_BAD_REQUEST,
    NotFoundError: status.HTTP_404_NOT_FOUND,
    ConflictError: status.HTTP_409_CONFLICT,
    TransientError: status.HTTP_503_SERVICE_UNAVAILABLE,
    FatalError: status.HTTP_500_INTERNAL_SERVER_ERROR,
}
RETRY_SECONDS = 10


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer the archive's errors as DRF answers its own: a status and a detail."""
    if isinstance(error, RecursionError):  # only what clients send is nested so deeply
        error = UsageError("the request is nested too deeply.")
    if not isinstance(error, ArchiveError):
        return exception_handler(error, context)
    code = STATUS_OF[type(error)]
    answer = Response({"detail": str(error)}, status=code)
    if code == status.HTTP_503_SERVICE_UNAVAILABLE:
        answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
