"""GET /frames/<id>/image/: a frame's newest file as plain FITS, TIFF or JPEG."""

from collections.abc import Mapping

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import access, search
from archive.domain.cached_images import ImageForm
from archive.downloads.making import image_of
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.streams import file_response
from archive.errors import NotFoundError, UsageError
from ingest.names import is_fits

# What may be asked for; beside each name those that clients of the Photon Ranch API write.
KINDS = {"fits": "fits", "fits.fz": "fits", "fz": "fits", "tiff": "tiff", "tif": "tiff", "jpeg": "jpeg", "jpg": "jpeg"}
STRETCHES = {"asinh": "asinh", "arcsinh": "asinh", "linear": "linear"}
DEFAULT_SIZE_PX = 1024
SMALLEST_PX, LARGEST_PX = 16, 4096

PARAMETERS = [
    OpenApiParameter("format", exclude=True),
    OpenApiParameter(
        "type",
        str,
        enum=list(KINDS),
        default="jpeg",
        description="jpeg: a picture; tiff: 16 bits, all pixels; fits: the file unpacked. tif, jpg, fits.fz and fz "
        "mean the same as tiff, jpeg, fits and fits",
    ),
    OpenApiParameter(
        "stretch",
        str,
        enum=list(STRETCHES),
        default="asinh",
        description="asinh (or arcsinh): faint and bright at once; a TIFF runs from 0 to 65535 then. linear: in a TIFF "
        "the pixel values themselves, rounded, cut off at 0 and 65535. Pixels without a value are 0. Not for fits",
    ),
    OpenApiParameter(
        "size",
        int,
        default=DEFAULT_SIZE_PX,
        description=f"Longest side of a JPEG, {SMALLEST_PX} to {LARGEST_PX} px; small images are not enlarged",
    ),
]


class ImageView(APIView):
    """One image of a frame, made when it is first asked for; ranges resume."""

    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download a frame as JPEG, TIFF or plain FITS",
        parameters=PARAMETERS,
        responses={
            (200, "image/jpeg"): OpenApiTypes.BINARY,
            (200, "image/tiff"): OpenApiTypes.BINARY,
            (200, "image/fits"): OpenApiTypes.BINARY,
            400: OpenApiResponse(description="A parameter can not be read, or the file holds no such image"),
            404: OpenApiResponse(description="No such frame, or it has no file"),
            409: OpenApiResponse(description="The file is known to be damaged"),
            503: OpenApiResponse(description="Too many images are being made: ask again after Retry-After seconds"),
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        at = timezone.now()
        frame = search.frames_for(request.user, at=at).filter(pk=pk).first()
        if frame is None:
            raise NotFoundError("No such frame.")
        form = asked_form(request.query_params)
        version = access.newest_version(frame)
        if not is_fits(version.extension):
            raise UsageError(f"this frame's newest file ({version.extension}) is no FITS file: download it as it is.")
        return file_response(request, image_of(version, form, at=at), filename=frame.basename + form.ending)

    head = get


def asked_form(asked: Mapping[str, str]) -> ImageForm:
    """What the parameters ask for. Raises UsageError when they can not be read, or do not fit each other."""
    kind = _one_of(KINDS, asked.get("type", ""), "type", default="jpeg")
    if kind == "fits":
        _refuse(asked, "stretch", kind)
        _refuse(asked, "size", kind)
        return ImageForm("fits", ".fits")
    stretch = _one_of(STRETCHES, asked.get("stretch", ""), "stretch", default="asinh")
    if kind == "tiff":
        _refuse(asked, "size", kind)
        return ImageForm("tiff", f"-{stretch}.tif", stretch)
    size_px = _size_px(asked.get("size", ""))
    return ImageForm("jpeg", f"-{stretch}-{size_px}.jpg", stretch, size_px)


def _one_of(names: Mapping[str, str], asked: str, parameter: str, *, default: str) -> str:
    if not asked:
        return default
    if asked.lower() not in names:
        raise UsageError(f"there is no {parameter} {asked[:40]!r}: ask for {', '.join(dict.fromkeys(names.values()))}.")
    return names[asked.lower()]


def _refuse(asked: Mapping[str, str], parameter: str, kind: str) -> None:
    if asked.get(parameter):
        raise UsageError(f"{parameter} means nothing for type={kind}: leave it out.")


def _size_px(asked: str) -> int:
    if not asked:
        return DEFAULT_SIZE_PX
    if not (asked.isascii() and asked.isdecimal()) or not SMALLEST_PX <= int(asked[:40]) <= LARGEST_PX:
        raise UsageError(f"the size {asked[:40]!r} is none: give a whole number from {SMALLEST_PX} to {LARGEST_PX}.")
    return int(asked)
