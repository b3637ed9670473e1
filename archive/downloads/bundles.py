"""GET /observations/<name>/bundle/: all that was made of an observation, as one zip that can be resumed.

It is laid out anew from the rows each time and kept nowhere, so it is never stale, and each reader gets what they may
see. The same files have the same bytes and ETag: a reader who goes on gets the rest of the same zip, or a new one from
its beginning.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

import numpy as np
import structlog
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import placed, selections
from archive.domain.observing import observation_named
from archive.domain.reduced import bytes_of
from archive.downloads import zip_layout
from archive.downloads.checks import HOLDS_S
from archive.downloads.frozen_zip import file_blocks
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.streams import Whole, ranged_response
from archive.downloads.zip_layout import Layout
from archive.downloads.zip_stream import started
from archive.errors import ConflictError, NotFoundError
from archive.models import Observation, Product, ProductFile, Reader, StoredObject

logger = structlog.get_logger(__name__)

ZIP = "application/zip"
CHANGED = "the observation, or what was made of it, has changed since the bundle was begun: ask for it again."


class Bundle:
    """The zip of these files, in the folders of the original's tree below the observation's name."""

    def __init__(self, observation: Observation, files: Sequence[ProductFile]) -> None:
        self._observation = observation
        self._files = files
        objects = [bytes_of(file) for file in files]
        self._names = [placed.place_of(file).partition("/")[2].encode() for file in files]
        self._sizes = [_known(each.size_bytes, each) for each in objects]
        self._crc32s = [_known(each.crc32, each) for each in objects]
        stored_s = np.array([int(each.stored_at.timestamp()) for each in objects], dtype=np.int64)
        self._layout = Layout(self._names, np.array(self._sizes), np.array(self._crc32s), stored_s)
        self.size_bytes = self._layout.size_bytes
        rows = zip(self._names, (file.sha256 for file in files), stored_s.tolist(), strict=True)
        self.etag = f'"{sha256(repr([zip_layout.VERSION, *rows]).encode()).hexdigest()}"'

    def blocks(self, reader: Reader, *, start: int, stop: int) -> Iterator[bytes]:
        """Bytes `start` up to, not including, `stop`; each file as far as `reader` may have it when it is reached."""
        checks = _Checks(self._observation, self._files, reader)
        for piece in self._layout.pieces(start, stop):
            if isinstance(piece, bytes):
                yield piece
                continue
            try:
                stored = checks.stored(piece.index)
                yield from file_blocks(
                    stored, piece, size_bytes=self._sizes[piece.index], crc32=self._crc32s[piece.index]
                )
            except Exception:
                logger.exception("bundle_broken_off", observation=self._observation.name)
                raise


class _Checks:
    """Whether the reader may still have each file, and whether it still is the one. Never long before it is sent."""

    def __init__(self, observation: Observation, files: Sequence[ProductFile], reader: Reader) -> None:
        self._observation = observation
        self._files = files
        self._reader = reader
        self._held: dict[int, StoredObject] = {}
        self._ends_s = 0.0

    def stored(self, index: int) -> StoredObject:
        """The bytes of a file. Raises ConflictError when they can no longer be had."""
        if time.monotonic() >= self._ends_s:
            self._ends_s = time.monotonic() + HOLDS_S
            self._reader = selections.reader_now(self._reader)
            found = _files_of(self._observation, self._reader, at=timezone.now())
            self._held = {file.pk: bytes_of(file) for file in found}
        before = self._files[index]
        stored = self._held.get(before.pk)
        if stored is None or stored.pk != bytes_of(before).pk:
            raise ConflictError(CHANGED)
        return stored


class BundleView(APIView):
    """What was made of one observation, for whoever may see it."""

    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download all products of an observation as one zip; ranges resume",
        responses={
            (200, ZIP): OpenApiTypes.BINARY,
            (206, ZIP): OpenApiTypes.BINARY,
            404: OpenApiResponse(description="There is no such observation that you may see, or nothing is made yet"),
            409: OpenApiResponse(description="Bytes of a file were not read yet, or changed on the way"),
            416: OpenApiResponse(description="The range lies beyond the end"),
        },
    )
    def get(self, request: Request, name: str) -> HttpResponseBase:
        at = timezone.now()
        observation = observation_named(name, request.user, at=at)
        files = _files_of(observation, request.user, at=at)
        if not files:
            raise NotFoundError("nothing that you may see was made of this observation yet.")
        bundle = Bundle(observation, files)
        whole = Whole(bundle.etag, bundle.size_bytes, f"{observation.name}.zip", ZIP)
        return ranged_response(
            request, whole, lambda start, stop: started(bundle.blocks(request.user, start=start, stop=stop))
        )

    head = get


def _files_of(observation: Observation, reader: Reader, *, at: datetime) -> list[ProductFile]:
    of_it = Product.objects.visible_to(reader, at=at).filter(observation=observation)
    return placed.files_of(of_it, reader, at=at).files


def _known(number: int | None, stored: StoredObject) -> int:
    if number is None:
        raise ConflictError(f"nobody has read the bytes of {stored} yet: ask again in some minutes.")
    return number
