"""`make bench`: measure, and print one line per figure. `ONLY=ingest` or `ONLY=post,speed` measures some of it."""

import os
import signal
import sys
from importlib import import_module
from typing import NoReturn

from archive.errors import ArchiveError
from benchmarks import baselines
from benchmarks.choice import chosen
from benchmarks.report import headline
from benchmarks.services import Bench

# Each is a module with `measure(bench)`, which gives its figures as they come.
GROUPS = (
    *("ingest", "post", "speed", "downloads", "object_events", "live", "ao_night", "observations", "telemetry"),
    "backup",
    "muse",
    "pages",
    "cutouts",
)


def run(names: list[str]) -> None:
    print(headline(), flush=True)
    md5 = baselines.md5()
    print(f"{md5.says} on one core: {md5.value:.0f} {md5.unit}", flush=True)
    with Bench() as bench:
        for name in names:
            # Only now: it imports models, these need settings, and the settings name the services just started.
            for figure in import_module(f"benchmarks.{name}").measure(bench):
                print(figure.line(), flush=True)


def _end(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, _end)
    try:
        run(chosen(os.environ.get("ONLY", ""), among=GROUPS))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except ArchiveError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
