"""`manage.py sample_frames FOLDER`: write the simulated nights."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.errors import UsageError
from archive.management import arguments
from ingest.simulation.frames import files_of
from ingest.simulation.night import Exposure, plan, recent_night

logger = structlog.get_logger(__name__)


class Command(ArchiveCommand):
    help = (
        "Write FITS frames of two simulated nights into FOLDER: one of 2025, public by now, and a recent one that is "
        "still proprietary. Files that are there already are left alone; the same arguments give the same bytes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--seed", type=int, default=1, help="of stars and noise, zero or more; default 1")
        parser.add_argument(
            "--night", type=arguments.night, help="the recent night, YYYY-MM-DD; default: the first of the month"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        seed: int = options["seed"]
        if seed < 0:
            raise CommandError(f"--seed is {seed}: give zero or more.")
        night: date = options["night"] or recent_night(datetime.now(UTC).date())
        try:
            exposures = plan(night)
        except UsageError as error:
            raise CommandError(str(error)) from error
        folder.mkdir(parents=True, exist_ok=True)
        n_written = sum(
            write_missing(exposure, folder=folder, seed=seed)
            for exposure in tqdm(exposures, unit="exposure", desc="Simulating", disable=None)
        )
        logger.info("sample_frames_written", folder=str(folder), night=str(night), seed=seed, n_written=n_written)
        n_files = sum(len(exposure.filenames) for exposure in exposures)
        self.stdout.write(f"{n_written} of {n_files} frames written to {folder}; the others were there already.")


def write_missing(exposure: Exposure, *, folder: Path, seed: int) -> int:
    """Write those files of an exposure that `folder` lacks, and say how many."""
    missing = [name for name in exposure.filenames if not (folder / name).exists()]
    if not missing:
        return 0
    files = files_of(exposure, seed=seed)
    for name in missing:
        # Under another name first: a file that is there is whole, even if the command was stopped.
        partial = folder / f".{name}.partial"
        partial.write_bytes(files[name])
        partial.replace(folder / name)
    return len(missing)
