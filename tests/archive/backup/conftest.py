"""An archive with something of each kind, a backup of it, and empty databases beside it."""

import gzip
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from archive.backup import catalogue
from archive.backup.making import Made, make_backup
from archive.domain.seeing_notes import note_seeing
from archive.models import Frame, Proposal
from ingest.stores.base import FileStore
from tests.factories import AOFactory, FrameFactory
from tests.processes import ROOT, environment
from tests.telemetry.conftest import psycopg_terms, telemetry_tables, test_database  # noqa: F401 - fixtures
from tests.telemetry.rows import T0, Rows, S


@contextmanager
def empty_database(*, template: str = "template0") -> Iterator[str]:
    """A database beside that of the tests; its name, which is Django's alias for it too."""
    name = f"recovered_{secrets.token_hex(6)}"
    with closing(psycopg2.connect(**psycopg_terms(dbname="postgres"))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        connections.settings[name] = {**connection.settings_dict, "NAME": name}
        yield name
        connections[name].close()
        del connections[name], connections.settings[name]
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty(test_database, django_db_blocker) -> Iterator[str]:  # noqa: F811
    with django_db_blocker.unblock(), empty_database() as name:
        yield name


@contextmanager
def on(database: str) -> Iterator[None]:
    """The archive works on another database meanwhile, as with another DB_NAME."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def things_in(database: str) -> list[str]:
    """Tables, views and sequences that are nobody's but the archive's; and the schemas."""
    with connections[database].cursor() as cursor:
        things = [f"{schema}.{name}" for schema, name in catalogue.rows_of(cursor, catalogue.THINGS)]
        schemas = [name for (name,) in catalogue.rows_of(cursor, catalogue.SCHEMAS)]
    return things + [name for name in schemas if not name.startswith("pg_")]


@pytest.fixture
def local_store(use_store: Callable[..., FileStore], tmp_path: Path) -> FileStore:
    (tmp_path / "store").mkdir()
    return use_store(type="local", root_dir=str(tmp_path / "store"))


def fill(store: FileStore) -> Frame:
    """A frame with three versions and one without rights, products, a user, telemetry; answers the first."""
    alice = User.objects.create_user("alice", password="alice-pass")
    Proposal.objects.create(id="PROP001").members.add(alice)
    frames = FrameFactory(store)
    ao = AOFactory(frames)
    frame = frames(versions=3, target_name="ζ Orionis")
    frames(public_date=None)
    observation = ao.observation(comment="wind from the south")
    ao.raw_file(observation)
    product = ao.product(observation)
    ao.file(product, "stack")
    ao.file(product, "picture")
    ao.strehl(product)
    ao.seeing()
    note_seeing(observation.night)
    rows = Rows()
    for second in range(5):
        rows.say("loop", "telem_loop", T0 + second * S + 7, {"gain": second / 8}, raw=b"\x00\xff")
    return frame


@pytest.fixture
def filled(transactional_db, telemetry_tables, local_store) -> Frame:  # noqa: F811
    return fill(local_store)


@pytest.fixture
def back_up(local_store, tmp_path) -> Callable[..., Made]:
    return lambda **more: make_backup(tmp_path / "backup", store=more.pop("store", local_store), **more)


def listed(folder: Path) -> list[dict[str, Any]]:
    """Lines of a backup's manifest."""
    with gzip.open(folder / "store.ndjson.gz") as lines:
        return [json.loads(line) for line in lines]


def recover(folder: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own."""
    command = [sys.executable, "manage.py", "recover", str(folder), *words]
    return subprocess.run(command, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, check=False)
