"""Strehl ratio, core and halo of the star of a stack."""

from typing import Any

import numpy as np
from astropy.io import fits

from archive.enums import ProductKind, StrehlFlag
from archive.errors import UsageError
from pipeline.arrays.core_halo import CoreHalo, core_and_halo, narrowest_core_arcsec
from pipeline.arrays.cutout import cut_around
from pipeline.arrays.frames import Image
from pipeline.arrays.fwhm import fit_profile
from pipeline.arrays.psf_model import Sampling, Telescope, legacy_half_width
from pipeline.arrays.stacking import FINE
from pipeline.arrays.strehl import Setting, StrehlRatio, strehl_legacy, strehl_ratio
from pipeline.provenance import Stacked, part_header, stacked_of
from pipeline.reductions.files import bytes_file, fits_file, number_or_none
from pipeline.reductions.job import Job, Made, MadeFile
from pipeline.reductions.raw_frames import image_of, passband_of, stack_of, values_of

BOX_LABELS = {ProductKind.BRIGHT_STREHL: "box", ProductKind.FAINT_STREHL: "faint_box"}  # frames need names of their own
DOUBTFUL_STACK = "doubtful_stack"  # the faint reduction does not trust its stack
LEGACY_COMMENT = '# lock x, lock y (px); core, halo ("); Strehl ratio (%); FWHM ("); flag'
TOLD_PARTS = ("photon_error", "halo_error", "spread_error", "flux_count", "sky_count_px")


def make(job: Job) -> Made:
    """Measure the star of a stack on the grid of half pixels, to which all places refer.

    `<observation>_strehl.txt` tells it as the original archive did, `_box.fits` (of a faint star `_faint_box.fits`) is
    its box of 3". The ratio is measured on the detector's own pixels, whose noise is independent: they are every second
    one of the stack. Its legacy form is of the stack as it is, as in the original. Raises UsageError without a star.
    """
    pixels, header = image_of(stack_of(job))
    stacked = stacked_of(header)
    raw, setting = _on_detector(pixels), _setting(job, stacked)
    star = strehl_ratio(raw, setting, near_yx=(stacked.lock_yx[0] / FINE, stacked.lock_yx[1] / FINE))
    at_yx = (star.at_yx[0] * FINE, star.at_yx[1] * FINE)
    shape = core_and_halo(
        pixels,
        at_yx=at_yx,
        scale_arcsec=stacked.scale_arcsec,
        sky_count_px=star.sky_count_px / FINE**2,
        core_min_arcsec=narrowest_core_arcsec(setting.telescope, setting.passband),
    )
    columns = {
        **_ratio_columns(star, legacy=_legacy(pixels, setting, stacked, near_yx=at_yx)),
        **_shape_columns(shape),
        "fwhm_arcsec": _fwhm_arcsec(pixels, stacked, near_yx=at_yx),
        "warnings": [*(warning.value for warning in star.warnings), *_doubts(job)],
        "y_px": at_yx[0],
        "x_px": at_yx[1],
    }
    files = (
        bytes_file(job, "legacy", f"{job.subject}_strehl.txt", legacy_text(columns, lock_yx=stacked.lock_yx)),
        _box_file(job, pixels, header, stacked, at_yx=at_yx),
    )
    parts = {part: number_or_none(getattr(star, part)) for part in TOLD_PARTS}
    return Made(files, columns | parts, strehl=columns)


def legacy_text(columns: dict[str, Any], *, lock_yx: tuple[float, float]) -> bytes:
    """The original archive's `_strehl.txt`: a comment, then lock, core, halo, ratio, width and flag.

    Numbers that are not known are nan there.
    """
    y, x = (round(place) for place in lock_yx)
    widths = [columns[name] for name in ("core_arcsec", "halo_arcsec", "fwhm_arcsec")]
    core, halo, fwhm = (np.nan if width is None else width for width in widths)
    ratio = 100 * columns["strehl_ratio"]
    line = f"{x:d} {y:d} {core:.5f} {halo:.5f} {ratio:.5f} {fwhm:.5f} {columns['flag']}"
    return f"{LEGACY_COMMENT}\n{line}\n".encode()


def _ratio_columns(star: StrehlRatio, *, legacy: float | None) -> dict[str, Any]:
    return {
        "strehl_ratio": star.ratio,
        "strehl_error": star.error,
        "strehl_legacy": legacy,
        "signal_to_noise": number_or_none(star.signal_to_noise),
    }


def _shape_columns(shape: CoreHalo) -> dict[str, Any]:
    return {
        "core_arcsec": number_or_none(shape.core_arcsec),
        "halo_arcsec": number_or_none(shape.halo_arcsec),
        "flag": (StrehlFlag.OK if shape.is_ok else StrehlFlag.BAD).value,
    }


def _setting(job: Job, stacked: Stacked) -> Setting:
    """How the detector's own pixels saw the stack's frames. None of these has a saturated star."""
    optics = job.installation
    return Setting(
        telescope=Telescope(optics.primary_m, optics.obstruction_m),
        passband=passband_of(job),
        sampling=Sampling(stacked.detector_arcsec, stacked.detector_arcsec),
        variance_per_count=job.parameters["variance_per_electron"] / stacked.n_used,
    )


def _on_detector(fine: Image) -> Image:
    """The stack (ny, nx) on the detector's grid, of which it holds each pixel with a quarter of the light."""
    raw: Image = fine[::FINE, ::FINE] * np.float32(FINE**2)
    return raw


def _legacy(pixels: Image, setting: Setting, stacked: Stacked, *, near_yx: tuple[float, float]) -> float | None:
    sampling = Sampling(stacked.scale_arcsec, stacked.detector_arcsec)
    on_this_grid = Setting(setting.telescope, setting.passband, sampling, setting.variance_per_count)
    return strehl_legacy(pixels, on_this_grid, near_yx=near_yx)


def _fwhm_arcsec(pixels: Image, stacked: Stacked, *, near_yx: tuple[float, float]) -> float | None:
    """Of a Gaussian, as in the original; None where none fits."""
    try:
        profile = fit_profile(pixels, model="gaussian", near_yx=near_yx)
    except UsageError:
        return None
    return number_or_none(profile.fwhm_px * stacked.scale_arcsec)


def _doubts(job: Job) -> list[str]:
    return [] if values_of(job, ProductKind.FAINT).get("is_confident", True) else [DOUBTFUL_STACK]


def _box_file(
    job: Job, pixels: Image, header: fits.Header, stacked: Stacked, *, at_yx: tuple[float, float]
) -> MadeFile:
    box = cut_around(pixels, centre_yx=at_yx, half_px=legacy_half_width(stacked.scale_arcsec))
    own = part_header(header, job, origin_yx=box.origin_yx)
    return fits_file(job, "box", f"{job.subject}_{BOX_LABELS[job.kind]}.fits", box.pixels, own)
