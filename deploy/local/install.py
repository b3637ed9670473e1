"""Install what is missing for `make run`, `make test` or `make lint`. Standard library only.

Called as `python3 -m deploy.local.install run|test|ceph|lint`, from the checkout.
"""

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from archive.errors import ArchiveError
from deploy.local import client, packages, venvs


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other set-up of this checkout is at work."""
    path = venvs.ROOT / "var" / "install.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this checkout is at work; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(purpose: str) -> None:
    """Install what `purpose` (run, test, ceph or lint) needs. Raises UsageError when a person has to do a part."""
    with _alone():
        # The linters load Django's settings, and these load the GDAL and GEOS that PostGIS brings.
        packages.require_packages(purpose=purpose)
        venvs.require_archive(lint=purpose == "lint")
        client.require_client()
        if purpose in {"test", "ceph"}:
            venvs.require_test_tools()


def main() -> int:
    parser = argparse.ArgumentParser(description="Install what is missing.")
    parser.add_argument("purpose", choices=["run", "test", "ceph", "lint"])
    try:
        install(parser.parse_args().purpose)
    except ArchiveError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
