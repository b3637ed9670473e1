"""The four amplifiers of a camera that is read from its corners: cutting its image up as it writes it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingest.simulation.detector import Camera, Counts, digitised
from ingest.simulation.sky import Image

SIDE_PX = 512  # of the quarter of the image that one amplifier reads
RAW_SHAPE = (522, 544)  # with its overscan
DATA_SECTION = "[1:512,1:512]"
BIAS_SECTION = "[520:540,1:512]"
BINNING = "2 2"


@dataclass(frozen=True, slots=True)
class Amplifier:
    """Which corner it reads; its gain and bias against the camera's."""

    detector_section: str  # unbinned pixels
    is_upper: bool
    is_right: bool
    gain_factor: float
    bias_offset_counts: float


AMPLIFIERS = (
    Amplifier("[1025:2048,3072:2049]", is_upper=True, is_right=False, gain_factor=1.02, bias_offset_counts=55),
    Amplifier("[1025:2048,1025:2048]", is_upper=False, is_right=False, gain_factor=0.99, bias_offset_counts=-120),
    Amplifier("[3072:2049,1025:2048]", is_upper=False, is_right=True, gain_factor=1.00, bias_offset_counts=210),
    Amplifier("[3072:2049,3072:2049]", is_upper=True, is_right=True, gain_factor=0.97, bias_offset_counts=-30),
)


def read_out(electrons: Image, camera: Camera, rng: np.random.Generator) -> Iterator[tuple[Amplifier, Counts]]:
    """Counts (522, 544) of each amplifier, first the pixel in its corner of the detector."""
    for amplifier in AMPLIFIERS:
        padded = np.zeros(RAW_SHAPE)
        padded[:SIDE_PX, :SIDE_PX] = _quarter(electrons, amplifier)
        counts = digitised(
            padded,
            gain=camera.gain * amplifier.gain_factor,
            bias_counts=camera.bias_counts + amplifier.bias_offset_counts,
            read_noise=camera.read_noise_electron,
            rng=rng,
        )
        yield amplifier, counts


def electrons_of(amplifier: Amplifier, counts: Counts, camera: Camera) -> Image:
    """What `read_out` was given of this amplifier's quarter, but for the noise; in the amplifier's own order."""
    bias = camera.bias_counts + amplifier.bias_offset_counts
    return (counts[:SIDE_PX, :SIDE_PX].astype(np.float64) - bias) * camera.gain * amplifier.gain_factor


def put_back(image: Image, amplifier: Amplifier, quarter: Image) -> None:
    """Set the pixels of `image` that the amplifier read."""
    _quarter(image, amplifier)[:] = quarter


def _quarter(image: Image, amplifier: Amplifier) -> Image:
    rows = image[SIDE_PX:][::-1] if amplifier.is_upper else image[:SIDE_PX]
    return rows[:, SIDE_PX:][:, ::-1] if amplifier.is_right else rows[:, :SIDE_PX]
