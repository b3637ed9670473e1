"""Leave for clients to send bytes to S3 themselves: by a signed PUT, by a form, or in parts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ingest.stores.base import SentPart, SignedForm, SignedPut
from ingest.stores.keys import check_path
from ingest.stores.s3_client import ClientPerProcess
from ingest.stores.s3_errors import answering_s3_errors
from ingest.stores.s3_multipart import part_bytes_for


class S3Uploads:
    """Signs requests that each write one path of one size, and nothing else."""

    def __init__(self, client: ClientPerProcess, *, bucket: str, takes_forms: bool) -> None:
        self._client = client
        self._bucket = bucket
        self._takes_forms = takes_forms

    def put(self, path: str, *, size_bytes: int | None, content_type: str, expires_in: timedelta) -> SignedPut:
        place: dict[str, Any] = {**self._place(path), "ContentType": content_type}
        if size_bytes is not None:  # it is signed: S3 refuses another one before it has read a byte
            place["ContentLength"] = size_bytes
        with answering_s3_errors(f"signing an upload of {path!r}"):
            url = self._client.get().generate_presigned_url("put_object", Params=place, ExpiresIn=_seconds(expires_in))
        return SignedPut(url, {"Content-Type": content_type})

    def form(
        self, path: str, *, size_bytes: int | None, most_bytes: int, content_type: str, expires_in: timedelta
    ) -> SignedForm | None:
        if not self._takes_forms:
            return None
        with answering_s3_errors(f"signing a form for {path!r}"):
            signed = self._client.get().generate_presigned_post(
                **self._place(path),
                Fields={"Content-Type": content_type},
                Conditions=[
                    {"Content-Type": content_type},
                    ["content-length-range", size_bytes or 1, size_bytes or most_bytes],
                ],
                ExpiresIn=_seconds(expires_in),
            )
        return SignedForm(signed["url"], signed["fields"])

    def begin_parts(self, path: str, *, content_type: str) -> str:
        with answering_s3_errors(f"beginning an upload of {path!r}"):
            answer = self._client.get().create_multipart_upload(**self._place(path), ContentType=content_type)
        upload_id: str = answer["UploadId"]
        return upload_id

    def part_bytes(self, size_bytes: int) -> int:
        return part_bytes_for(size_bytes)

    def put_part(self, path: str, upload_id: str, number: int, *, size_bytes: int, expires_in: timedelta) -> SignedPut:
        place = {**self._place(path), "UploadId": upload_id, "PartNumber": number, "ContentLength": size_bytes}
        with answering_s3_errors(f"signing a part of {path!r}"):
            url = self._client.get().generate_presigned_url("upload_part", Params=place, ExpiresIn=_seconds(expires_in))
        return SignedPut(url, {})

    def complete_parts(self, path: str, upload_id: str, parts: Sequence[SentPart]) -> None:
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        with answering_s3_errors(f"putting the parts of {path!r} together"):
            self._client.get().complete_multipart_upload(
                **self._place(path), UploadId=upload_id, MultipartUpload={"Parts": listed}
            )

    def abort_parts(self, path: str, upload_id: str) -> None:
        with answering_s3_errors(f"giving the parts of {path!r} up"):
            self._client.get().abort_multipart_upload(**self._place(path), UploadId=upload_id)

    def _place(self, path: str) -> dict[str, str]:
        check_path(path)
        return {"Bucket": self._bucket, "Key": path}


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
