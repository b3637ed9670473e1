"""A streaming replica of a private PostgreSQL, for the tests."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.service import Provision, account_of, do_nothing
from deploy.local.services import FAST_AND_FORGETFUL, Cluster, Door, plain_environment, programs_for, server_of


@dataclass(frozen=True, slots=True)
class Copy(Cluster):
    """A data folder that begins as a copy of a running primary's and follows it."""

    primary: Door

    def _fill(self, unfinished: Path) -> subprocess.CompletedProcess[str]:
        door = self.primary
        there = plain_environment(PGHOST="127.0.0.1", PGPORT=str(door.port), PGUSER=door.user, PGPASSWORD=door.password)
        copy = [self.program("pg_basebackup"), f"--pgdata={unfinished}", "--checkpoint=fast", "--no-sync"]
        return self.account.run([*copy, "--write-recovery-conf", "--no-manifest"], environment=there)


def replica(folder: Path, door: Door, *, primary: Door, database: str, apply_delay_ms: int) -> Provision:
    """A replica that applies each commit `apply_delay_ms` after the primary made it.

    The primary needs nothing that `initdb` and a role with the right of replication do not give.
    """
    data = folder / "data"
    programs = programs_for(data)
    copy = Copy(data, door, database, programs=programs, account=account_of("postgres"), primary=primary)
    folder.mkdir(parents=True, exist_ok=True)
    options = ("shared_buffers=64MB", f"recovery_min_apply_delay={apply_delay_ms}ms", *FAST_AND_FORGETFUL)
    service = server_of(copy, "replica", options, when_ready=do_nothing)
    return Provision((service,), {"DB_HOST_READER": f"127.0.0.1:{door.port}"})
