"""The seeing, by a star in an exposure without correction."""

from datetime import datetime
from typing import Any

import numpy as np

from ingest.headers.roboao import facts_of
from pipeline.arrays.cutout import cut_around
from pipeline.arrays.frames import Image
from pipeline.arrays.fwhm import fit_profile
from pipeline.arrays.profile_image import profile_image
from pipeline.arrays.psf_model import Telescope
from pipeline.arrays.robust import clipped_mean_of_frames
from pipeline.arrays.seeing import BOX_PX, Seeing, measure_seeing
from pipeline.arrays.sources import target_of
from pipeline.figures.seeing import seeing_figure
from pipeline.reductions.files import bytes_file, number_or_none
from pipeline.reductions.job import Job, Made
from pipeline.reductions.raw_frames import inputs_of, passband_of, raw_frames_of

CLIP_SIGMA = 5.0  # of a pixel among the frames: what a particle left is beyond


def make(job: Job) -> Made:
    """Measure; `<exposure>.png` shows data, model and what is left.

    The star is the likeliest source of the mean of all frames. Raises UsageError if no star can be fitted.
    """
    raws = raw_frames_of(job)
    image = clipped_mean_of_frames(raws.frames, clip_sigma=CLIP_SIGMA)
    passband = passband_of(job)
    middle_yx = ((image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2)
    altitude_deg = facts_of(dict(raws.header)).altitude_deg
    seeing = measure_seeing(
        image,
        near_yx=target_of(image, centre_yx=middle_yx),
        scale_arcsec=raws.detector_arcsec,
        wavelength_nm=passband.central_nm,
        telescope=Telescope(job.installation.primary_m, job.installation.obstruction_m),
        zenith_distance_deg=None if altitude_deg is None or altitude_deg <= 0 else 90 - altitude_deg,
    )
    figure = _figure(job, image, seeing, scale_arcsec=raws.detector_arcsec)
    values = {
        "n_frames": len(raws.cube),
        "fwhm_arcsec": seeing.fwhm_arcsec,
        "gaussian_fwhm_arcsec": number_or_none(seeing.gaussian_fwhm_arcsec),
        "zenith_500nm_error_arcsec": number_or_none(seeing.zenith_500nm_error_arcsec),
        "altitude_deg": altitude_deg,
        "is_dropped_by_legacy": seeing.is_dropped_by_legacy,
        "at_yx_px": list(seeing.at_yx),
        "text": _text(job, seeing),
    }
    return Made((bytes_file(job, "fit", f"{job.subject}.png", figure),), values, seeing=_columns(job, seeing))


def _columns(job: Job, seeing: Seeing) -> dict[str, Any]:
    first = inputs_of(job, "raw")[0].values
    return {
        "observed_at": datetime.fromisoformat(first["observed_at"]),
        "primary_optical_element": first["primary_optical_element"],
        "exposure_time": first["exposure_time"],
        "fwhm_arcsec": seeing.fwhm_arcsec,
        "fwhm_error_arcsec": seeing.fwhm_error_arcsec,
        "fwhm_y_arcsec": seeing.fwhm_y_arcsec,
        "fwhm_x_arcsec": seeing.fwhm_x_arcsec,
        "zenith_500nm_arcsec": number_or_none(seeing.zenith_500nm_arcsec),
        "model": seeing.model,
    }


def _figure(job: Job, image: Image, seeing: Seeing, *, scale_arcsec: float) -> bytes:
    profile = fit_profile(image, model=seeing.model, near_yx=seeing.at_yx, box_px=BOX_PX)
    cut = cut_around(image, centre_yx=seeing.at_yx, half_px=BOX_PX // 2, edge="fill")
    model = profile_image(profile, shape=cut.pixels.shape, origin_yx=cut.origin_yx)
    data = cut.pixels.astype(np.float64) - profile.sky_count_px
    first = inputs_of(job, "raw")[0].values
    at = datetime.fromisoformat(first["observed_at"])
    return seeing_figure(
        data,
        model,
        scale_arcsec=scale_arcsec,
        caption=f"{first['primary_optical_element']}\n{at:%Y-%m-%d %H:%M:%S} UTC",
        remark="\n".join(_lines(seeing)),
        description=_text(job, seeing),
    )


def _lines(seeing: Seeing) -> list[str]:
    lines = [f"FWHM {seeing.fwhm_arcsec:.3f} ± {seeing.fwhm_error_arcsec:.3f}″ ({seeing.model.capitalize()})"]
    if seeing.zenith_500nm_arcsec is not None:
        lines.append(f"{seeing.zenith_500nm_arcsec:.2f}″ at 500 nm in the zenith")
    return lines


def _text(job: Job, seeing: Seeing) -> str:
    measured = ", ".join(_lines(seeing)).replace("″", " arcsec")
    return f"Star of {job.subject}: data, model, and data less model. {measured}."
