"""Files of an observation's products, at addresses that stay."""

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain.reduced import bytes_of, file_of
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.streams import file_response
from archive.enums import ProductKind


class ProductFileView(APIView):
    """One file of a product, whether it is a frame's or not, for whoever may see the observation."""

    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download a file of an observation's product; ranges resume",
        parameters=[
            OpenApiParameter("kind", enum=list(ProductKind), location=OpenApiParameter.PATH),
            OpenApiParameter(
                "role", str, OpenApiParameter.PATH, description="What it is to its product: stack, full …"
            ),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            404: OpenApiResponse(description="There is no such file, or you may not see the observation"),
            409: OpenApiResponse(description="Its bytes are known to be damaged"),
        },
    )
    def get(self, request: Request, name: str, kind: str, role: str) -> HttpResponseBase:
        file = file_of(name=name, kind=kind, role=role, reader=request.user, at=timezone.now())
        return file_response(request, bytes_of(file), filename=file.filename)

    head = get
