"""`manage.py simulate_night [FOLDER]`: write a night of the adaptive-optics camera that never was."""

import os
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from archive.command import ArchiveCommand
from pipeline.simulation.night import raw_folder, truth_folder, write_exposure
from pipeline.simulation.plan import Exposure, Night

logger = structlog.get_logger(__name__)

MOST_REFERENCES = 30  # until the end of the night
SIZE_PX, FULL_SIZE_PX, LEAST_SIZE_PX = 512, 1024, 64


class Command(ArchiveCommand):
    help = (
        "Write a simulated night of the adaptive-optics camera: raw cubes, darks, flats and seeing exposures into "
        "FOLDER/yyyymmdd, and what is true of them into FOLDER/truth/yyyymmdd. Exposures that are there already are "
        "left alone; the same arguments give the same bytes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        half_of_the_cores = max(1, (os.cpu_count() or 1) // 2)
        parser.add_argument("folder", type=Path, nargs="?", default=Path("var/simulated"), help="default: %(default)s")
        parser.add_argument("--date", type=_date, help="UTC, YYYYMMDD; default: the first of the month")
        parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn, zero or more; default 1")
        parser.add_argument("--size", type=int, help=f"side of a whole frame, pixels; default {SIZE_PX}")
        parser.add_argument("--frames", type=int, help="of each target; default: 8 to 100, by target")
        parser.add_argument(
            "--references", type=int, default=0, help="single bright stars beside the targets, for a PSF library"
        )
        parser.add_argument(
            "--full", action="store_true", help=f"as a real night: {FULL_SIZE_PX} pixels, up to a thousand frames each"
        )
        parser.add_argument(
            "--workers", type=int, default=half_of_the_cores, help="processes; default: half the cores, %(default)s"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        night = Night(
            date=options["date"] or datetime.now(UTC).date().replace(day=1),
            seed=options["seed"],
            size_px=options["size"] or (FULL_SIZE_PX if options["full"] else SIZE_PX),
            n_frames=options["frames"],
            is_full=options["full"],
            n_references=options["references"],
        )
        _refuse_what_can_not_be(night, n_workers=options["workers"])
        exposures = night.exposures()
        with tqdm(total=sum(each.n_frames for each in exposures), unit="frame", desc="Simulating", disable=None) as bar:
            n_written = sum(_written(exposures, night, folder, n_workers=options["workers"], bar=bar))
        logger.info("night_simulated", folder=str(folder), night=str(night.date), seed=night.seed, n_written=n_written)
        self.stdout.write(
            f"{n_written} of {len(exposures)} exposures written to {raw_folder(folder, night)}; the others were there "
            f"already. What is true of them: {truth_folder(folder, night)}."
        )


def _written(
    exposures: Sequence[Exposure], night: Night, folder: Path, *, n_workers: int, bar: "tqdm[Any]"
) -> Iterator[bool]:
    """Whether each exposure was written, in the order in which they are done."""
    if n_workers == 1:
        for exposure in exposures:
            was_written = write_exposure(exposure, night, folder=folder, on_frame=bar.update)
            bar.update(0 if was_written else exposure.n_frames)
            yield was_written
        return
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn")) as pool:
        largest_first = sorted(exposures, key=lambda exposure: -exposure.n_frames)
        asked = {pool.submit(write_exposure, each, night, folder=folder): each for each in largest_first}
        for done in as_completed(asked):
            bar.update(asked[done].n_frames)
            yield done.result()


def _refuse_what_can_not_be(night: Night, *, n_workers: int) -> None:
    if night.seed < 0:
        raise CommandError(f"--seed is {night.seed}: give zero or more.")
    if night.size_px < LEAST_SIZE_PX or night.size_px % 2:
        raise CommandError(f"--size is {night.size_px}: give an even number, {LEAST_SIZE_PX} or more.")
    if night.n_frames is not None and night.n_frames < 1:
        raise CommandError(f"--frames is {night.n_frames}: give one or more.")
    if not 0 <= night.n_references <= MOST_REFERENCES:
        raise CommandError(f"--references is {night.n_references}: give 0 to {MOST_REFERENCES}.")
    if n_workers < 1:
        raise CommandError(f"--workers is {n_workers}: give one or more.")


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no date: write YYYYMMDD") from error
