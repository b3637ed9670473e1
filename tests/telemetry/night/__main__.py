"""Writes a night from the command line."""

import argparse
import sys
from pathlib import Path

from tests.telemetry.night.make import ROLL_OVER_BYTES, Night, make_night


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.telemetry.night", description="Write a synthetic night of telemetry."
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hosts", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--devices", type=int, default=162)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--roll-over-bytes", type=int, default=ROLL_OVER_BYTES)
    parser.add_argument(
        "--into", type=Path, required=True, metavar="DIR", help="a folder that is empty or not there yet"
    )
    asked = parser.parse_args()
    if asked.into.exists() and any(asked.into.iterdir()):
        parser.error(f"{asked.into} is not empty: name another folder.")
    night = Night(asked.seed, asked.hosts, asked.devices, asked.hours, asked.roll_over_bytes)
    expected = make_night(night, asked.into)
    sys.stdout.write(f"{expected.total} records in {len(expected.files)} files; checksum {expected.checksum}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
