"""`manage.py inject_companions`: what share of companions is found at the limit that is stated, by putting some in."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.errors import ArchiveError
from pipeline.arrays.high_contrast.analysis import Setting
from pipeline.arrays.high_contrast.injection import Recovery
from pipeline.injections import COLUMNS, Case, Plan, Summary, case_of_files, inject, row_of, summaries_of
from pipeline.library_cases import case_of_observation
from pipeline.reductions.files import csv_of

DEFAULT_ARCSEC = (0.3, 0.5, 0.8, 1.1)
DEFAULT_WIDTHS = (4.0, 7.0, 11.0, 15.0)  # where the scale is not known
FILTERS = ("gaussian", "starlet", "none")
MOST_ANGLES = 360


class Command(ArchiveCommand):
    help = (
        "Put companions into a star's image, one at a time, and tell how many are found. The star is an observation of "
        "the archive whose image stands beside the PSF library, or a FITS file; FITS files need no database."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--observation", metavar="NAME", help="a star of the archive, told by its PSF library")
        whose.add_argument("--star", type=Path, metavar="FITS", help="an image with the star on its middle pixel")
        parser.add_argument(
            "--references", type=Path, nargs="+", metavar="FITS", help="images of other stars, or a cube"
        )
        parser.add_argument(
            "--fwhm-px", type=_positive, help="width of the star's core; default: COREFWHM of its header"
        )
        parser.add_argument("--scale-arcsec", type=_positive, help="side of a pixel; separations are in arcsec then")
        parser.add_argument(
            "--separations", type=_positive, nargs="+", metavar="ARCSEC", help="in px where the scale is not known"
        )
        parser.add_argument("--angles", type=_count, default=12, help="how many at each separation (12)")
        parser.add_argument("--delta-mag", type=float, help="how much fainter than the star; default: the limit there")
        parser.add_argument("--highpass", choices=FILTERS, default=FILTERS[0])
        parser.add_argument("--components", type=_count, help="patterns taken out; default: by cross-validation")
        parser.add_argument("--seed", type=int, default=0, help="turns the first angle; the same gives the same (0)")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="each of them as a line")
        parser.add_argument("--json", type=Path, metavar="FILE", help="each of them, and the shares that were found")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            case = _case_of(options)
            setting = Setting(case.fwhm_px, highpass=options["highpass"], components=options["components"])
            plan = Plan(_separations_px(case, options), options["angles"], options["seed"], options["delta_mag"])
            recoveries = _with_bar(case, setting, plan)
            _write(recoveries, case, options)
        except (ArchiveError, OSError) as error:
            raise CommandError(str(error)) from error
        self._tell(summaries_of(recoveries), case.scale_arcsec)

    def _tell(self, summaries: Sequence[Summary], scale_arcsec: float | None) -> None:
        unit, scale = ("arcsec", scale_arcsec) if scale_arcsec else ("px", 1.0)
        self.stdout.write(f"{unit:>8}  {'mag':>6}  {'put in':>6}  {'found':>5}  {'share':>5}  t/threshold")
        for each in summaries:
            self.stdout.write(
                f"{each.separation_px * scale:8.2f}  {each.delta_mag:6.2f}  {each.n_injected:6d}  {each.n_found:5d}  "
                f"{each.n_found / each.n_injected:5.2f}  {each.median_share:11.2f}"
            )
        n_found, n_injected = (sum(getattr(each, name) for each in summaries) for name in ("n_found", "n_injected"))
        self.stdout.write(f"{n_found} of {n_injected} were found: {n_found / n_injected:.2f}.")


def _case_of(options: dict[str, Any]) -> Case:
    if options["star"] is None:
        if options["references"]:
            raise CommandError("--references go with --star: an observation is told by the PSF library.")
        return case_of_observation(options["observation"])
    if not options["references"]:
        raise CommandError("Give --references with --star: images of other stars, or a cube of them.")
    return case_of_files(
        options["star"], options["references"], fwhm_px=options["fwhm_px"], scale_arcsec=options["scale_arcsec"]
    )


def _separations_px(case: Case, options: dict[str, Any]) -> list[float]:
    if case.scale_arcsec is None:
        return list(options["separations"] or (width * case.fwhm_px for width in DEFAULT_WIDTHS))
    return [arcsec / case.scale_arcsec for arcsec in options["separations"] or DEFAULT_ARCSEC]


def _with_bar(case: Case, setting: Setting, plan: Plan) -> list[Recovery]:
    total = len(plan.separations_px) * plan.n_angles
    return list(tqdm(inject(case, setting, plan), total=total, unit="companion", desc="Injecting", disable=None))


def _write(recoveries: Sequence[Recovery], case: Case, options: dict[str, Any]) -> None:
    rows = [row_of(each, case.scale_arcsec) for each in recoveries]
    if options["csv"]:
        options["csv"].write_bytes(csv_of(COLUMNS, ([_cell(row[name]) for name in COLUMNS] for row in rows)))
    if options["json"]:
        summaries = [
            {"separation_px": each.separation_px, "n_injected": each.n_injected, "n_found": each.n_found}
            for each in summaries_of(recoveries)
        ]
        content = {"seed": options["seed"], "companions": rows, "separations": summaries}
        options["json"].write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _cell(value: Any) -> Any:
    return "" if value is None else value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above zero.")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_ANGLES:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and {MOST_ANGLES}.")
    return value
