"""`make run`: the whole archive on this machine, in the foreground, until Ctrl-C.

Called as `.venv/bin/python -m deploy.local.run`, from the checkout.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from archive.errors import ArchiveError, FatalError, UsageError
from deploy.local.files import write_private
from deploy.local.private import keep_secrets, port_of, private_services, settings_of_run
from deploy.local.processes import MANAGE, Archive
from deploy.local.supervisor import DIES_WITH_US, Supervisor
from deploy.local.venvs import ROOT

VAR = ROOT / "var"
RUN = VAR / "run"
ENV_FILE = VAR / "run.env"
CREDENTIALS = VAR / "credentials"
STORE = VAR / "store"
SAMPLE = VAR / "sample"
SAMPLE_INGESTED = RUN / "sample-ingested"
NIGHT = VAR / "night"
NIGHT_INGESTED = RUN / "night-ingested"
NIGHT_REFERENCES = "12"  # stars that the light of others is taken out by
NIGHT_FRAMES = "30"  # of each exposure at most: enough to see, and soon there
PLANETS = "24"  # programme of the planet in a simulated night
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(line: str) -> None:
    print(line, flush=True)


def _ends_already(*_: object) -> None:
    """Stand for SIG_IGN: Python shows a traceback for a signal that came before its handler was set to that."""


def _end(*_: object) -> NoReturn:
    for each in ENDING:
        signal.signal(each, _ends_already)  # the stop takes seconds; a second Ctrl-C must not cut it short
    raise KeyboardInterrupt


@contextmanager
def _alone() -> Iterator[None]:
    """Hold this checkout's lock. Raises UsageError if another run holds it."""
    RUN.mkdir(parents=True, exist_ok=True)
    RUN.chmod(0o711)  # the user that PostgreSQL runs as may have to pass through
    with (RUN / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError("The archive of this checkout is running already, in another terminal.") from None
        yield


@contextmanager
def _told_to_others(settings: dict[str, str]) -> Iterator[None]:
    """Tell `manage.py` in other terminals which services to use, while they are up."""
    write_private(ENV_FILE, {"RUN_PID": str(os.getpid()), **settings})
    try:
        yield
    finally:
        ENV_FILE.unlink(missing_ok=True)


class Run:
    """One run of the archive, from nothing to its last process."""

    def __init__(self, supervisor: Supervisor, archive: Archive) -> None:
        self._supervisor = supervisor
        self._archive = archive
        self._database_is_ours = "postgres" in archive.backing
        self._knows_admin = self._database_is_ours and CREDENTIALS.exists() and (RUN / "postgres" / "data").exists()
        self._wants_sample = self._database_is_ours and not SAMPLE_INGESTED.exists()
        self._wants_night = self._database_is_ours and not NIGHT_INGESTED.exists()

    def manage(self, *arguments: str) -> None:
        """Run one of the archive's commands in the foreground. Raises FatalError if it fails."""
        command = [*DIES_WITH_US, *MANAGE, *arguments]
        environment = self._supervisor.marked(self._archive.environment)
        done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise FatalError(f"`manage.py {' '.join(arguments)}` failed; what it says stands above.")

    def fill(self) -> None:
        """Make the first user and take the sample frames in, where they are missing."""
        if not self._knows_admin:
            self.manage("create_admin", "--credentials", str(CREDENTIALS))
        if self._wants_sample:
            self.manage("sample_frames", str(SAMPLE))
            self.manage("ingest", str(SAMPLE))
            SAMPLE_INGESTED.touch()

    def fill_gallery(self) -> None:
        """Make the pictures in colour of the sample frames at once: beat looks for such only every hour."""
        if self._wants_sample:
            self.manage("colour_pictures")

    def fill_night(self) -> None:
        """Take a simulated night of the adaptive-optics camera in, where it is missing; the workers reduce it."""
        if not self._wants_night:
            return
        say("A night of the adaptive-optics camera is simulated and taken in; the archive can be used meanwhile.")
        self.manage("simulate_night", str(NIGHT), "--frames", NIGHT_FRAMES, "--references", NIGHT_REFERENCES)
        self.manage("proposal", PLANETS, "--title", "Planets", "--planetary")
        for folder in sorted(NIGHT.glob("2*")):
            self.manage("ingest", str(folder))
        NIGHT_INGESTED.touch()
        say("The night is in. Its reductions: /nights/; what is under way: `manage.py reductions status`.")
        for folder in sorted(NIGHT.glob("2*")):
            self._fill_library(f"{folder.name[:4]}-{folder.name[4:6]}-{folder.name[6:]}")

    def _fill_library(self, night: str) -> None:
        """Put the night's single stars into the PSF library once they are reduced, and wait for what follows."""
        self.manage("reductions", "wait", "--night", night)
        self.manage("psf_library", "add", "--night", night, "--reason", "single stars of the simulated night")
        self.manage("reductions", "wait", "--night", night)
        say("All of the night is made. Limits of contrast: /quality/contrast/; what was found: /quality/companions/.")


def _tell_addresses(archive: Archive, took_s: float) -> None:
    say(f"\nThe archive is up ({took_s:.1f} s).\n")
    for label, path in (
        ("pages", "/search/"),
        ("frames", "/frames/"),
        ("gallery", "/gallery/"),
        ("nights", "/nights/"),
        ("API", "/swagger/"),
        ("admin", "/admin/"),
    ):
        say(f"    {label:<8} http://127.0.0.1:{archive.port}{path}")
    say(f"    {'live':<8} http://127.0.0.1:{archive.stream_port}/events/")
    say(f"\nUser, password and token: {CREDENTIALS}. Logs: {RUN / 'log'}. Ctrl-C stops everything.\n")


def run() -> NoReturn:
    """Bring everything up and keep it up, until a signal ends this process."""
    started_s = time.monotonic()
    STORE.mkdir(exist_ok=True)  # a store elsewhere is the user's to make: its disk may not be mounted
    known = keep_secrets(RUN / "secrets")
    provisions = private_services(RUN, known)
    settings = settings_of_run(provisions, known, store=STORE)
    backing = [service for provision in provisions for service in provision.services]
    port = port_of("PORT")
    archive = Archive(port, port + 1, settings, tuple(service.name for service in backing), RUN)
    with _told_to_others(settings), Supervisor(logs=RUN / "log", say=say) as supervisor:
        mine = Run(supervisor, archive)
        steps = archive.steps()
        # Up means that pages and uploads work. RabbitMQ takes longest; until it is there, events wait in the outbox.
        supervisor.start([*backing, *steps, archive.web(steps), archive.stream(), *archive.background()], until="web")
        archive.remember_static_files()
        mine.fill()
        _tell_addresses(archive, time.monotonic() - started_s)
        mine.fill_gallery()
        mine.fill_night()
        supervisor.watch()


def main() -> int:
    os.umask(0o077)
    for each in ENDING:
        signal.signal(each, _end)
    try:
        with _alone():
            run()
    except KeyboardInterrupt:
        say("Stopped.")
    except ArchiveError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
