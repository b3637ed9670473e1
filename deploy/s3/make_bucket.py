"""Make the archive's bucket and turn its versioning on. Safe to repeat.

`python -m deploy.s3.make_bucket`
"""

import sys
from typing import Any

from botocore.exceptions import ClientError

from archive.errors import ArchiveError, FatalError
from ingest.stores.factory import StoreSettings, make_store
from ingest.stores.s3_client import S3Client, S3Server, make_client
from ingest.stores.s3_errors import answering_s3_errors
from settings import STORE

DEFAULT_REGION = "us-east-1"  # S3 wants every region named but this one


def make_bucket(settings: StoreSettings) -> None:
    """Leave a bucket that keeps versions, whether it was there before or not.

    Raises FatalError if the name belongs to somebody else or the key may not do this, TransientError if the server
    can not be reached.
    """
    if settings.type != "s3":
        raise FatalError(f"FILESTORE_TYPE is {settings.type!r}, which needs no bucket: set it to s3.")
    client = make_client(
        S3Server(
            endpoint_url=settings.endpoint_url,
            region=settings.region,
            addressing_style=settings.addressing_style,
            signature_version=settings.signature_version,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
        )
    )
    with answering_s3_errors(f"making the bucket {settings.bucket!r}"):
        _create(client, settings)
        client.put_bucket_versioning(Bucket=settings.bucket, VersioningConfiguration={"Status": "Enabled"})
    make_store(settings).check()


def _create(client: S3Client, settings: StoreSettings) -> None:
    options: dict[str, Any] = {"Bucket": settings.bucket}
    if settings.region not in {"", DEFAULT_REGION}:
        options["CreateBucketConfiguration"] = {"LocationConstraint": settings.region}
    try:
        client.create_bucket(**options)
    except ClientError as error:
        if error.response["Error"].get("Code") != "BucketAlreadyOwnedByYou":
            raise


def main() -> int:
    try:
        make_bucket(STORE)
    except ArchiveError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The bucket {STORE.bucket} is there and keeps versions.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
