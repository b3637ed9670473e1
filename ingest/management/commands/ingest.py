"""`manage.py ingest PATH…`: files and folders by hand, through the one door."""

import argparse
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.errors import ArchiveError
from ingest.batch import Fate, Outcome, ingest_many
from ingest.management.arguments import be_quiet, check_store, key_and_value
from ingest.names import has_header, split_name
from ingest.watch import FolderWatch


class Command(ArchiveCommand):
    help = (
        "Take files into the archive. Folders are walked; what is in the archive already is left alone, so the "
        "command is safe to repeat. A file that can not be taken is reported and does not stop the others."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders to walk")
        parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that read files (default 1)")
        parser.add_argument(
            "--given",
            action="append",
            default=[],
            type=key_and_value,
            metavar="KEY=VALUE",
            help="metadata to add to each file's header, or to stand for it where the file is no FITS; repeatable",
        )

        parser.add_argument(
            "--watch", action="store_true", help="stay, and take in what comes to rest in one folder, until stopped"
        )

    def handle(
        self, *_args: Any, paths: list[Path], workers: int, given: list[tuple[str, str]], watch: bool, **_: Any
    ) -> None:
        if workers < 1:
            raise CommandError("--workers must be 1 or more.")
        check_store(self)
        if not watch:
            be_quiet()
        if watch:
            self._watch(paths, dict(given))
        else:
            self._take(paths, workers, dict(given))

    def _watch(self, paths: list[Path], given: dict[str, str]) -> None:
        if len(paths) != 1 or not paths[0].is_dir():
            raise CommandError("--watch takes one folder that exists.")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        FolderWatch(paths[0], given=given).run(stopped)

    def _take(self, paths: list[Path], workers: int, given: dict[str, str]) -> None:
        files, skipped = _found(paths)
        outcomes: list[Outcome] = []
        with tqdm(total=len(files), unit="file", desc="Ingesting", disable=None) as bar:
            for outcome in ingest_many(files, workers=workers, given=given):
                outcomes.append(outcome)
                bar.update()
                if outcome.fate is Fate.FAILED:
                    bar.write(f"{outcome.path}: {outcome.reason}", file=self.stderr)
        self._report(outcomes, skipped)

    def _report(self, outcomes: list[Outcome], skipped: int) -> None:
        counts = {fate: sum(outcome.fate is fate for outcome in outcomes) for fate in Fate}
        summary = f"{counts[Fate.NEW]} new, {counts[Fate.HELD]} already held, {counts[Fate.FAILED]} failed"
        if skipped:
            summary += f", {skipped} skipped that are no FITS files"
        self.stdout.write(summary)
        if counts[Fate.FAILED]:
            raise CommandError(
                f"{counts[Fate.FAILED]} of {len(outcomes)} files were not taken; the reasons stand above."
            )


def _found(paths: list[Path]) -> tuple[list[Path], int]:
    """Files named, and FITS files in the folders named, each once; and how many others the folders hold."""
    files: dict[Path, None] = {}
    skipped = 0
    for path in paths:
        if not path.exists():
            raise CommandError(f"{path} does not exist.")
        for file in sorted(_walked(path)) if path.is_dir() else [path]:
            if file is path or _may_be_frame(file):
                files[file] = None
            else:
                skipped += 1
    return list(files), skipped


def _walked(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _may_be_frame(path: Path) -> bool:
    try:
        return has_header(split_name(path.name)[1])
    except ArchiveError:
        return True  # taken on, so that its bad name is reported with the others
