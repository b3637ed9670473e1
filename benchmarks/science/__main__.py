"""`make bench-science`: measure, and print one line per figure. `ONLY=strehl,seeing` measures some of it.

A group is a module here with `measure()`, which gives its figures as they come. All seeds are fixed: the figures are
the same each time. Ends with 1 if one of them missed its aim.
"""

import os
import sys
from importlib import import_module

from archive.errors import ArchiveError
from benchmarks.choice import chosen
from benchmarks.report import headline

GROUPS = (
    *("factors", "strehl", "other_halos", "core_halo", "seeing", "registration", "planets", "faint_cube"),
    *("contrast", "companions", "injections", "false_alarms", "adi"),
)


def run(names: list[str]) -> bool:
    """Whether every figure met its aim."""
    print(headline(), flush=True)
    all_met = True
    for name in names:
        print(f"\n{name}", flush=True)
        for figure in import_module(f"benchmarks.science.{name}").measure():
            print(figure.line(), flush=True)
            all_met &= figure.is_met
    return all_met


def main() -> int:
    try:
        all_met = run(chosen(os.environ.get("ONLY", ""), among=GROUPS))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except ArchiveError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
