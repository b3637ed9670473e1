"""A camera: from electrons that arrive to the numbers it writes, and back."""

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest.simulation.sky import Image

Counts = NDArray[np.uint16]
Reduced = NDArray[np.float32]

FULL_WELL_COUNTS = 65535
HOT_PIXELS = 40
RAYS_PER_MINUTE = 3
RAY_LONGEST_PX = 15


@dataclass(frozen=True, slots=True)
class Camera:
    """What is fixed for one camera. Its flat field and hot pixels follow from its name."""

    name: str
    shape: tuple[int, int]
    scale_arcsec: float
    rotation_deg: float  # of north from the image's y axis, towards east
    gain: float  # electrons per count
    read_noise_electron: float
    bias_counts: float
    dark_electron_s: float
    saturation_counts: int
    zero_point: float  # magnitude of one electron per second
    has_distortion: bool = False
    has_amplifiers: bool = False  # four, each with a bias and a gain of its own


@dataclass(frozen=True, slots=True)
class Pattern:
    """Response to even light, mean one, and dark current, electrons per second; both (ny, nx)."""

    flat: Image
    dark_electron_s: Image


@lru_cache(maxsize=8)
def pattern_of(camera: Camera, seed: int) -> Pattern:
    """Vignetting, dust and unequal pixels; hot pixels."""
    rng = np.random.default_rng([seed, crc32(camera.name.encode())])
    ny, nx = camera.shape
    y, x = np.indices(camera.shape, dtype=np.float64)
    flat = 1 - 0.10 * (((y - ny / 2) / ny) ** 2 + ((x - nx / 2) / nx) ** 2) * 2
    flat += rng.normal(0, 0.004, camera.shape)
    for dust_y, dust_x, radius in rng.uniform((0, 0, 9), (ny, nx, 26), (5, 3)):
        distance = np.hypot(y - dust_y, x - dust_x)
        flat -= 0.03 * np.exp(-(((distance - radius) / 4) ** 2))
    dark = np.full(camera.shape, camera.dark_electron_s)
    dark.flat[rng.choice(dark.size, HOT_PIXELS, replace=False)] += rng.uniform(20, 400, HOT_PIXELS)
    return Pattern(flat=flat / flat.mean(), dark_electron_s=dark)


def collected(light_electron: Image, pattern: Pattern, *, exposure_s: float, rng: np.random.Generator) -> Image:
    """Electrons in each pixel before it is read: light by the flat field, dark current, Poisson noise, cosmic rays."""
    expected = light_electron * pattern.flat + pattern.dark_electron_s * exposure_s
    electrons = rng.poisson(expected).astype(np.float64)
    for _ in range(rng.poisson(RAYS_PER_MINUTE * exposure_s / 60)):
        _add_ray(electrons, rng)
    return electrons


def digitised(
    electrons: Image, *, gain: float, bias_counts: float, read_noise: float, rng: np.random.Generator
) -> Counts:
    """Counts of electrons, with read noise (electrons) and the bias, as 16 unsigned bits hold them."""
    counts = (electrons + rng.normal(0, read_noise, electrons.shape)) / gain + bias_counts
    return np.clip(np.round(counts), 0, FULL_WELL_COUNTS).astype(np.uint16)


def calibrated(electrons: Image, pattern: Pattern, *, exposure_s: float) -> Reduced:
    """Light, in electrons, from electrons read: the camera's own dark current and flat field taken out."""
    light = (electrons - pattern.dark_electron_s * exposure_s) / pattern.flat
    return light.astype(np.float32)


def _add_ray(electrons: Image, rng: np.random.Generator) -> None:
    ny, nx = electrons.shape
    length, angle = int(rng.integers(1, RAY_LONGEST_PX)), rng.uniform(0, 2 * np.pi)
    steps = np.arange(length)
    rows = (rng.uniform(0, ny) + steps * np.sin(angle)).astype(int)
    columns = (rng.uniform(0, nx) + steps * np.cos(angle)).astype(int)
    inside = (rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx)
    electrons[rows[inside], columns[inside]] += rng.uniform(800, 6000)
