"""What a versioned bucket holds under one path."""

from dataclasses import dataclass, field

from ingest.stores.base import StoredVersion
from ingest.stores.s3_client import S3Client
from ingest.stores.s3_errors import answering_s3_errors
from ingest.stores.s3_walk import version_of


@dataclass(slots=True)
class Listing:
    """Versions, newest first, and the ids of delete markers: what a plain DELETE puts on top of them."""

    versions: list[StoredVersion] = field(default_factory=list)
    delete_markers: list[str] = field(default_factory=list)
    is_hidden: bool = False  # the newest of all is a delete marker


def of_path(client: S3Client, *, bucket: str, path: str) -> Listing:
    """All of exactly this path."""
    listing = Listing()
    pages = client.get_paginator("list_object_versions")
    with answering_s3_errors(f"listing the versions of {path!r}"):
        for page in pages.paginate(Bucket=bucket, Prefix=path):
            entries, markers = page.get("Versions", []), page.get("DeleteMarkers", [])
            listing.versions += [version_of(entry) for entry in entries if entry["Key"] == path]
            listing.delete_markers += [marker["VersionId"] for marker in markers if marker["Key"] == path]
            listing.is_hidden |= any(marker["Key"] == path and marker["IsLatest"] for marker in markers)
            # Keys come in order, so longer ones that begin alike all follow: they need not be read.
            if any(entry["Key"] != path for entry in entries + markers):
                break
    return listing
