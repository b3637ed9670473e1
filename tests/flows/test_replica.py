"""A real streaming replica that applies late: what it may answer, what it never answers, and that it may go."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from django.core.cache import cache
from django.db import OperationalError, connection, connections
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import replica
from archive.domain.frames import delete_frame
from archive.models import Frame
from deploy.local.ports import PortBlock
from deploy.local.testing import Replica
from tests.archive.bodies import body
from tests.factories import FrameFactory
from tests.flows.web_server import web_server
from tests.processes import until

APPLY_DELAY_MS = 500  # each commit reaches the replica's readers that late


@dataclass
class Standby:
    """The replica in the hands of a test."""

    server: Replica

    @property
    def host(self) -> str:
        return self.server.address.split(":")[0]

    @property
    def port(self) -> str:
        return self.server.address.split(":")[1]

    def ask(self, question: str) -> Any:
        """The first column of the answer."""
        known = connection.settings_dict
        whose = {"user": known["USER"], "password": known["PASSWORD"]}
        link = psycopg2.connect(host=self.host, port=self.port, dbname="postgres", **whose)
        link.autocommit = True
        try:
            with link.cursor() as cursor:
                cursor.execute(question)
                return cursor.fetchone()[0] if cursor.description else None
        finally:
            link.close()

    def catch_up(self) -> None:
        """Wait until it has all that was committed."""
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")  # so that this commit takes all before it to the log
            cursor.execute("SELECT pg_logical_emit_message(true, 'tests', 'up to here')")
            cursor.execute("SELECT pg_current_wal_flush_lsn()")
            end = cursor.fetchone()[0]
        until(lambda: self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{end}'"), what="the replica has caught up")

    @contextmanager
    def held(self) -> Iterator[None]:
        """It stays where it is, however long a test takes."""
        self.ask("SELECT pg_wal_replay_pause()")
        try:
            until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused", what="replay has paused")
            yield
        finally:
            self.go_on()

    def go_on(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")

    def follow(self, primary: str) -> None:
        """Change whom it follows; nobody, when that is nothing."""
        self.ask(f"ALTER SYSTEM SET primary_conninfo = $${primary}$$")
        self.ask("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def standby(services, django_db_setup, django_db_blocker) -> Iterator[Standby]:
    server = services.add_replica(apply_delay_ms=APPLY_DELAY_MS)
    yield Standby(server)
    server.stop()


@dataclass
class Site:
    """An archive that reads from the replica, and the folder of its store."""

    address: str
    root: Path

    def get(self, path: str, token: str = "", **asked: str) -> requests.Response:
        headers = {"Authorization": f"Token {token}"} if token else {}
        return requests.get(f"{self.address}{path}", asked, headers=headers, timeout=30)

    def names(self, token: str = "", **asked: str) -> set[str]:
        """Names of the frames on the first page."""
        answer = self.get("/frames/", token, **asked)
        assert answer.status_code == 200, answer.text
        return {row["basename"] for row in answer.json()["results"]}

    def replica_is(self) -> dict[str, str]:
        cache.clear()  # the answer of a moment ago
        part: dict[str, str] = self.get("/health/ready/").json()["parts"]["replica"]
        return part


@dataclass
class Sites:
    """Starts archives that differ in how late a replica they put up with."""

    standby: Standby
    ports: PortBlock
    root: Path

    @contextmanager
    def site(self, *, most_lag_s: str) -> Iterator[Site]:
        port = self.ports.take()
        settings = {
            "DB_HOST_READER": self.standby.server.address,
            "REPLICA_MAX_LAG_SECONDS": most_lag_s,
            "FILESTORE_TYPE": "local",
            "FILESYSTEM_STORAGE_ROOT_DIR": str(self.root),
            "FILESYSTEM_STORAGE_BASE_URL": f"http://127.0.0.1:{port}/",
        }
        with web_server(port, **settings) as address:
            yield Site(address, self.root)


@pytest.fixture(scope="module")
def sites(standby, tmp_path_factory) -> Iterator[Sites]:
    ports = PortBlock()
    yield Sites(standby, ports, tmp_path_factory.mktemp("store"))
    ports.release()


@pytest.fixture(scope="module")
def site(sites) -> Iterator[Site]:
    with sites.site(most_lag_s="3600") as made:
        yield made


@pytest.fixture
def make_frame(transactional_db, use_store, sites) -> FrameFactory:
    cache.clear()
    return FrameFactory(use_store(type="local", root_dir=str(sites.root), base_url="http://127.0.0.1/"))


@pytest.fixture
def behind(standby, make_frame) -> Iterator[dict[str, Frame]]:
    """The primary has `kept` and `new`; the replica still shows `kept`, `hidden` and `deleted` to everybody."""
    frames = {name: make_frame() for name in ("kept", "hidden", "deleted")}
    standby.catch_up()
    with standby.held():
        Frame.objects.filter(pk=frames["hidden"].pk).update(public_date=None)
        delete_frame(frame_id=frames["deleted"].pk, at=timezone.now())
        frames["new"] = make_frame()
        yield frames


@pytest.fixture
def admin_token(admin) -> str:
    return str(Token.objects.get(user=admin).key)


def named(frames: dict[str, Frame], *wanted: str) -> set[str]:
    return {frames[name].basename for name in wanted}


def test_a_page_through_the_replica_shows_nothing_that_was_hidden_or_deleted_a_moment_ago(site, behind):
    assert site.names() == named(behind, "kept")  # that `new` is not there shows where the page comes from
    assert site.names(pagination_style="cursor") == named(behind, "kept")
    assert site.names(basename_exact=behind["hidden"].basename) == set()


def test_aggregates_of_readers_come_from_the_replica_and_those_of_superusers_from_the_primary(
    site, standby, make_frame, admin_token
):
    make_frame(site_id="lsc")
    standby.catch_up()
    with standby.held():
        make_frame(site_id="cpt")
        window = {"start": "2025-01-01", "end": "2025-12-31", "public": "true"}
        assert site.get("/frames/aggregate/", **window).json()["sites"] == ["lsc"]
        assert site.get("/frames/aggregate/", admin_token, **window).json()["sites"] == ["cpt", "lsc"]


def test_what_an_ingester_wrote_is_never_asked_of_a_replica(site, behind, admin_token):
    name, content = "lsc1m005-fa15-20250309-9999-e91", b"bytes of a client"
    md5 = hashlib.md5(content).hexdigest()
    path = site.root / "lsc/fa15/20250309/processed" / f"{name}.fits.fz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    posted = requests.post(
        f"{site.address}/frames/",
        json=body(basename=name, version_set=[{"key": md5, "md5": md5, "extension": ".fits.fz"}]),
        headers={"Authorization": f"Token {admin_token}"},
        timeout=30,
    )
    assert posted.status_code == 201, posted.text
    assert site.names(admin_token) == named(behind, "kept", "hidden", "new") | {name}
    assert [row["md5"] for row in site.get("/versions/", admin_token, md5=md5).json()["results"]] == [md5]


def test_a_single_frame_that_the_replica_lacks_is_found(site, behind):
    new, hidden = behind["new"].pk, behind["hidden"].pk
    assert site.names() == named(behind, "kept")
    for part in ("", "headers/", "related/", "download/"):
        assert site.get(f"/frames/{new}/{part}").status_code == 200
        assert site.get(f"/frames/{hidden}/{part}").status_code == 404


def test_a_replica_that_is_too_far_behind_answers_nothing(sites, behind, site):
    with sites.site(most_lag_s="0") as strict:
        assert strict.names() == named(behind, "kept", "new")
        assert strict.replica_is()["status"] == "reduced"
        assert "behind: pages come from the primary" in strict.replica_is()["detail"]
    assert site.replica_is()["status"] == "ok"


def test_the_replica_shows_late_what_the_primary_has_and_then_all_of_it(site, standby, behind):
    assert site.names() == named(behind, "kept")
    standby.go_on()
    standby.catch_up()
    assert site.names() == named(behind, "kept", "new")


def test_without_the_replica_everything_answers(site, standby, behind):
    assert site.names() == named(behind, "kept")
    standby.server.stop()
    try:
        assert site.names() == named(behind, "kept", "new")
        assert site.names() == named(behind, "kept", "new")  # it is left alone now
        for path in (f"/frames/{behind['new'].pk}/", "/frames/aggregate/", "/thumbnails/", "/health/ready/"):
            assert site.get(path).status_code == 200
        assert site.replica_is() == {
            "status": "reduced",
            "detail": "the replica does not answer: pages come from the primary",
        }
    finally:
        standby.server.start()
    assert site.replica_is()["status"] == "ok"  # whoever asks takes it into use again


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
def reader(alias, standby, make_frame, settings, monkeypatch) -> Iterator[None]:
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
def test_the_lag_is_asked_every_few_seconds_and_a_limit_holds(reader, standby, make_frame, bob, settings):
    settings.REPLICA_MAX_LAG = timedelta(0)
    until(lambda: replica.standing(at=timezone.now()).is_fresh, what="no lag")
    with standby.held():
        make_frame()
        assert alias_for(bob) == "reader"  # as it was a moment ago
        assert alias_for(bob, after=timedelta(seconds=3)) == "default"
        settings.REPLICA_MAX_LAG = timedelta(hours=1)
        assert alias_for(bob, after=timedelta(seconds=6)) == "reader"


@in_process
def test_a_replica_that_lost_its_primary_grows_old_though_it_has_replayed_all_that_it_received(
    reader, standby, make_frame
):
    primary = standby.ask("SHOW primary_conninfo")
    standby.follow("")
    try:
        with connection.cursor() as cursor:

            def followers() -> int:
                cursor.execute("SELECT count(*) FROM pg_stat_replication")
                return int(cursor.fetchone()[0])

            until(lambda: followers() == 0, what="nobody follows")
        make_frame()
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
