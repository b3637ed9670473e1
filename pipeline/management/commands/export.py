"""`manage.py export`: science rows as lines of JSON; products as a tree of folders."""

import argparse
import sys
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand
from tqdm import tqdm

from archive.domain.science import told


class Command(BaseCommand):
    help = "Write every science row as a line of JSON, the same rows always as the same bytes."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        science = verbs.add_parser("science", help="every science row, a line of JSON each, in an order of its own")
        science.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, *_args: Any, file: Path | None, **_options: Any) -> None:
        if file is None:
            _write_science(sys.stdout.buffer)
            return
        part = file.with_name(f"{file.name}.part")
        with part.open("wb") as target:
            _write_science(target)
        part.replace(file)  # whole, or not there


def _write_science(target: BinaryIO) -> None:
    with tqdm(total=told.number_of_rows(), unit="row", desc="Exporting", disable=None) as bar:
        for line in told.everything():
            target.write(line)
            bar.update()
