"""What every test may ask for: users, clients, frames, files, an inspector, an empty store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models.signals import post_migrate
from django.test import override_settings
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from archive.domain import store as store_module
from archive.models import ExpiryRule, Proposal
from archive.models.proposal import ALL_PROGRAMMES
from deploy.local.testing import S3Server
from ingest.arrivals import Arrival, take_in_object
from ingest.checksums import digest_of
from ingest.intake import make_inspector
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, Upload
from tests.factories import AOFactory, FrameFactory
from tests.synthetic import write_frame

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def rows_of_migrations_stay() -> Iterator[None]:
    """A test that commits empties all tables at its end; lay down again what migrations laid in a new archive.

    So every test finds these rows, whichever ran before it in the same process.
    """
    laid: list[ExpiryRule] = []

    def lay(**given: Any) -> None:
        if "plan" in given:  # of `migrate`; `flush` has none
            laid[:] = ExpiryRule.objects.all()
            return
        for rule in laid:
            rule.pk = None
        ExpiryRule.objects.bulk_create(laid)

    ours = apps.get_app_config("archive")
    post_migrate.connect(lay, sender=ours)
    yield
    post_migrate.disconnect(lay, sender=ours)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def store() -> Iterator[FileStore]:
    """The memory store of the test settings, empty."""
    store_module.forget_stores()
    yield store_module.the_store()
    store_module.forget_stores()


@pytest.fixture
def use_store() -> Iterator[Callable[..., FileStore]]:
    """Set the archive to another store for one test: `use_store(type="local", root_dir=…)`."""

    overrides = []

    def use(**changes: Any) -> FileStore:
        override = override_settings(STORE=replace(settings.STORE, **changes))
        override.enable()
        overrides.append(override)
        return store_module.the_store()

    yield use
    for override in reversed(overrides):
        override.disable()


@pytest.fixture
def use_s3(use_store: Callable[..., FileStore], s3_server: S3Server) -> Callable[..., FileStore]:
    """Set the archive to a bucket of the real server for one test: `use_s3(bucket=…)`; else the one that all share."""

    def use(*, bucket: str = s3_server.bucket) -> FileStore:
        return use_store(
            type="s3",
            endpoint_url=s3_server.endpoint_url,
            bucket=bucket,
            region=s3_server.region,
            access_key=s3_server.access_key,
            secret_key=s3_server.secret_key,
            addressing_style="path",
            days_to_ia_storage=365_000,  # Swift knows no other class than STANDARD
        )

    return use


@pytest.fixture(scope="session")
def inspector() -> Iterator[Inspector]:

    with make_inspector() as made:
        yield made


@pytest.fixture
def alice(db) -> User:
    """A user who holds PROP001."""
    user = User.objects.create_user("alice", password="alice-pass")
    proposal = Proposal.objects.create(id="PROP001")
    proposal.members.add(user)
    return user


@pytest.fixture
def bob(db) -> User:
    """A user without proposals."""
    return User.objects.create_user("bob", password="bob-pass")


@pytest.fixture
def erin(db) -> User:
    """A user who holds every programme, and is no superuser."""
    user = User.objects.create_user("erin", password="erin-pass")
    Proposal.objects.create(id=ALL_PROGRAMMES).members.add(user)
    return user


@pytest.fixture
def admin(db) -> User:
    return User.objects.create_superuser("admin", password="admin-pass")


def client_of(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get(user=user).key}")
    return client


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """A client that sends a user's token; none for None."""
    return client_of


@pytest.fixture
def frame_factory(db, store) -> FrameFactory:
    return FrameFactory(store)


@pytest.fixture
def no_counts() -> Iterator[None]:
    """Nothing that readers were counted for is left of tests before, nor for those after."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ao(frame_factory) -> AOFactory:
    """Observations of the adaptive-optics camera and what is made of them: `ao.observation()`, `ao.product(…)`."""
    return AOFactory(frame_factory)


@pytest.fixture
def fits_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small FITS file that the archive takes."""
    return lambda name="lsc1m005-fa15-20250309-0004-e00.fits", **cards: write_frame(tmp_path / name, **cards)


@pytest.fixture
def put(store: FileStore, tmp_path: Path) -> Callable[[str, bytes], str]:
    """Puts bytes into the store as an observatory does, and answers the version id."""

    def put_bytes(path: str, content: bytes) -> str:
        local = tmp_path / "sent"
        local.write_bytes(content)
        return store.put(local, Upload(path, digest_of(local), "application/octet-stream")).version_id

    return put_bytes


@pytest.fixture
def take(store: FileStore, inspector: Inspector, now: datetime) -> Callable[..., Arrival]:
    """Takes in one version of an object of the store."""

    def take_version(path: str, version_id: str, *, at: datetime = now) -> Arrival:
        return take_in_object(path=path, version_id=version_id, store=store, inspector=inspector, now=at)

    return take_version


@pytest.fixture
def arrive(put: Callable[[str, bytes], str], take: Callable[..., Arrival]) -> Callable[..., Arrival]:
    """Puts an object and takes it in."""
    return lambda path, content, **more: take(path, put(path, content), **more)
