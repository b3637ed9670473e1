"""Companions put into a star's image at several distances, found again or not: what `manage.py inject_companions` does.

Needs no Django: star and references are arrays, or FITS files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.high_contrast.analysis import Setting, analyse
from pipeline.arrays.high_contrast.injection import Recovery, recovered

Floats = NDArray[np.float64]

COLUMNS = (
    "separation_px",
    "separation_arcsec",
    "position_angle_deg",
    "delta_mag",
    "t",
    "threshold",
    "is_found",
    "found_delta_mag",
    "found_delta_mag_error",
    "found_off_px",
)
FWHM_KEY = "COREFWHM"  # as this archive writes it


@dataclass(frozen=True, slots=True)
class Case:
    """A star in the middle of its image (ny, nx), and references (n, ny, nx) of other stars.

    fwhm_px : width of its core; scale_arcsec : side of a pixel, None where it is not known.
    """

    star: Floats
    references: Floats
    fwhm_px: float
    scale_arcsec: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is put in: at each separation, one at a time, at `n_angles` equal steps of a turn whose first is by `seed`.

    `delta_mag` None: as faint as the five-sigma limit there.
    """

    separations_px: Sequence[float]
    n_angles: int
    seed: int
    delta_mag: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Of one separation: how many were put in, how many stood out, and the median of t over its threshold."""

    separation_px: float
    delta_mag: float
    n_injected: int
    n_found: int
    median_share: float


def inject(case: Case, setting: Setting, plan: Plan) -> Iterator[Recovery]:
    """One after the other.

    Raises UsageError for what can not be analysed, and for a place of which no limit is known.
    """
    turn = 360 / plan.n_angles
    first = np.random.default_rng(plan.seed).uniform(0, turn)
    curve = analyse(case.star, case.references, setting).curve if plan.delta_mag is None else None
    for separation in plan.separations_px:
        mag = plan.delta_mag if curve is None else curve.delta_mag_at(separation)
        if mag is None or not np.isfinite(mag):
            raise UsageError(f"There is no limit at {separation:.1f} px from the star: say how faint, or where else.")
        yield from recovered(
            case.star,
            case.references,
            setting,
            separation_px=separation,
            flux=float(10 ** (-0.4 * mag)),
            angles_deg=first + turn * np.arange(plan.n_angles),
        )


def summaries_of(recoveries: Sequence[Recovery]) -> list[Summary]:
    """One for each separation, in their order."""
    found = []
    for separation, rows in groupby(recoveries, key=lambda each: each.separation_px):
        of_it = list(rows)
        shares = [each.standing.share for each in of_it]
        n_found = sum(each.is_found for each in of_it)
        found.append(Summary(separation, _mag(of_it[0].flux), len(of_it), n_found, float(np.median(shares))))
    return found


def row_of(each: Recovery, scale_arcsec: float | None) -> dict[str, Any]:
    """What is told of one, by COLUMNS; None where nothing is known."""
    companion = each.found
    values = (
        each.separation_px,
        None if scale_arcsec is None else each.separation_px * scale_arcsec,
        each.position_angle_deg,
        _mag(each.flux),
        each.standing.t,
        each.standing.threshold,
        each.is_found,
        None if companion is None else companion.delta_mag,
        None if companion is None else companion.delta_mag_error,
        each.off_px,
    )
    return dict(zip(COLUMNS, values, strict=True))


def case_of_files(
    star: Path, references: Sequence[Path], *, fwhm_px: float | None = None, scale_arcsec: float | None = None
) -> Case:
    """A star's FITS image, its middle pixel on the star, and references: files of one image each, or of a cube.

    The width is that of COREFWHM in the star's header unless it is given. Raises UsageError for files that are not
    there, no FITS, or do not fit together.
    """
    image, header = read_image(star)
    if image.ndim != 2:
        raise UsageError(f"{star} holds {image.ndim} dimensions, and not an image of two: give the star alone.")
    others = [pixels[np.newaxis] if pixels.ndim == image.ndim else pixels for pixels, _ in map(read_image, references)]
    for path, cube in zip(references, others, strict=True):
        if cube.ndim != 3 or cube.shape[1:] != image.shape:
            raise UsageError(f"{path} is of shape {cube.shape[1:]}, the star of {image.shape}: cut them alike.")
    width = fwhm_px or header.get(FWHM_KEY)
    if not isinstance(width, float | int) or not width > 0:
        raise UsageError(f"{star} does not say how wide the star's core is ({FWHM_KEY}): give it, in pixels.")
    return Case(image, np.concatenate(others), float(width), scale_arcsec)


def read_image(path: Path) -> tuple[Floats, fits.Header]:
    """Pixels and header of the first image of a FITS file. Raises UsageError when there is none."""
    try:
        with fits.open(path, memmap=False) as hdus:
            for hdu in hdus:
                if hdu.is_image and hdu.data is not None:
                    return np.asarray(hdu.data, dtype=np.float64), hdu.header.copy()
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}.") from error
    except OSError as error:
        raise UsageError(f"{path} can not be read as FITS: {error}") from error
    raise UsageError(f"{path} holds no image.")


def _mag(flux: float) -> float:
    return float(-2.5 * np.log10(flux))
