"""`manage.py export`: science rows as lines of JSON; products as a tree of folders."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain.science import told
from archive.errors import ArchiveError
from archive.management import arguments
from pipeline.restoring.tree_export import export_tree, files_of


class Command(ArchiveCommand):
    help = "Write every science row as a line of JSON, or the files of products as the original's tree of folders."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        science = verbs.add_parser("science", help="every science row, a line of JSON each, in an order of its own")
        science.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: standard output")

        tree = verbs.add_parser("tree", help="files of products in the folders of the original archive")
        tree.add_argument("folder", type=Path, metavar="FOLDER", help="made if it is not there; what is there stays")
        tree.add_argument("--night", type=arguments.night, help="only of this night, such as 2016-09-25")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        if verb == "science":
            _science(options["file"])
        else:
            self._tree(options["folder"], options["night"])

    def _tree(self, folder: Path, night: date | None) -> None:
        try:
            with tqdm(total=files_of(night).count(), unit="file", desc="Exporting", disable=None) as bar:
                done = export_tree(folder, night=night, seen=bar.update)
        except ArchiveError as error:
            raise CommandError(f"{error} What was written stays: start it again.") from error
        self.stdout.write(f"{done.n_written} files written, {done.n_there} were there.")


def _science(file: Path | None) -> None:
    if file is None:
        _write_science(sys.stdout.buffer)
        return
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as target:
        _write_science(target)
    part.replace(file)  # whole, or not there


def _write_science(target: BinaryIO) -> None:
    with (
        told.at_one_moment(),
        tqdm(total=told.number_of_rows(), unit="row", desc="Exporting", disable=None) as bar,
    ):
        for line in told.everything():
            target.write(line)
            bar.update()
