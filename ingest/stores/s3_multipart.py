"""Sending a large file to S3 in parts, each with its own checksum; it appears whole or not at all."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import structlog

from archive.errors import ArchiveError
from ingest.checksums import Digest, Digester
from ingest.stores.blocks import require_digest
from ingest.stores.s3_client import S3Client
from ingest.stores.s3_errors import answering_s3_errors

logger = structlog.get_logger(__name__)

PART_BYTES = 16 << 20
PARTS_MAX = 10_000


def put_in_parts(
    client: S3Client, stream: BinaryIO, *, place: dict[str, str], digest: Digest, headers: dict[str, Any]
) -> str | None:
    """Send `stream` to `place` (Bucket and Key). Gives its version id, if the server says so.

    Raises UsageError, and keeps nothing, if the bytes are not those of `digest`.
    """
    what = f"sending {place['Key']!r}"
    with answering_s3_errors(what):
        upload_id = client.create_multipart_upload(**place, **headers)["UploadId"]
    upload = {**place, "UploadId": upload_id}
    with _aborting(client, upload), answering_s3_errors(what):
        parts = list(_send_parts(client, stream, upload=upload, digest=digest))
        answer = client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    version_id: str | None = answer.get("VersionId")
    return version_id


def part_bytes_for(size_bytes: int) -> int:
    """Size of a part: 16 MiB, or what keeps their number within the limit of S3."""
    return max(PART_BYTES, -(-size_bytes // PARTS_MAX))


def content_md5(md5_hex: str) -> str:
    return base64.b64encode(bytes.fromhex(md5_hex)).decode()


def _send_parts(
    client: S3Client, stream: BinaryIO, *, upload: dict[str, str], digest: Digest
) -> Iterator[dict[str, Any]]:
    digester = Digester()
    part_bytes = part_bytes_for(digest.size_bytes)
    number = 0
    while part := stream.read(part_bytes):
        number += 1
        digester.update(part)
        md5 = content_md5(hashlib.md5(part, usedforsecurity=False).hexdigest())
        answer = client.upload_part(**upload, PartNumber=number, Body=part, ContentMD5=md5)
        yield {"PartNumber": number, "ETag": answer["ETag"]}
    require_digest(digester.digest(), digest, path=upload["Key"])


@contextmanager
def _aborting(client: S3Client, upload: dict[str, str]) -> Iterator[None]:
    """Take back the parts that were sent if anything goes wrong, also an interruption."""
    try:
        yield
    except BaseException:
        try:
            with answering_s3_errors(f"taking back the parts of {upload['Key']!r}"):
                client.abort_multipart_upload(**upload)
        except ArchiveError as error:
            # What went wrong first is raised on; these parts take space until a lifecycle rule removes them.
            logger.warning("multipart_upload_left_behind", key=upload["Key"], reason=str(error))
        raise
