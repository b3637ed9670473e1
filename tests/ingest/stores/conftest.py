"""One store of each kind, and links followed as a stranger would."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
import requests
from botocore.config import Config

from archive.errors import UsageError
from ingest.checksums import digest_of
from ingest.stores.base import FileStore, StoredVersion, Upload
from ingest.stores.local import LocalStore
from ingest.stores.memory import MemoryStore
from ingest.stores.s3 import S3Store
from ingest.stores.s3_client import S3Server

BASE_URL = "http://archive.example/"
SIGNING_KEY = "not a secret"


class Sender:
    """Writes bytes to a file and puts that into a store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def upload_of(self, path: str, content: bytes) -> tuple[Path, Upload]:
        source = self._folder / uuid.uuid4().hex
        source.write_bytes(content)
        return source, Upload(path, digest_of(source), "image/fits")

    def put(self, store: FileStore, path: str, content: bytes) -> StoredVersion:
        source, upload = self.upload_of(path, content)
        return store.put(source, upload)


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    folder = tmp_path / "sources"
    folder.mkdir()
    return Sender(folder)


@pytest.fixture(scope="session")
def s3_account() -> S3Server:
    return S3Server(
        endpoint_url=os.environ["S3_ENDPOINT_URL"],
        region=os.environ["AWS_DEFAULT_REGION"],
        addressing_style="path",
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="session")
def s3_admin(s3_account: S3Server) -> Iterator[Any]:
    """A client made without our code."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=s3_account.endpoint_url,
        region_name=s3_account.region,
        aws_access_key_id=s3_account.access_key,
        aws_secret_access_key=s3_account.secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    yield client
    client.close()


@pytest.fixture(scope="session")
def versioned_bucket(s3_admin: Any) -> str:
    bucket = f"stores-{uuid.uuid4().hex[:12]}"
    s3_admin.create_bucket(Bucket=bucket)
    s3_admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def unversioned_bucket(s3_admin: Any) -> str:
    bucket = f"plain-{uuid.uuid4().hex[:12]}"
    s3_admin.create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture(scope="session")
def s3_store(s3_account: S3Server, versioned_bucket: str) -> S3Store:
    return S3Store(server=s3_account, bucket=versioned_bucket, days_to_ia_storage=60)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    root.mkdir()
    return root


@pytest.fixture
def local_store(root: Path) -> LocalStore:
    return LocalStore(root=root, base_url=BASE_URL, signing_key=SIGNING_KEY)


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore(base_url=BASE_URL, signing_key=SIGNING_KEY)


@pytest.fixture(params=["local", "memory", "s3"])
def store(request: pytest.FixtureRequest) -> FileStore:
    made: FileStore = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture
def path() -> str:
    """A path that no other test uses, also in a bucket that outlives the test."""
    return f"{uuid.uuid4().hex}/fa15/20250309/raw/frame-e00.fits.fz"


def follow(store: FileStore, url: str, *, at: datetime | None = None, byte_range: str = "") -> tuple[int, bytes]:
    """Status and bytes that someone gets who has nothing but the link, at time `at` where the link is our own."""
    if isinstance(store, S3Store):
        answer = requests.get(url, headers={"Range": byte_range} if byte_range else {}, timeout=30)
        return answer.status_code, answer.content
    assert isinstance(store, LocalStore | MemoryStore)
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = unquote(parts.path).removeprefix("/store/")
    now = at or datetime.now(UTC)
    try:
        store.verify(
            path=path,
            version_id=query["versionId"],
            expires=query["expires"],
            signature=query["signature"],
            now=now,
        )
    except UsageError:
        return 403, b""
    return 200, b"".join(store.stream(path, query["versionId"]))
