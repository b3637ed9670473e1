"""From a command line to one call. What a user did wrong ends in a sentence, never in a traceback."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from django.db import Error as DatabaseError
from django.db import OperationalError, connections

from telemetry.cli.parser import build_parser
from telemetry.config import Config, dump, read_config
from telemetry.errors import TelemetryError, UsageError
from telemetry.standalone import configure

DONE, SOME_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command: what is configured, which databases (aliases of Django), how much is told."""

    config: Config
    databases: tuple[str, ...]
    prog: str
    verbose: bool = False

    @property
    def using(self) -> str:
        """The database that is asked; the first of several."""
        return self.databases[0]

    def say(self, text: str = "") -> None:
        sys.stdout.write(f"{text}\n")

    def tell(self, text: str) -> None:
        """Say what is no result: a note, a failed file."""
        sys.stderr.write(f"{text}\n")


def main(argv: Sequence[str] | None = None, *, prog: str = "xtelemdb", own_database: bool = True) -> int:
    """Run one command; its exit code. 0: done, 1: some of it failed, 2: refused, with a sentence on standard error.

    Without `own_database` Django is set up already, and its default database is used.
    """
    parser = build_parser(prog)
    asked = parser.parse(sys.argv[1:] if argv is None else argv)
    if not (asked.run or asked.dump_config):
        parser.print_help()
        return REFUSED
    return _in_plain_words(partial(_run, asked, prog, own_database=own_database), prog)


def _run(asked: Namespace, prog: str, *, own_database: bool) -> int:
    config = read_config([Path(path) for path in asked.config], asked.words)
    if asked.dump_config:
        sys.stdout.write(dump(config))
        return DONE
    databases = configure(config) if own_database else _of_the_archive(config)
    session = Session(config, databases, prog, verbose=asked.verbose)
    for note in config.notes:
        session.tell(note)
    module, _, function = asked.run.partition(":")
    # Only now: models can be imported once Django is set up.
    return int(getattr(import_module(f"telemetry.cli.{module}"), function)(session, asked))


def _in_plain_words(run: Callable[[], int], prog: str) -> int:
    try:
        return run()
    except TelemetryError as error:
        return _refused(prog, str(error))
    except DatabaseError as error:
        return _refused(prog, _plainly(error))
    except BrokenPipeError:
        # Whoever read the output has seen enough; what Python writes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return _refused(prog, "Interrupted. What was done is kept; run it again to go on.", INTERRUPTED)


def _of_the_archive(config: Config) -> tuple[str, ...]:
    if config.names_a_database:
        raise UsageError("Here the archive's own database is used: leave `database` out, or run xtelemdb.")
    return ("default",)


def _refused(prog: str, text: str, code: int = REFUSED) -> int:
    sys.stderr.write(f"{prog}: {text}\n")
    return code


def _plainly(error: DatabaseError) -> str:
    """What the database said, and what to do."""
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, OperationalError) and not any(
        each.connection for each in connections.all(initialized_only=True)
    ):
        return f"The database does not answer: {said}. Look at `database` in the configuration, or run `check`."
    code = getattr(error.__cause__, "pgcode", "")
    if code in {"3F000", "42P01"}:
        return f"The tables of telemetry are not there ({said}): run `setup` first."
    if code == "42501":
        return f"The login may not do this ({said}): run it as the owner of the tables, or see `check`."
    return f"The database refuses: {said}."
