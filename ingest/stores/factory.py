"""From the settings to the store."""

from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import FatalError
from ingest.stores.base import FileStore
from ingest.stores.dummy import DummyStore
from ingest.stores.local import LocalStore
from ingest.stores.memory import MemoryStore
from ingest.stores.s3 import S3Store
from ingest.stores.s3_client import S3Server


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What the operator set, under the names of settings/env.py in its messages."""

    type: str = "dummy"  # dummy, local, s3 or memory
    root_dir: str = ""
    base_url: str = "http://0.0.0.0/"
    signing_key: str = field(default="", repr=False)
    bucket: str = "testbucket"
    endpoint_url: str = ""  # empty: AWS
    region: str = "us-west-2"
    addressing_style: str = "virtual"
    signature_version: str = "s3v4"
    access_key: str = field(default="", repr=False)  # empty: what boto3 finds, such as the computer's own role
    secret_key: str = field(default="", repr=False)
    days_to_ia_storage: int = 60
    takes_forms: bool = True


def make_store(settings: StoreSettings) -> FileStore:
    """The store that the settings name. It is not asked anything yet: `check` does that. Raises FatalError."""
    match settings.type:
        case "dummy":
            return DummyStore()
        case "local":
            return _local(settings)
        case "s3":
            return _s3(settings)
        case "memory":
            return MemoryStore(base_url=settings.base_url, signing_key=_signing_key(settings))
    raise FatalError(f"There is no store of the type {settings.type!r}: set FILESTORE_TYPE to dummy, local or s3.")


def _local(settings: StoreSettings) -> LocalStore:
    root = Path(settings.root_dir)
    if not settings.root_dir or not root.is_absolute():
        raise FatalError("The local store has no folder: set FILESYSTEM_STORAGE_ROOT_DIR to an absolute path.")
    return LocalStore(root=root, base_url=settings.base_url, signing_key=_signing_key(settings))


def _s3(settings: StoreSettings) -> S3Store:
    if not settings.bucket:
        raise FatalError("The S3 store has no bucket: set BUCKET.")
    server = S3Server(
        endpoint_url=settings.endpoint_url,
        region=settings.region,
        addressing_style=settings.addressing_style,
        signature_version=settings.signature_version,
        access_key=settings.access_key,
        secret_key=settings.secret_key,
    )
    return S3Store(
        server=server,
        bucket=settings.bucket,
        days_to_ia_storage=settings.days_to_ia_storage,
        takes_forms=settings.takes_forms,
    )


def _signing_key(settings: StoreSettings) -> str:
    if not settings.signing_key:
        raise FatalError("Links to the store can not be signed: set SECRET_KEY.")
    return settings.signing_key
