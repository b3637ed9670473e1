"""A store in a versioned bucket of an S3 server."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from archive.errors import FatalError, NotFoundError, TransientError, UsageError
from ingest.checksums import digest_stream
from ingest.stores import s3_listing
from ingest.stores.base import INFREQUENT, STANDARD, STREAM_BLOCK_BYTES, StoredVersion, Upload
from ingest.stores.blocks import check_range, open_source, require_digest
from ingest.stores.keys import check_path, content_disposition_for
from ingest.stores.s3_client import ClientPerProcess, S3Server
from ingest.stores.s3_errors import answering_s3_errors, is_beyond_the_end
from ingest.stores.s3_multipart import content_md5, put_in_parts
from ingest.stores.s3_uploads import S3Uploads
from ingest.stores.s3_walk import all_versions, md5_of

MULTIPART_ABOVE_BYTES = 64 << 20
LINK_LIFE_MAX = timedelta(days=7)  # of signature version 4
COPY_MAX_BYTES = 5 << 30
NO_VERSION = "null"  # what all bytes are called in a bucket that keeps no versions


class S3Store:
    """Versions are those of the bucket. Safe with many threads and after a fork."""

    name = "s3"

    def __init__(self, *, server: S3Server, bucket: str, days_to_ia_storage: int, takes_forms: bool = False) -> None:
        self._server = server
        self._bucket = bucket
        self._days_to_ia_storage = timedelta(days=days_to_ia_storage)
        self._client = ClientPerProcess(server)
        self._takes_forms = takes_forms

    def put(self, source: Path, upload: Upload) -> StoredVersion:
        check_path(upload.path)
        with open_source(source) as stream:
            if upload.digest.size_bytes > MULTIPART_ABOVE_BYTES:
                version_id = self._put_large(stream, upload)
            else:
                version_id = self._put_small(stream, upload)
        return StoredVersion(upload.path, version_id, upload.digest.size_bytes, datetime.now(UTC))

    def head(self, path: str, version_id: str) -> StoredVersion:
        place = self._version(path, version_id)
        answer = self._head(place)
        storage_class = answer.get("StorageClass", STANDARD)  # S3 names only those that are another
        size_bytes, stored_at = answer["ContentLength"], answer["LastModified"]
        return StoredVersion(path, version_id, size_bytes, stored_at, storage_class, md5=md5_of(answer))

    def stream(self, path: str, version_id: str, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        check_range(start, stop)
        place = self._version(path, version_id)
        if start == stop:
            self._head(place)
            return iter(())
        if start > 0 or stop is not None:
            place["Range"] = f"bytes={start}-" if stop is None else f"bytes={start}-{stop - 1}"
        blocks = self._blocks_of(place)
        next(blocks)  # asks the server: a version that is not there is found out now
        return blocks

    def versions(self, path: str) -> list[StoredVersion]:
        check_path(path)
        return s3_listing.of_path(self._client.get(), bucket=self._bucket, path=path).versions

    def is_hidden(self, path: str) -> bool:
        check_path(path)
        return s3_listing.of_path(self._client.get(), bucket=self._bucket, path=path).is_hidden

    def listing(self) -> Iterator[StoredVersion]:
        return all_versions(self._client.get(), bucket=self._bucket)

    def delete(self, path: str, version_id: str) -> None:
        try:
            place = self._version(path, version_id)
            with answering_s3_errors(f"deleting {path!r}"):
                self._delete(place)
        except NotFoundError:
            return  # it is gone, as was asked

    def purge(self, path: str, *, spare: Callable[[StoredVersion], bool]) -> int:
        check_path(path)
        listing = s3_listing.of_path(self._client.get(), bucket=self._bucket, path=path)
        gone = [version.version_id for version in listing.versions if not spare(version)]
        # Markers last: while one stands on top, a reader who knows only the name finds none of the older versions.
        for version_id in [*gone, *listing.delete_markers]:
            self.delete(path, version_id)
        return len(gone) + len(listing.delete_markers)

    def move_to_infrequent(self, path: str, version_id: str) -> StoredVersion | None:
        """Raises UsageError for what S3 does not copy in one go, which is more than 5 GiB."""
        held = self.head(path, version_id)
        if held.storage_class == INFREQUENT:
            return held
        if held.size_bytes > COPY_MAX_BYTES:
            raise UsageError(f"{path!r} has more than {COPY_MAX_BYTES} bytes, so S3 does not copy it: it stays.")
        with answering_s3_errors(f"moving {path!r} to {INFREQUENT}"):
            try:
                copied = self._copy(path, version_id, storage_class=INFREQUENT)
            except ClientError as error:
                if error.response["Error"].get("Code") != "InvalidStorageClass":
                    raise
                return None
        return StoredVersion(path, copied, held.size_bytes, datetime.now(UTC), INFREQUENT)

    def signed_url(self, path: str, version_id: str, *, expires_in: timedelta) -> str:
        if expires_in > LINK_LIFE_MAX:
            raise UsageError(f"A link to S3 lives at most {LINK_LIFE_MAX.days} days: ask for a shorter life.")
        place = self._version(path, version_id)
        place["ResponseContentDisposition"] = content_disposition_for(path)
        with answering_s3_errors(f"signing a link to {path!r}"):
            url: str = self._client.get().generate_presigned_url(
                "get_object", Params=place, ExpiresIn=int(expires_in.total_seconds())
            )
        return url

    def direct_uploads(self) -> S3Uploads:
        return S3Uploads(self._client, bucket=self._bucket, takes_forms=self._takes_forms)

    def check(self) -> str | None:
        with answering_s3_errors(f"looking at bucket {self._bucket!r}"):
            status = self._client.get().get_bucket_versioning(Bucket=self._bucket).get("Status")
        if status != "Enabled":
            raise self._no_versions()
        return None

    def _copy(self, path: str, version_id: str, *, storage_class: str) -> str:
        """Copy a version in place, with all that is known of it; the answer is the id of the copy."""
        answer = self._client.get().copy_object(
            Bucket=self._bucket,
            Key=path,
            CopySource=self._version(path, version_id),
            StorageClass=storage_class,
            MetadataDirective="COPY",
        )
        copied: str = answer["VersionId"]
        return copied

    def _put_small(self, stream: BinaryIO, upload: Upload) -> str:
        require_digest(digest_stream(stream), upload.digest, path=upload.path)
        stream.seek(0)
        with answering_s3_errors(f"sending {upload.path!r}"):
            answer = self._client.get().put_object(
                Bucket=self._bucket,
                Key=upload.path,
                Body=stream,
                ContentMD5=content_md5(upload.digest.md5),  # should the file change while it is sent
                Metadata={"sha256": upload.digest.sha256},
                **self._headers(upload),
            )
        version_id: str = answer.get("VersionId", NO_VERSION)
        if version_id == NO_VERSION:
            raise self._no_versions()
        return version_id

    def _put_large(self, stream: BinaryIO, upload: Upload) -> str:
        mark = uuid.uuid4().hex
        version_id = put_in_parts(
            self._client.get(),
            stream,
            place={"Bucket": self._bucket, "Key": upload.path},
            digest=upload.digest,
            headers={"Metadata": {"sha256": upload.digest.sha256, "upload": mark}, **self._headers(upload)},
        )
        return version_id if version_id is not None else self._version_marked(mark, upload.path)

    def _version_marked(self, mark: str, path: str) -> str:
        """Which version an upload in parts made, where the server does not say (Swift).

        The newest may be another process's, so the upload's own mark is looked for.
        """
        for version in self.versions(path):
            if self._head(self._version(path, version.version_id))["Metadata"].get("upload") == mark:
                return version.version_id
        raise TransientError(f"S3: {path!r} was sent, but the server does not list it yet: try again.")

    def _headers(self, upload: Upload) -> dict[str, Any]:
        old = upload.observed_at is not None and datetime.now(UTC) - upload.observed_at > self._days_to_ia_storage
        return {
            "ContentType": upload.content_type,
            "ContentDisposition": content_disposition_for(upload.path),
            "StorageClass": INFREQUENT if old else STANDARD,
        }

    def _version(self, path: str, version_id: str) -> dict[str, Any]:
        check_path(path)
        if not version_id:
            raise NotFoundError(f"The empty version id names no version of {path!r}.")
        return {"Bucket": self._bucket, "Key": path, "VersionId": version_id}

    def _head(self, place: dict[str, Any]) -> dict[str, Any]:
        with answering_s3_errors(f"looking for {place['Key']!r}"):
            try:
                answer: dict[str, Any] = self._client.get().head_object(**place)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.BAD_REQUEST:
                    raise
                # An answer to HEAD has no body to say what is wrong: ask for a byte, and the refusal tells.
                answer = self._client.get().get_object(**place, Range="bytes=0-0")
                answer["Body"].close()
        return answer

    def _delete(self, place: dict[str, Any]) -> None:
        try:
            self._client.get().delete_object(**place)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.BAD_REQUEST:
                self._head(place)  # Swift does not say here that a version id can not be one, but does so there
            raise

    def _blocks_of(self, place: dict[str, Any]) -> Iterator[bytes]:
        """First an empty block, as soon as the server answers; then the bytes."""
        with answering_s3_errors(f"reading {place['Key']!r}"):
            try:
                body = self._client.get().get_object(**place)["Body"]
            except ClientError as error:
                if not is_beyond_the_end(error):
                    raise
                yield b""
                return
            with body:
                yield b""
                yield from body.iter_chunks(STREAM_BLOCK_BYTES)

    def _no_versions(self) -> FatalError:
        endpoint = f" --endpoint-url {self._server.endpoint_url}" if self._server.endpoint_url else ""
        return FatalError(
            f"The bucket {self._bucket!r} keeps no versions, so files would be lost. Run: aws s3api{endpoint} "
            f"put-bucket-versioning --bucket {self._bucket} --versioning-configuration Status=Enabled"
        )
