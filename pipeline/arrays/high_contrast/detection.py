"""What stands out of the noise of its ring.

References
----------
Mawet et al. 2014, ApJ 792, 97.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.high_contrast.geometry import YX, Zone, centre_of, radius_map, ring_count
from pipeline.arrays.high_contrast.noise import (
    FEWEST_APERTURES,
    SIGMA,
    ApertureSums,
    others_on_ring,
    scatter_of,
    t_threshold,
)

Floats = NDArray[np.float64]

NEIGHBOURS = 3  # apertures of a ring that a place's own light reaches: its own and one on each side
REFINED_PX = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an aperture stands out of its ring: Student's t, and what noise exceeds once in 3.5 million times."""

    t: float
    threshold: float

    @property
    def share(self) -> float:
        """Student's t over its threshold: 1 and more is a detection."""
        return self.t / self.threshold


@dataclass(frozen=True, slots=True)
class Map:
    """Of every pixel (ny, nx) the t of the aperture about it, and the threshold of its ring; NaN outside the zone."""

    t: Floats
    threshold: Floats


def standing(sums: ApertureSums, offset: YX, *, fwhm_px: float, sigma: float = SIGMA) -> Standing:
    """How far the aperture at an offset from the star stands out of its ring, in the sums of a residual."""
    others = others_on_ring(sums, offset, fwhm_px=fwhm_px)
    t = scatter_of(others).t_of(float(sums.at(np.array(offset))))
    return Standing(t, t_threshold(len(others), sigma=sigma))


def signal_to_noise_map(residual: Floats, zone: Zone, *, fwhm_px: float, sigma: float = SIGMA) -> Map:
    """Student's t of every pixel whose ring lies wholly in the zone and has at least four apertures beside its own."""
    sums = ApertureSums(residual, diameter_px=fwhm_px)
    radius = radius_map(residual.shape)
    t, threshold = np.full(residual.shape, np.nan), np.full(residual.shape, np.nan)
    pixels_of: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for y, x in np.argwhere((radius >= zone.inner_px + fwhm_px / 2) & (radius <= zone.outer_px - fwhm_px / 2)):
        pixels_of[ring_count(radius[y, x], fwhm_px)].append((y, x))
    for count, pixels in pixels_of.items():
        if count - NEIGHBOURS < FEWEST_APERTURES:
            continue
        places = np.array(pixels)
        t[places[:, 0], places[:, 1]] = _t_of(sums, places - np.array(centre_of(residual.shape)), count)
        threshold[places[:, 0], places[:, 1]] = t_threshold(count - NEIGHBOURS, sigma=sigma)
    return Map(t, threshold)


def brightest(found: Map, *, without: NDArray[np.bool_]) -> YX | None:
    """Offset of the pixel that most exceeds its threshold, `without` pixels (ny, nx) left out; None where none does."""
    share = np.where(without | ~np.isfinite(found.t), -np.inf, found.t / found.threshold)
    y, x = np.unravel_index(int(share.argmax()), share.shape)
    if share[y, x] < 1:
        return None
    y0, x0 = centre_of(share.shape)
    return float(y - y0), float(x - x0)


def _t_of(sums: ApertureSums, offsets: Floats, count: int) -> Floats:
    """Student's t (n,) of places (n, 2) on rings of `count` apertures each."""
    turns = 2 * np.pi * np.arange(2, count - 1) / count
    y, x = offsets[:, :1], offsets[:, 1:]
    others = sums.at(np.stack([y * np.cos(turns) + x * np.sin(turns), x * np.cos(turns) - y * np.sin(turns)], axis=-1))
    own = sums.at(offsets.astype(np.float64))
    n = others.shape[1]
    t: Floats = (own - others.mean(axis=1)) / (others.std(axis=1, ddof=1) * np.sqrt(1 + 1 / n))
    return t
