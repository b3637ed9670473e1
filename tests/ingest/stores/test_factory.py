"""Each type of store is made from its settings, or the setting that is missing is named."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from archive.errors import FatalError, NotFoundError
from ingest.stores.factory import StoreSettings, make_store
from ingest.stores.s3_client import S3Server
from tests.ingest.stores.conftest import SIGNING_KEY, Sender

PATH = "lsc/fa15/20250309/raw/frame-e00.fits.fz"


def test_the_settings_of_a_local_store_make_one_that_works(root: Path, sender: Sender):
    store = make_store(StoreSettings(type="local", root_dir=str(root), base_url="http://x/y/", signing_key="key"))
    version = sender.put(store, PATH, b"content")
    assert store.name == "local"
    assert (root / ".versions" / PATH / version.version_id).exists()
    link = store.signed_url(PATH, version.version_id, expires_in=timedelta(hours=1))
    assert link.startswith(f"http://x/y/store/{PATH}?versionId={version.version_id}&expires=")


def test_the_settings_of_an_s3_store_make_one_that_works(s3_account: S3Server, versioned_bucket: str):
    settings = StoreSettings(type="s3", bucket=versioned_bucket, **dataclasses.asdict(s3_account))
    store = make_store(settings)
    assert (store.name, store.check()) == ("s3", None)


def test_the_memory_store_says_that_it_forgets():
    store = make_store(StoreSettings(type="memory", signing_key=SIGNING_KEY))
    assert store.name == "memory"
    assert "loses them" in str(store.check())


def test_the_dummy_store_takes_everything_gives_nothing_and_says_so(sender: Sender):
    store = make_store(StoreSettings())
    version = sender.put(store, PATH, b"content")
    assert (store.name, version.path, version.size_bytes) == ("dummy", PATH, 7)
    assert version.version_id != sender.put(store, PATH, b"content").version_id
    assert store.versions(PATH) == []
    assert store.signed_url(PATH, version.version_id, expires_in=timedelta(hours=1)) == ""
    store.delete(PATH, version.version_id)
    with pytest.raises(NotFoundError, match="keeps nothing"):
        store.head(PATH, version.version_id)
    with pytest.raises(NotFoundError, match="keeps nothing"):
        store.stream(PATH, version.version_id)
    assert "keeps nothing" in str(store.check())


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (StoreSettings(type="tape"), "FILESTORE_TYPE"),
        (StoreSettings(type="local", signing_key="key"), "FILESYSTEM_STORAGE_ROOT_DIR"),
        (StoreSettings(type="local", root_dir="relative", signing_key="key"), "FILESYSTEM_STORAGE_ROOT_DIR"),
        (StoreSettings(type="local", root_dir="/data"), "SECRET_KEY"),
        (StoreSettings(type="memory"), "SECRET_KEY"),
        (StoreSettings(type="s3", bucket=""), "BUCKET"),
    ],
)
def test_a_setting_that_is_missing_is_named(settings: StoreSettings, name: str):
    with pytest.raises(FatalError, match=name):
        make_store(settings)


def test_settings_that_are_printed_hide_their_secrets():
    printed = repr(StoreSettings(signing_key="one", access_key="two", secret_key="three"))
    assert not [secret for secret in ("one", "two", "three") if f"'{secret}'" in printed]
    assert "secret" not in repr(S3Server(secret_key="secret", access_key="secret")).replace("secret_key", "")
