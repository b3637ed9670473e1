"""A night at one look, of all programmes: its seeing, its Strehl ratios, its limits of contrast."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from statistics import fmean, median
from typing import Any

import numpy as np

from archive.enums import ProductKind, StrehlFlag
from pipeline.arrays.nightly import CONTRAST_GRID_ARCSEC, Curve, median_curve, spread_of
from pipeline.figures.nights import (
    ContrastLine,
    SeeingPoint,
    StrehlPoint,
    night_contrast_figure,
    night_seeing_figure,
    night_strehl_figure,
)
from pipeline.reductions.files import bytes_file, number_or_none
from pipeline.reductions.job import Job, Made

NAMES = {  # of their files, which are the original's
    ProductKind.NIGHT_SEEING: "seeing",
    ProductKind.NIGHT_STREHL: "strehl",
    ProductKind.NIGHT_CONTRAST: "contrast_curve",
}
FAINT = frozenset({ProductKind.FAINT_STREHL, ProductKind.FAINT_PCA})
WAYS = ((False, "bright"), (True, "faint"))


def make(job: Job) -> Made:
    """`seeing.20160925.png`, `strehl.20160925.png` or `contrast_curve.20160925.png`, and its numbers as values."""
    draw = {
        ProductKind.NIGHT_SEEING: _seeing,
        ProductKind.NIGHT_STREHL: _strehl,
        ProductKind.NIGHT_CONTRAST: _contrast,
    }[job.kind]
    figure, values = draw(job)
    name = f"{NAMES[job.kind]}.{job.night:%Y%m%d}.png"
    return Made((bytes_file(job, "plot", name, figure),), values)


def _seeing(job: Job) -> tuple[bytes, dict[str, Any]]:
    rows = [each.values for each in job.inputs]
    points = [
        SeeingPoint(_hours(job, row), row["fwhm_arcsec"], row["primary_optical_element"], row["exposure_time"])
        for row in rows
    ]
    widths = [point.fwhm_arcsec for point in points]
    told = f"median {median(widths):.2f}, mean {fmean(widths):.2f}"
    text = f"Seeing of the night {job.night} over the time, {len(points)} measurements as seen: {told} arcsec."
    title = f"{job.night}  ·  seeing: {told}″ of {len(points)}"
    figure = night_seeing_figure(points, title=title, description=text)
    return figure, {"n": len(points), "median_arcsec": median(widths), "mean_arcsec": fmean(widths), "text": text}


def _strehl(job: Job) -> tuple[bytes, dict[str, Any]]:
    points = [
        StrehlPoint(
            _hours(job, each.values),
            each.values["strehl_ratio"],
            is_ok=each.values["flag"] == StrehlFlag.OK,
            is_faint=each.values["kind"] in FAINT,
        )
        for each in job.inputs
    ]
    values = {way: _ratios([point for point in points if point.is_faint == faint]) for faint, way in WAYS}
    told = "; ".join(f"{way} {_told(numbers)}" for way, numbers in values.items())
    text = f"Strehl ratios of the night {job.night} over the time: {told}."
    figure = night_strehl_figure(points, title=f"{job.night}  ·  Strehl ratio", description=text)
    return figure, {**values, "text": text}


def _ratios(points: Sequence[StrehlPoint]) -> dict[str, Any]:
    ok = spread_of([point.ratio for point in points if point.is_ok])
    return {"n_ok": ok.n, "n_bad": len(points) - ok.n, "mean_ok": ok.mean, "sigma_ok": ok.sigma}


def _told(numbers: Mapping[str, Any]) -> str:
    counted = f"{numbers['n_ok']} OK, {numbers['n_bad']} BAD?"
    return counted if numbers["mean_ok"] is None else f"{counted}, mean of OK {100 * numbers['mean_ok']:.1f} %"


def _contrast(job: Job) -> tuple[bytes, dict[str, Any]]:
    lines = [ContrastLine(_curve(each.values), is_faint=each.values["kind"] in FAINT) for each in job.inputs]
    values: dict[str, Any] = {"separations_arcsec": CONTRAST_GRID_ARCSEC.tolist()}
    for faint, way in WAYS:
        curves = [line.curve for line in lines if line.is_faint == faint]
        values[way] = {
            "n": len(curves),
            "n_whole": sum(curve.is_whole for curve in curves),
            "median_delta_mags": [number_or_none(value) for value in median_curve(curves)],
        }
    told = ", ".join(f"{values[way]['n']} of {way} stars" for _, way in WAYS)
    text = f"Limits of contrast of the night {job.night} over the distance from the star: {told}, with their medians."
    figure = night_contrast_figure(lines, title=f"{job.night}  ·  limits of contrast", description=text)
    return figure, {**values, "text": text}


def _curve(values: Mapping[str, Any]) -> Curve:
    """Limits that are not known are NaN."""
    return Curve(np.array(values["separations_arcsec"], dtype=float), np.array(values["delta_mags"], dtype=float))


def _hours(job: Job, values: Mapping[str, Any]) -> float:
    """Since the beginning of the night's UTC day."""
    return (datetime.fromisoformat(values["at"]) - datetime.combine(job.night, time(), UTC)) / timedelta(hours=1)
