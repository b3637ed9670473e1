"""Raw files and their master calibrations, loaded: what every reduction of frames begins with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from archive.errors import UsageError
from pipeline.arrays.calibration import CalibratedFrames, Calibration
from pipeline.arrays.filters import KNOWN_FILTERS, Filter
from pipeline.arrays.frames import Image, disc
from pipeline.provenance import electron_per_adu_of
from pipeline.raw_cube import RawCube, open_cube
from pipeline.reductions.job import Input, Job

SOURCE_ARCSEC = 3.5  # around a star, where rows and columns are not looked at for what floats in them


@dataclass(frozen=True, slots=True)
class RawFrames:
    """Raw frames as electrons, and what is known of them."""

    cube: RawCube
    frames: CalibratedFrames
    unit: str  # electron; adu if nobody tells the gain
    detector_arcsec: float  # side of a pixel

    @property
    def header(self) -> fits.Header:
        """Of the first file."""
        return self.cube.headers[0]

    @property
    def shape(self) -> tuple[int, int]:
        return self.cube.shape[1], self.cube.shape[2]

    def without_floating_rows(self, *, lock_yx: tuple[float, float]) -> CalibratedFrames:
        """The same frames without what floats in rows and columns, a star around the lock left out of that."""
        source = disc(self.shape, centre_yx=lock_yx, radius_px=SOURCE_ARCSEC / self.detector_arcsec)
        return replace(self.frames, source=source)


def raw_frames_of(job: Job) -> RawFrames:
    """Unpack a job's raw files, and take its dark and flat, which count as zero and one where there is none.

    Raises UsageError when the files are no frames of one kind, or the camera's plate scale is not known.
    """
    cube = raw_cube_of(job)
    gain = electron_per_adu_of(cube.headers[0])
    calibration = Calibration(
        dark=_master(job, "dark", otherwise=0.0, shape=cube.shape[1:]),
        flat=_master(job, "flat", otherwise=1.0, shape=cube.shape[1:]),
        electron_per_adu=1.0 if gain is None else gain,
        saturated_adu=job.parameters["saturated_adu"],
    )
    unit = "adu" if gain is None else "electron"
    return RawFrames(cube, CalibratedFrames(cube, calibration), unit, detector_arcsec_of(job))


def raw_cube_of(job: Job) -> RawCube:
    """Unpack a job's raw files. Raises UsageError when they are no frames of one shape."""
    folder = job.folder / "unpacked"
    folder.mkdir(exist_ok=True)
    return open_cube([path_of(each) for each in inputs_of(job, "raw")], folder=folder)


def inputs_of(job: Job, role: str) -> Sequence[Input]:
    return [each for each in job.inputs if each.role == role]


def stack_of(job: Job) -> Input:
    """The stack on the grid of half pixels that this is made of."""
    return [*inputs_of(job, "stack2x"), *inputs_of(job, "stack")][0]


def path_of(given: Input) -> Path:
    if given.path is None:
        raise ValueError(f"{given.name} is no file")
    return given.path


def values_of(job: Job, kind: str) -> Mapping[str, Any]:
    """Values of a product before this one; nothing if it was not made."""
    named = f"{kind} values"
    return next((each.values for each in inputs_of(job, "values") if each.name == named), {})


def image_of(given: Input) -> tuple[Image, fits.Header]:
    """Pixels (ny, nx) and header of a product that is an image."""
    with fits.open(path_of(given), memmap=False) as hdus:
        return hdus[0].data.astype(np.float32), hdus[0].header.copy()


def detector_arcsec_of(job: Job) -> float:
    """Side of a raw pixel. Raises UsageError if INSTALLATIONS does not tell."""
    camera = camera_of(job)
    scale = job.installation.pixel_scale_arcsec(camera)
    if scale is None:
        raise UsageError(
            f"INSTALLATIONS does not know the plate scale of {camera} at {job.installation.telescope_id}: add it."
        )
    return scale


def camera_of(job: Job) -> str:
    if job.observation is not None:
        return job.observation.camera
    return next((str(each.values["camera"]) for each in inputs_of(job, "raw") if each.values.get("camera")), "VIC")


def passband_of(job: Job) -> Filter:
    """The filter of an observation, or of a calibration exposure. Raises UsageError if it is none that is known."""
    if job.observation is not None:
        name = job.observation.primary_optical_element
    else:
        name = next((str(each.values.get("primary_optical_element", "")) for each in inputs_of(job, "raw")), "")
    if name not in KNOWN_FILTERS:
        raise UsageError(f"The filter {name!r} is none of {', '.join(KNOWN_FILTERS)}: nothing is known of its band.")
    return KNOWN_FILTERS[name]


def _master(job: Job, role: str, *, otherwise: float, shape: Sequence[int]) -> Image:
    masters = inputs_of(job, role)
    if len(masters) > 1:
        raise UsageError(f"The raw files need {len(masters)} master {role}s: they are of several modes or filters.")
    if not masters:
        return np.full(tuple(shape), otherwise, dtype=np.float32)
    return image_of(masters[0])[0]
