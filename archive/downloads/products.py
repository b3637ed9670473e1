"""Files of products of observations and of nights, at addresses that stay."""

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain.observing_nights import night_named
from archive.domain.reduced import bytes_of, file_of, file_of_night
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.streams import file_response
from archive.enums import ProductKind


class ProductFileView(APIView):
    """One file of a product, whether it is a frame's or not, for whoever may see the observation."""

    throttle_classes = ()  # a script fetches thousands of these; whoever asked for the script was counted
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


class NightFileView(APIView):
    """One file of a product of the night itself: of a calibration, of seeing, or a plot."""

    throttle_classes = ()
    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download a file of a night's own product; ranges resume",
        parameters=[
            OpenApiParameter("date", OpenApiTypes.DATE, OpenApiParameter.PATH, description="UTC date in its names"),
            OpenApiParameter("subject", str, OpenApiParameter.PATH, description="dark_1, night_20160925 …"),
            OpenApiParameter("kind", enum=list(ProductKind), location=OpenApiParameter.PATH),
            OpenApiParameter("role", str, OpenApiParameter.PATH, description="master, fit, plot, product"),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            404: OpenApiResponse(description="There is no such file, or you may not see all observations of a plot"),
            409: OpenApiResponse(description="Its bytes are known to be damaged"),
        },
    )
    def get(self, request: Request, date: str, subject: str, kind: str, role: str) -> HttpResponseBase:
        night, at = night_named(date), timezone.now()
        file = file_of_night(night=night, subject=subject, kind=kind, role=role, reader=request.user, at=at)
        return file_response(request, bytes_of(file), filename=file.filename)

    head = get
