"""GET /frames/<id>/cutout/: a region of an image as a small FITS file; …/cutout/sky/: its layout and directions."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.domain import access, search
from archive.domain.cached_images import ImageForm
from archive.downloads import cutout_header, cutout_layout, cutout_pixels, cutout_region, cutout_sky
from archive.downloads.cutout_layout import Part
from archive.downloads.cutout_region import BINS, Region
from archive.downloads.making import image_of
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.enums import ExpiringKind
from archive.errors import NotFoundError, UsageError
from archive.models import StoredObject, Version
from ingest.fits_layout import padded
from ingest.names import is_fits
from ingest.stores.keys import content_disposition_for

# Raise it, and that of archive.domain.cached_images, when the same region of the same bytes would be another answer.
CODE_VERSION = 1
OVERVIEW_PIXELS = 4 << 20  # smaller images are read as fast as what would be kept of them
MOST_WHICH = 8  # signs that a row of a kept image has for the part and the plane that it is of
PLAIN = frozenset({".fits", ".fit", ".fts"})
# A browser may keep an answer, and asks each time whether it still may show it: who sees a frame changes.
KEEP = "private, no-cache"

WHICH = [
    OpenApiParameter("format", exclude=True),
    OpenApiParameter("version", int, description="Id of a version of the frame; without it the newest"),
    OpenApiParameter("hdu", str, description="Number from 0 or EXTNAME of an image; without it the first image"),
]
WHERE = [
    OpenApiParameter("x0", int, description="First pixel along the first axis, from 0; without it 0"),
    OpenApiParameter("y0", int, description="First pixel along the second axis, from 0; without it 0"),
    OpenApiParameter("width", int, description="Pixels along the first axis; without it all"),
    OpenApiParameter("height", int, description="Pixels along the second axis; without it all"),
    OpenApiParameter("ra", float, description="Right ascension of the middle, degrees, ICRS; with dec and size"),
    OpenApiParameter("dec", float, description="Its declination, degrees"),
    OpenApiParameter("size", float, description="Side of a square around it, arcsec"),
    OpenApiParameter("plane", int, description="Plane of a cube, from 0"),
    OpenApiParameter("bin", int, enum=list(BINS), description="Answer means of so many by so many pixels"),
]
NUMBERS = ("hdu", "width", "height", "planes")
IMAGE: dict[str, Any] = {name: serializers.IntegerField() for name in NUMBERS}
IMAGE |= {"name": serializers.CharField()}
SKY: dict[str, Any] = {
    "x": serializers.ListField(child=serializers.FloatField()),
    "y": serializers.ListField(child=serializers.FloatField()),
    "vectors": serializers.ListField(child=serializers.ListField(child=serializers.FloatField(), allow_null=True)),
    "error_arcsec": serializers.FloatField(),
}
IMAGES = inline_serializer(
    "CutoutSky",
    {
        "frame": serializers.IntegerField(),
        "version": serializers.IntegerField(),
        **IMAGE,
        "unit": serializers.CharField(),
        "images": inline_serializer("CutoutImage", IMAGE, many=True),
        "x0": serializers.IntegerField(),
        "y0": serializers.IntegerField(),
        "sky": inline_serializer("CutoutDirections", SKY, allow_null=True),
        "sky_fault": serializers.CharField(),
    },
)
REFUSALS = {
    400: OpenApiResponse(description="A parameter can not be read, or the region is none or too large"),
    404: OpenApiResponse(description="No such frame, version or image"),
    409: OpenApiResponse(description="The file is known to be damaged"),
    503: OpenApiResponse(description="The file is packed, and too many are being unpacked: ask again"),
}


class CutoutView(APIView):
    """A region of one image of a frame, read by ranges."""

    gone_kind = ExpiringKind.FRAME
    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Cut a region out of a frame's image",
        description="A FITS file of 32-bit floats in physical units, NaN where a pixel has no value, with the image's "
        "header and its WCS moved to the region.",
        parameters=[*WHICH, *WHERE],
        responses={(200, "image/fits"): OpenApiTypes.BINARY, **REFUSALS},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        image = _image(request, pk)
        region = image.region(request.query_params)
        etag = image.etag(region)
        kept = {"ETag": etag, "Cache-Control": KEEP}
        if request.headers.get("If-None-Match") == etag:
            return HttpResponseNotModified(headers=kept)
        response = HttpResponse(image.cutout(region), content_type="image/fits", headers=kept)
        response["Content-Disposition"] = content_disposition_for(image.filename(region))
        response["X-Content-Type-Options"] = "nosniff"
        return response

    head = get


class CutoutSkyView(APIView):
    """What images a frame's file has, and where the pixels of a region lie on the sky."""

    gone_kind = ExpiringKind.FRAME

    @extend_schema(
        summary="Images of a frame's file, and directions of their pixels",
        description="Unit vectors, ICRS, at nodes of a grid over the region (x and y from 0; the outer corner of the "
        "first pixel is at -0.5), row by row, null off the sky. Between nodes interpolate bilinearly and normalize: "
        "what that gets wrong is at most `error_arcsec`. `sky` is null without a WCS; `sky_fault` says why one is of "
        "no use.",
        parameters=[*WHICH, *WHERE[:4]],
        responses={200: IMAGES, **REFUSALS},
    )
    def get(self, request: Request, pk: int) -> Response:
        image = _image(request, pk)
        # All pixels of the image may be told of: only as pixels are they bounded.
        region = image.region({**_only(request.query_params, "x0", "y0", "width", "height"), "bin": str(BINS[-1])})
        sky, fault = None, ""
        try:
            sky = cutout_sky.grid_of(image.cards, region)
        except UsageError as error:
            fault = str(error)
        part = image.part
        told = {
            "frame": pk,
            "version": image.version.pk,
            **_told(part),
            "unit": image.unit,
            "images": [_told(each) for each in image.parts if each.is_image],
            "x0": region.x0,
            "y0": region.y0,
            "sky": sky,
            "sky_fault": fault,
        }
        return Response(told, headers={"Cache-Control": KEEP})

    head = get


@dataclass(frozen=True, slots=True)
class _Image:
    """One image of one version of a frame, and the plain FITS that holds it."""

    basename: str
    version: Version
    stored: StoredObject
    parts: list[Part]
    part: Part
    cards: str

    @property
    def origin(self) -> cutout_header.Origin:
        return cutout_header.Origin(self.version.frame_id, self.version.pk, self.part)

    @property
    def unit(self) -> str:
        return cutout_header.text_of(self.cards, "BUNIT")

    def region(self, asked: Mapping[str, str]) -> Region:
        sky = cutout_region.asked_sky(asked)
        box = None if sky is None else cutout_sky.box_of(self.cards, sky)
        return cutout_region.asked_region(asked, self.part, box=box)

    def etag(self, region: Region) -> str:
        said = f"{CODE_VERSION} {self.version.pk} {self.version.md5} {self.part.number} {region}"
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'

    def cutout(self, region: Region) -> bytes:
        """The FITS file of a region; means of a large image are made once and kept for a while."""
        form = self._overview_form(region)
        if form is None:
            return self._cut(region)
        kept = image_of(self.version, form, at=timezone.now(), make=lambda target: _write(target, self._cut(region)))
        return b"".join(access.stream_of(kept))

    def _cut(self, region: Region) -> bytes:
        header = cutout_header.cutout_header(self.cards, region, self.origin)
        body = header + cutout_pixels.pixels_of(self.stored, self.part, region).astype(">f4").tobytes()
        return body.ljust(padded(len(body)), b"\0")

    def _overview_form(self, region: Region) -> ImageForm | None:
        """How means of the whole image are kept; None for what is not worth it."""
        which = f"{self.part.number}.{region.plane}"
        is_whole = (region.width, region.height) == (self.part.width, self.part.height) and not region.is_clipped
        pixels = region.width * region.height
        if region.bin == 1 or not is_whole or pixels < OVERVIEW_PIXELS or len(which) > MOST_WHICH:
            return None
        return ImageForm("overview", f"-{which}.fits", which, region.bin)

    def filename(self, region: Region) -> str:
        return f"{self.basename}-{region.x0}-{region.y0}-{region.nx}x{region.ny}.fits"


def _image(request: Request, pk: int) -> _Image:
    """The image that is asked for. Raises NotFoundError when there is none that the caller may see."""
    asked, at = request.query_params, timezone.now()
    frame = search.frames_for(request.user, at=at).filter(pk=pk).first()
    if frame is None:
        raise NotFoundError("No such frame.")
    version = access.version_of(frame, asked["version"]) if asked.get("version") else access.newest_version(frame)
    if not is_fits(version.extension):
        raise UsageError(f"this file ({version.extension}) is no FITS file: download it as it is.")
    stored, parts = version.object, []
    if version.extension.lower() in PLAIN:
        parts = cutout_layout.parts_of(stored)
    if not parts or any(part.is_packed for part in parts):
        stored = image_of(version, ImageForm("fits", ".fits"), at=at)
        parts = cutout_layout.parts_of(stored)
    part = cutout_layout.chosen(parts, asked.get("hdu", "").strip())
    return _Image(frame.basename, version, stored, parts, part, cutout_layout.header_text(stored, part))


def _write(target: Path, content: bytes) -> None:
    target.write_bytes(content)


def _told(part: Part) -> dict[str, Any]:
    return {
        "hdu": part.number,
        "name": part.name,
        "width": part.width,
        "height": part.height,
        "planes": part.planes,
    }


def _only(asked: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: asked[name] for name in names if name in asked}
