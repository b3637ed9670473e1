"""A real streaming replica of the tests' PostgreSQL that applies late, and may be held where it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.db import connection

from deploy.local.testing import Replica, ServicesOfTests
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


@contextmanager
def a_standby(services: ServicesOfTests) -> Iterator[Standby]:
    """One for the tests of a file: it is there after the tests' database is, and copies that too."""
    server = services.add_replica(apply_delay_ms=APPLY_DELAY_MS)
    yield Standby(server)
    server.stop()
