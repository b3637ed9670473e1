"""Faint stars: every frame that shows the star, stacked; with a word on whether that can be trusted."""

from typing import Any

from pipeline.arrays.faint import FaintStar, stack_faint
from pipeline.arrays.frames import Image
from pipeline.arrays.stacking import FINE
from pipeline.provenance import Stacked, stack_header
from pipeline.reductions.bright import told_of_frames
from pipeline.reductions.files import fits_file, frames_file, number_or_none
from pipeline.reductions.job import Job, Made, MadeFile
from pipeline.reductions.raw_frames import RawFrames, raw_frames_of, values_of


def make(job: Job) -> Made:
    """Stack a faint star: `<observation>_summed.fits` on the detector's grid, `_summed_2x` on that of half pixels.

    Beside them `_simple_sum`, of the frames as they lie, and what became of each frame. The star is looked for around
    the lock of the bright reduction. Raises UsageError if no frame can be used.
    """
    raws = raw_frames_of(job)
    y, x = values_of(job, "bright")["lock_yx_px"]
    star = stack_faint(
        raws.without_floating_rows(lock_yx=(y, x)),
        lock_yx=(y, x),
        pixel_arcsec=raws.detector_arcsec,
        time_mjd=raws.cube.time_mjd,
    )
    n_frames = len(star.table.reasons)
    files = (
        _image_file(job, raws, star, ("stack", "summed"), star.summed.raw, n_used=star.summed.n_frames),
        _image_file(
            job, raws, star, ("stack2x", "summed_2x"), star.summed.fine, n_used=star.summed.n_frames, fine=FINE
        ),
        _image_file(job, raws, star, ("simple_sum", "simple_sum"), star.simple, n_used=n_frames),
        frames_file(job, star.table),
    )
    return Made(files, _values(star))


def _values(star: FaintStar) -> dict[str, Any]:
    return {
        **told_of_frames(star.table),
        "lock_yx_px": list(star.lock_yx),
        "typical_snr": number_or_none(star.typical_snr),
        "flux_electron": number_or_none(star.flux_electron),
        "self_noise": number_or_none(star.self_noise),
        "is_confident": star.is_confident,
        "doubts": list(star.doubts),
    }


def _image_file(
    job: Job, raws: RawFrames, star: FaintStar, named: tuple[str, str], pixels: Image, *, n_used: int, fine: int = 1
) -> MadeFile:
    role, label = named
    y, x = star.lock_yx
    stacked = Stacked(
        n_used=n_used,
        n_frames=len(star.table.reasons),
        unit=raws.unit,
        lock_yx=(fine * y, fine * x),
        scale_arcsec=raws.detector_arcsec / fine,
        detector_arcsec=raws.detector_arcsec,
    )
    header = stack_header(job, raws.header, stacked, shape=(pixels.shape[0], pixels.shape[1]))
    return fits_file(job, role, f"{job.subject}_{label}.fits", pixels, header)
