"""PostgreSQL's own programs: where they are, of which version, and one run of them."""

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from archive.errors import FatalError, UsageError

DEBIAN = Path("/usr/lib/postgresql")  # a folder for each major version; the programs of PATH choose one by themselves
LAST_LINES = 8
# By kill -9 of this process they would go on alone.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
SETTINGS = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}


@dataclass(frozen=True, slots=True)
class Programs:
    """pg_dump and pg_restore of one major version."""

    folder: Path
    version: int

    def command(self, name: str, *words: str) -> list[str]:
        return [str(self.folder / name), *words]


def find_programs(*, at_least: int) -> Programs:
    """Programs of the major version `at_least`, or else of a later one: older ones refuse a server that is newer.

    Raises UsageError, with what to install, where there are none.
    """
    seen = [Programs(folder, version) for folder in _folders() if (version := _version_in(folder))]
    fit = sorted((each for each in seen if each.version >= at_least), key=lambda each: each.version)
    if fit:
        return fit[0]
    there = ", ".join(f"{each.version} in {each.folder}" for each in seen) or "none"
    raise UsageError(
        f"pg_dump and pg_restore of PostgreSQL {at_least} or later are needed; here are: {there}. Install "
        f"postgresql-client-{at_least} (wiki.postgresql.org/wiki/Apt), or put the folder that has them into PATH."
    )


def _folders() -> Iterator[Path]:
    yield from sorted(DEBIAN.glob("[0-9]*/bin"))
    if found := shutil.which("pg_dump"):
        yield Path(found).parent


def _version_in(folder: Path) -> int:
    """Major version of both programs; 0 where one of them is missing or does not start."""
    versions = set()
    for name in ("pg_dump", "pg_restore"):
        try:
            told = subprocess.run([folder / name, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - a program of PostgreSQL
        except (OSError, subprocess.CalledProcessError):
            return 0
        versions.add(int(match[1]) if (match := re.search(r"\(PostgreSQL\)\s+(\d+)", told)) else 0)
    return versions.pop() if len(versions) == 1 else 0


def environment_of(using: str) -> dict[str, str]:
    """What leads the programs to a database of Django's. Their messages are in English: we read them."""
    known = connections[using].settings_dict
    given = {variable: str(known[name]) for name, variable in SETTINGS.items() if known[name]}
    options = {f"PG{name.upper()}": str(known["OPTIONS"][name]) for name in _LIBPQ if name in known["OPTIONS"]}
    return {**os.environ, **given, **options, "LC_ALL": "C"}


_LIBPQ = ("sslmode", "sslcert", "sslkey", "sslrootcert")


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    line_seen: Callable[[str], object] = lambda _line: None,
) -> None:
    """Run a program to its end; `line_seen` hears of each line of its messages.

    Raises FatalError with its last lines when it ends with an error.
    """
    guard = DIES_WITH_US if shutil.which(DIES_WITH_US[0]) else ()
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(  # noqa: S603 - words of ours, and no shell
        [*guard, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(environment),
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stderr or ():
                last.append(line.rstrip())
                line_seen(line)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        name = Path(command[0]).name
        raise FatalError(f"{name} ended with {process.returncode}:\n" + "\n".join(last))
