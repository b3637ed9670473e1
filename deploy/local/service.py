"""What a private service is: a program, how it is started, when it is ready, how it is stopped."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.errors import UsageError


def do_nothing() -> None:
    """Stand for a step that a service does not need."""


@dataclass(frozen=True, slots=True)
class Service:
    """One program under a supervisor.

    `after` names the services that must be ready before it starts, and that stay up until it has stopped.
    A program that `finishes` is ready when it has ended with exit code 0; any other must go on running.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]  # all of it: nothing is added but the supervisor's mark
    is_ready: Callable[[], bool] | None = None  # None: ready once started
    prefix: tuple[str, ...] = ()  # run before `command`, to change user
    ports: tuple[int, ...] = ()
    other_ports: str = ""  # what to do, beside stopping the other program, when one of `ports` is in use
    after: tuple[str, ...] = ()
    finishes: bool = False
    before_start: Callable[[], None] = do_nothing
    when_ready: Callable[[], None] = do_nothing
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 90.0
    stop_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Provision:
    """Services that do one thing together, and the settings by which the archive finds them."""

    services: tuple[Service, ...]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a program runs as which refuses to be root."""

    prefix: tuple[str, ...]
    owner: tuple[int, int] | None  # user and group that its folder has to belong to, where that is not us

    def run(self, command: list[str], *, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a short command as this user."""
        full = [*self.prefix, *command]
        return subprocess.run(full, env=environment, cwd="/", capture_output=True, text=True, check=False)

    def hand_over(self, folder: Path) -> None:
        """Let this user write to `folder`. Raises UsageError where a folder above it shuts that user out."""
        if self.owner is None:
            return
        os.chown(folder, *self.owner)
        if self.run(["test", "-w", str(folder)], environment=os.environ).returncode != 0:
            raise UsageError(
                f"PostgreSQL refuses to run as root, and the user it runs as can not reach {folder}. "
                "Run this as another user, or move the checkout to a folder that every user may enter, such as /srv."
            )


def account_of(name: str) -> Account:
    """Find how to run a program that refuses to be root: as we are, unless we are root; then as user `name`."""
    if os.geteuid() != 0:
        return Account(prefix=(), owner=None)
    user = pwd.getpwnam(name)
    # Inside a user namespace root's own files belong to `name`, so that a checkout under /root will do.
    mapped = ("unshare", "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}", "--")
    if shutil.which("unshare") and subprocess.run([*mapped, "true"], capture_output=True, check=False).returncode == 0:
        return Account(prefix=mapped, owner=None)
    identity = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", "--")
    return Account(prefix=identity, owner=(user.pw_uid, user.pw_gid))
