"""Planets: all frames and the sharper parts of them, brought together by the limb; one picture sharpened for eyes."""

from pipeline.arrays.frames import Image
from pipeline.arrays.planetary import Planet, stack_planet
from pipeline.arrays.stacking import FINE, Stack
from pipeline.arrays.wavelet import sharpened
from pipeline.provenance import Stacked, stack_header
from pipeline.reductions.bright import told_of_frames
from pipeline.reductions.files import fits_file, frames_file, number_or_none
from pipeline.reductions.job import Job, Made, MadeFile
from pipeline.reductions.raw_frames import RawFrames, raw_frames_of

# Role and label of each share of the frames. The sharper half is what the pictures show.
FILES = {
    "50p": ("stack", "planetary"),
    "100p": ("stack100", "planetary_100p"),
    "20p": ("stack20", "planetary_20p"),
    "5p": ("stack5", "planetary_5p"),
}
SHARPENED_SHARE = "20p"


def make(job: Job) -> Made:
    """Stack a disc: `<observation>_planetary.fits` is the sharper half of the frames, on the grid of half pixels.

    Beside it `_planetary_100p`, `_20p` and `_5p`; `_planetary_sharpened`, the 20 % with stronger details; and what
    became of each frame. Raises UsageError if there is no disc.
    """
    raws = raw_frames_of(job)
    planet = stack_planet(raws.frames, time_mjd=raws.cube.time_mjd)
    files = [
        _image_file(job, raws, planet, planet.stacks[share], planet.stacks[share].fine, role=role, label=label)
        for share, (role, label) in FILES.items()
    ]
    sharpest = planet.stacks[SHARPENED_SHARE]
    pixels = sharpened(sharpest.fine)
    files.append(
        _image_file(
            job, raws, planet, sharpest, pixels, role="sharpened", label="planetary_sharpened", is_sharpened=True
        )
    )
    values = {
        **told_of_frames(planet.table),
        "centre_yx_px": list(planet.centre_yx),
        "radius_arcsec": number_or_none(planet.radius_px * raws.detector_arcsec),
        "frames_in_stacks": {share: stack.n_frames for share, stack in planet.stacks.items()},
    }
    return Made((*files, frames_file(job, planet.table)), values)


def _image_file(
    job: Job,
    raws: RawFrames,
    planet: Planet,
    stack: Stack,
    pixels: Image,
    *,
    role: str,
    label: str,
    is_sharpened: bool = False,
) -> MadeFile:
    y, x = planet.centre_yx
    stacked = Stacked(
        n_used=stack.n_frames,
        n_frames=len(planet.table.reasons),
        unit=raws.unit,
        lock_yx=(FINE * y, FINE * x),
        scale_arcsec=raws.detector_arcsec / FINE,
        detector_arcsec=raws.detector_arcsec,
        is_sharpened=is_sharpened,
    )
    header = stack_header(job, raws.header, stacked, shape=(pixels.shape[0], pixels.shape[1]))
    return fits_file(job, role, f"{job.subject}_{label}.fits", pixels, header)
