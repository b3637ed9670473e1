"""Bytes over HTTP: ranges, validators and the right headers, in constant memory."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from rest_framework.request import Request

from archive.domain import access
from archive.models import StoredObject
from ingest.stores.keys import content_disposition_for, content_type_for

SINGLE_RANGE = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")


def file_response(request: HttpRequest | Request, stored: StoredObject, *, filename: str) -> HttpResponseBase:
    """Answer GET or HEAD with an object's bytes as an attachment."""
    whole = Whole(f'"{stored.md5}"', access.size_of(stored), filename, content_type_for(filename))
    return ranged_response(request, whole, lambda start, stop: access.stream_of(stored, start=start, stop=stop))


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of the bytes of an answer before they are read. The ETag is strong, with its quotes."""

    etag: str
    size_bytes: int
    filename: str
    content_type: str


def ranged_response(
    request: HttpRequest | Request, whole: Whole, blocks_of: Callable[[int, int], Iterator[bytes]]
) -> HttpResponseBase:
    """Answer GET or HEAD with bytes as an attachment; one byte range is honoured, several are not."""
    if request.headers.get("If-None-Match") == whole.etag:
        return HttpResponseNotModified(headers={"ETag": whole.etag})
    wanted = _wanted_range(request, etag=whole.etag, size_bytes=whole.size_bytes)
    if wanted is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{whole.size_bytes}"})
    start, stop = wanted
    blocks = () if request.method == "HEAD" else blocks_of(start, stop)
    is_part = (start, stop) != (0, whole.size_bytes)
    response = StreamingHttpResponse(blocks, status=206 if is_part else 200, content_type=whole.content_type)
    response["Content-Length"] = str(stop - start)
    response["Content-Disposition"] = content_disposition_for(whole.filename)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = whole.etag
    response["X-Content-Type-Options"] = "nosniff"
    if is_part:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{whole.size_bytes}"
    return response


def _wanted_range(request: HttpRequest | Request, *, etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Start and stop of the bytes to send; None when the range asked for lies beyond the end (RFC 9110, 14.2)."""
    match = SINGLE_RANGE.match(request.headers.get("Range", ""))
    changed = request.headers.get("If-Range", etag) != etag
    if match is None or changed or match.groups() == ("", ""):
        return 0, size_bytes
    first, last = match.groups()
    if not first:  # "bytes=-500": the last 500
        start, stop = max(size_bytes - int(last), 0), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    if last and first and int(last) < int(first):
        return 0, size_bytes
    return (start, stop) if start < stop else None
