"""Which reads a real replica is trusted with: its lag, its limit, its faults in the middle of a read."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from archive.domain import replica
from tests.flows.standby import Standby, a_standby
from tests.processes import until


@pytest.fixture(scope="module")
def standby(services, django_db_setup) -> Iterator[Standby]:
    with a_standby(services) as made:
        yield made


@pytest.fixture(scope="module")
def alias(standby) -> Iterator[None]:
    """The replica as this process's second database, on the database of the tests, which it has copied.

    Before Django sets a test up: a mirror, once known, is neither made nor flushed.
    """
    ours = connections.databases["default"]
    theirs = {"HOST": standby.host, "PORT": standby.port, "TEST": {**ours["TEST"], "MIRROR": "default"}}
    connections.databases[replica.READER] = {**ours, **theirs}
    yield
    del connections.databases[replica.READER]


@pytest.fixture
def reader(alias, standby, transactional_db, settings, monkeypatch) -> Iterator[None]:
    """A process that may read from the replica, and knows nothing of it yet."""
    monkeypatch.setattr(replica, "_watch", replica._Watch())
    settings.REPLICA_MAX_LAG = timedelta(hours=1)
    standby.catch_up()
    yield
    connections[replica.READER].close()
    del connections[replica.READER]


in_process = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def alias_for(user, *, after: timedelta = timedelta(0)) -> str:
    return replica.reading_alias(user, at=timezone.now() + after)


@in_process
def test_pages_of_readers_come_from_a_fresh_replica_and_those_of_staff_from_the_primary(reader, bob, admin):
    assert alias_for(bob) == "reader"
    assert alias_for(admin) == "default"
    bob.is_staff = True
    assert alias_for(bob) == "default"


@in_process
def test_a_primary_that_writes_nothing_makes_no_lag(reader):
    until(lambda: replica.standing(at=timezone.now()).lag == timedelta(0), what="no lag")


@in_process
def test_the_lag_is_asked_every_few_seconds_and_a_limit_holds(reader, standby, frame_factory, bob, settings):
    settings.REPLICA_MAX_LAG = timedelta(0)
    until(lambda: replica.standing(at=timezone.now()).is_fresh, what="no lag")
    with standby.held():
        frame_factory()
        assert alias_for(bob) == "reader"  # as it was a moment ago
        assert alias_for(bob, after=timedelta(seconds=3)) == "default"
        settings.REPLICA_MAX_LAG = timedelta(hours=1)
        assert alias_for(bob, after=timedelta(seconds=6)) == "reader"


@in_process
def test_a_replica_that_lost_its_primary_grows_old_though_it_has_replayed_all_that_it_received(
    reader, standby, frame_factory
):
    primary = standby.ask("SHOW primary_conninfo")
    standby.follow("")
    try:
        with connection.cursor() as cursor:

            def followers() -> int:
                cursor.execute("SELECT count(*) FROM pg_stat_replication")
                return int(cursor.fetchone()[0])

            until(lambda: followers() == 0, what="nobody follows")
        frame_factory()
        first, second = (replica.standing(at=timezone.now()).lag for _ in range(2))
        assert timedelta(0) < first < second
    finally:
        standby.follow(primary)
    standby.catch_up()


@in_process
def test_a_database_that_is_no_replica_of_the_primary_is_not_read(reader, bob, monkeypatch):
    monkeypatch.setitem(connections.databases[replica.READER], "PORT", connections.databases["default"]["PORT"])
    assert alias_for(bob) == "default"
    assert replica.standing(at=timezone.now()).fault == "DB_HOST_READER is no streaming replica of DB_HOST"


def read_with(on_replica: str) -> Callable[[str], str]:
    """A read that the replica answers with the error that `on_replica` makes."""

    def read(alias: str) -> str:
        with connections[alias].cursor() as cursor:
            cursor.execute(on_replica if alias == "reader" else "SELECT 1")
        return alias

    return read


@in_process
def test_a_connection_that_breaks_in_a_read_is_taken_up_by_the_primary_and_the_replica_left_alone(reader, bob, caplog):
    now = timezone.now()
    broken = read_with("SELECT pg_terminate_backend(pg_backend_pid())")
    assert replica.with_fallback(broken, bob, at=now) == "default"
    assert replica.with_fallback(read_with("SELECT 1"), bob, at=now + timedelta(seconds=20)) == "default"
    assert replica.with_fallback(read_with("SELECT 1"), bob, at=now + timedelta(seconds=40)) == "reader"
    told = [record.msg["event"] for record in caplog.records if isinstance(record.msg, dict)]
    assert [event for event in told if event != "replica_failed_a_read"] == [
        "replica_taken", "replica_left", "replica_taken",
    ]  # fmt: skip


@in_process
def test_a_read_that_replay_cancels_is_repeated_and_the_replica_kept(reader, bob):
    cancelled = read_with("DO $$ BEGIN RAISE 'conflict with recovery' USING ERRCODE = '40001'; END $$")
    assert replica.with_fallback(cancelled, bob, at=timezone.now()) == "default"
    assert replica.with_fallback(read_with("SELECT 1"), bob, at=timezone.now()) == "reader"


@in_process
def test_a_time_limit_is_not_given_twice(reader, bob):
    with pytest.raises(OperationalError, match="statement timeout"):
        replica.with_fallback(read_with("SET statement_timeout = 1; SELECT pg_sleep(60)"), bob, at=timezone.now())
