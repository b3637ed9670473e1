"""How far a replica is behind, whether there is one, and what Django may do on it. tests/flows has a real one."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from archive.domain import replica
from archive.domain.replica import Place, lag_at_most
from archive.models import Frame
from tests.processes import ROOT

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def place(log_bytes: int, seconds: int) -> Place:
    return Place(log_bytes, NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("replayed_bytes", "last_commit_s", "lag_s"),
    [
        (500, -3600, 0),  # it has all, however long ago the last of it came
        (510, -3600, 0),  # and what was written since
        (400, -3600, 4),  # it has what was written 4 s ago, and nothing was committed in the hour before
        (450, -3600, 4),
        (450, -1, 1),  # a part of what came since
        (100, -30, 30),  # older than anything seen of the log: its last commit tells
        (100, None, None),
        (499, 2, 0),  # a commit that was made between the two questions
    ],
)
def test_the_lag_is_the_least_that_is_sure(replayed_bytes, last_commit_s, lag_s):
    last_commit_at = None if last_commit_s is None else NOON + timedelta(seconds=last_commit_s)
    seen = [place(200, -8), place(300, -6), place(400, -4), place(460, -2)]
    found = lag_at_most(place(500, 0), seen, replayed_bytes=replayed_bytes, last_commit_at=last_commit_at)
    assert found == (None if lag_s is None else timedelta(seconds=lag_s))


def test_without_a_replica_everything_is_read_from_the_primary(now):
    assert not replica.is_configured()
    assert replica.reading_alias(AnonymousUser(), at=now) == "default"
    assert replica.with_fallback(str.upper, AnonymousUser(), at=now) == "DEFAULT"


def test_rows_that_were_read_from_the_replica_are_written_to_the_primary_and_migrations_leave_it_alone():
    router = replica.PrimaryWrites()
    assert router.db_for_write(Frame) == "default"
    assert (router.allow_migrate("default", "archive"), router.allow_migrate("reader", "archive")) == (True, False)


def databases(**settings: str) -> str:
    """Hosts and ports as a process with these settings has them."""
    code = "from settings import DATABASES as d; print([(n, d[n]['HOST'], d[n]['PORT']) for n in d])"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DB_")}
    environment = {**plain, "ENV_FILE": "", **settings}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "[('default', '127.0.0.1', 5432)]"),
        ({"DB_HOST": "db"}, "[('default', 'db', 5432)]"),  # the reader's default names no replica of it
        ({"DB_HOST": "db", "DB_HOST_READER": "db"}, "[('default', 'db', 5432)]"),
        ({"DB_HOST": "db", "DB_HOST_READER": "db:5432"}, "[('default', 'db', 5432)]"),
        ({"DB_HOST": "db", "DB_HOST_READER": ""}, "[('default', 'db', 5432)]"),
        ({"DB_HOST_READER": "two", "DB_PORT": "6"}, "[('default', '127.0.0.1', 6), ('reader', 'two', 6)]"),
        ({"DB_HOST_READER": "two:7", "DB_PORT": "6"}, "[('default', '127.0.0.1', 6), ('reader', 'two', 7)]"),
        ({"DB_HOST_READER": "[::1]:7"}, "[('default', '127.0.0.1', 5432), ('reader', '::1', 7)]"),
        ({"DB_HOST_READER": "::1"}, "[('default', '127.0.0.1', 5432), ('reader', '::1', 5432)]"),
    ],
)
def test_there_is_a_reader_only_when_one_is_named_that_is_not_the_primary(settings, expected):
    assert databases(**settings) == expected


@pytest.mark.parametrize("address", ["two:", "two:x", "two:0", "two:70000"])
def test_an_address_of_no_port_stops_the_start(address):
    assert "DB_HOST_READER" in databases(DB_HOST_READER=address)
