"""Going through a whole bucket, a page at a time."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.stores.base import STANDARD, StoredVersion
from ingest.stores.s3_client import S3Client
from ingest.stores.s3_errors import answering_s3_errors

WHOLE_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)  # the ETag of what was sent in parts ends in their number


def all_versions(client: S3Client, *, bucket: str) -> Iterator[StoredVersion]:
    """Every version in the order of paths, newest first in each; delete markers are none."""
    pages = client.get_paginator("list_object_versions")
    with answering_s3_errors(f"listing the bucket {bucket!r}"):
        for page in pages.paginate(Bucket=bucket):
            for entry in page.get("Versions", []):
                yield version_of(entry)


def version_of(entry: Mapping[str, Any]) -> StoredVersion:
    """One version as the server lists it."""
    return StoredVersion(
        entry["Key"],
        entry["VersionId"],
        entry["Size"],
        entry["LastModified"],
        entry.get("StorageClass", STANDARD),
        md5=md5_of(entry),
    )


def md5_of(answer: Mapping[str, Any]) -> str:
    """MD5 of an object out of what S3 says of it; empty where it says none."""
    etag: str = answer.get("ETag", "").strip('"')
    return etag if WHOLE_MD5.fullmatch(etag) else ""
