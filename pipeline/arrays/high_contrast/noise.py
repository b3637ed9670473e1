"""Apertures on rings, their scatter, and how sure one can be with few of them.

References
----------
Mawet et al. 2014, ApJ 792, 97 (small-sample statistics of speckle noise).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from photutils.aperture import CircularAperture
from scipy import ndimage, stats
from scipy.signal import fftconvolve

from pipeline.arrays.high_contrast.geometry import YX, centre_of, ring_count, ring_places

Floats = NDArray[np.float64]

SIGMA = 5.0
FEWEST_APERTURES = 4  # with fewer their scatter says nothing


class ApertureSums:
    """Sums of an image (ny, nx) in circles of one diameter, at any place; blanks count as zero.

    The sum is made about every pixel, its edge by shares of pixels, and read between pixels by cubic splines: right
    where the image is sampled at two pixels in λ/D or finer.
    """

    def __init__(self, image: Floats, *, diameter_px: float) -> None:
        half = int(np.ceil(diameter_px / 2)) + 1
        kernel = CircularAperture((half, half), diameter_px / 2).to_mask().to_image((2 * half + 1, 2 * half + 1))
        filled = np.where(np.isfinite(image), image, 0.0)
        self.every_pixel: Floats = fftconvolve(filled, kernel, mode="same")
        self._spline = ndimage.spline_filter(self.every_pixel, order=3, mode="nearest")
        self._centre = centre_of(image.shape)

    def at(self, offsets_yx: Floats) -> Floats:
        """Sums (…,) at offsets (…, 2) from the star."""
        offsets = np.asarray(offsets_yx, dtype=np.float64)
        places = offsets.reshape(-1, 2).T + np.array(self._centre)[:, np.newaxis]
        sums = ndimage.map_coordinates(self._spline, places, order=3, mode="nearest", prefilter=False)
        return sums.reshape(offsets.shape[:-1])

    def ring(self, radius_px: float, count: int, *, first_deg: float = 0.0) -> Floats:
        """Sums (count,) at equal steps on a ring."""
        return self.at(ring_places(radius_px, count, first_deg=first_deg))


@dataclass(frozen=True, slots=True)
class Scatter:
    """Mean and scatter of the apertures of a ring, and how many they are."""

    mean: float
    sigma: float
    count: int

    def t_of(self, value: float) -> float:
        """Student's t of one more aperture, of `count` - 1 degrees of freedom."""
        return float((value - self.mean) / (self.sigma * np.sqrt(1 + 1 / self.count)))


def scatter_of(sums: Floats) -> Scatter:
    """Of apertures (n,), n at least 2."""
    return Scatter(float(sums.mean()), float(sums.std(ddof=1)), len(sums))


def t_threshold(count: int, *, sigma: float = SIGMA) -> float:
    """Student's t, of `count` apertures, that noise exceeds as rarely as a normal value exceeds `sigma`."""
    return float(stats.t.isf(stats.norm.sf(sigma), count - 1))


def detection_threshold(count: int, *, sigma: float = SIGMA) -> float:
    """τ: by how many times the scatter of `count` apertures another must stand out, for the same rarity of mistakes.

    6.7 of 26 apertures, 5.3 of 106, for 5 sigma (2.9e-7).
    """
    return t_threshold(count, sigma=sigma) * float(np.sqrt(1 + 1 / count))


def others_on_ring(sums: ApertureSums, offset: YX, *, fwhm_px: float) -> Floats:
    """Apertures of the ring through a place, without the one there and its two neighbours, which its light reaches."""
    radius, first_deg = float(np.hypot(*offset)), float(np.degrees(np.arctan2(-offset[1], offset[0])))
    around = sums.ring(radius, ring_count(radius, fwhm_px), first_deg=first_deg)
    return around[2:-1]
