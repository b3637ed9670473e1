"""/object-events/: the store tells of new objects."""

from typing import IO, Any, cast

from django.conf import settings
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.permissions import shows_store_secret
from archive.domain import received
from archive.domain.store import the_store
from ingest.object_messages import MOST_MESSAGE_BYTES, created_objects, read_message
from pipeline.tasks import start_taking


class AnyText(BaseParser):
    """The body as bytes, whatever type it claims to be: SNS sends JSON as plain text."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002 - DRF's signature
        return stream.read(MOST_MESSAGE_BYTES + 1)


class ObjectEventsView(APIView):
    """Notifications of AWS S3, of SNS, of Ceph and of MinIO."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (AnyText,)
    schema = None

    def post(self, request: Request) -> Response:
        if not shows_store_secret(request):
            raise AuthenticationFailed("Show OBJECT_EVENTS_SECRET: X-Archive-Secret, Bearer, or the password of Basic.")
        heard = created_objects(read_message(cast("bytes", request.data or b"")), bucket=settings.STORE.bucket)
        waiting = received.hear(heard, store=the_store().name, at=timezone.now())
        start_taking(waiting)
        return Response({"heard": len(heard), "waiting": len(waiting)})

    def get_authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return 'Basic realm="object events"'  # SNS shows the password of its address only when it is asked to
