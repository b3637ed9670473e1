"""Bright stars: all frames, the sharper half and the sharpest tenth of them, each brought to the star."""

from collections import Counter
from typing import Any

from pipeline.arrays.frame_table import FrameTable
from pipeline.arrays.lucky import ALL, HALF, TENTH, BrightStar, stack_bright
from pipeline.arrays.stacking import FINE, Stack
from pipeline.arrays.survey import find_lock
from pipeline.provenance import Stacked, stack_header
from pipeline.reductions.files import fits_file, frames_file, number_or_none
from pipeline.reductions.job import Job, Made, MadeFile
from pipeline.reductions.raw_frames import RawFrames, raw_frames_of

ROLES = {ALL: "stack", HALF: "stack50", TENTH: "stack10"}


def make(job: Job) -> Made:
    """`<observation>_100p.fits`, `_50p`, `_10p` on the grid of half pixels, and what became of each frame.

    A target without signal has `_100p` alone, its frames as they lie. Raises UsageError if no frame can be used.
    """
    raws = raw_frames_of(job)
    lock_yx = find_lock(raws.frames)
    star = stack_bright(
        raws.without_floating_rows(lock_yx=lock_yx),
        lock_yx=lock_yx,
        pixel_arcsec=raws.detector_arcsec,
        time_mjd=raws.cube.time_mjd,
    )
    stacks = [_stack_file(job, raws, star, share, stack) for share, stack in star.stacks.items()]
    values = {
        **told_of_frames(star.table),
        "lock_yx_px": list(star.lock_yx),
        "typical_snr": number_or_none(star.typical_snr),
        "frames_in_stacks": {share: stack.n_frames for share, stack in star.stacks.items()},
    }
    return Made((*stacks, frames_file(job, star.table)), values, signal_class=star.signal)


def told_of_frames(table: FrameTable) -> dict[str, Any]:
    """How many frames there are, how many were used, and why others were not."""
    rejected = Counter(reason for reason in table.reasons if reason)
    return {"n_frames": len(table.reasons), "n_used": table.n_used, "rejected": dict(sorted(rejected.items()))}


def _stack_file(job: Job, raws: RawFrames, star: BrightStar, share: str, stack: Stack) -> MadeFile:
    y, x = star.lock_yx
    stacked = Stacked(
        n_used=stack.n_frames,
        n_frames=len(star.table.reasons),
        unit=raws.unit,
        lock_yx=(FINE * y, FINE * x),
        scale_arcsec=raws.detector_arcsec / FINE,
        detector_arcsec=raws.detector_arcsec,
    )
    header = stack_header(job, raws.header, stacked, shape=(stack.fine.shape[0], stack.fine.shape[1]))
    return fits_file(job, ROLES[share], f"{job.subject}_{share}.fits", stack.fine, header)
