"""All the light of a star: what an aperture holds, less the sky, and what of the halo lies outside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.stamp import Stamp

Floats = NDArray[np.float64]

POWER = 11 / 3  # by which the halo behind Kolmogorov turbulence falls
ZONE_ARCSEC = (2.0, 4.3)  # where sky and halo are told apart
RINGS, SECTORS = 16, 12
CLIP_SIGMA = 4.0
PASSES = 8
LEAST_SHARE_OF_CELLS = 1 / 3


@dataclass(frozen=True, slots=True)
class Cells:
    """Rings of a zone about the star, cut into sectors: mean of each, and of what the light is made of there."""

    mean: Floats  # count a pixel
    n_px: Floats
    power_law: Floats  # mean of r ** -11/3, r in px
    edge_law: Floats  # mean of r ** -3


@dataclass(frozen=True, slots=True)
class Halo:
    """Sky and halo about a star: `sky + height * r ** -11/3` count a pixel, r in px, beside the diffracted light.

    `covariance` is of (sky, height). `pixel_variance` is that of a pixel as sums over many pixels show it, which in a
    resampled image, whose neighbours are correlated, is more than the scatter of single pixels.
    """

    sky: float
    height: float
    covariance: Floats
    pixel_variance: float
    edge_share_px: float
    flux: float

    def total(self, stamp: Stamp, radius_px: float) -> float:
        """All of the star's light, by what an aperture of this radius holds of it."""
        inside = stamp.radius_px <= radius_px
        held = float(stamp.values[inside].sum()) - self.sky * int(inside.sum())
        return held + self.height * power_law_outside(radius_px) + self.flux * self.edge_share_px / radius_px

    def variance(self, stamp: Stamp, radius_px: float, *, variance_per_count: float) -> tuple[float, float]:
        """Variance of that total from the light in the aperture, and from sky and halo as they were fitted."""
        inside = stamp.radius_px <= radius_px
        n_px = int(inside.sum())
        held = max(float(stamp.values[inside].sum()) - self.sky * n_px, 0.0)
        slopes = np.array([-n_px, power_law_outside(radius_px)])
        return variance_per_count * held + n_px * self.pixel_variance, float(slopes @ self.covariance @ slopes)


def power_law_outside(radius_px: float) -> float:
    """Integral of r ** -11/3 over the plane outside a radius."""
    return float(2 * np.pi * radius_px ** (2 - POWER) / (POWER - 2))


def fit_halo(stamp: Stamp, *, scale_arcsec: float, aperture_px: float, edge_share_px: float) -> Halo:
    """Fit sky and halo to the cells between 2.0" and 4.3" from the star.

    A perfect telescope's light that its edges diffract, `edge_share_px` / r of the star's light outside r, stays what
    it is behind turbulence; it is subtracted, by the flux found in `aperture_px` the pass before. Cells more than
    4 sigma from the fit (another star) are left out. Raises UsageError if less than a third of the zone has values.
    """
    cells = _cells_of(stamp, *(limit / scale_arcsec for limit in ZONE_ARCSEC))
    kept = np.ones(len(cells.mean), dtype=bool)
    # Before anything is known, the star's light is what stands out of the middle of the zone.
    found = Halo(float(np.median(cells.mean)), 0.0, np.zeros((2, 2)), 0.0, edge_share_px, 0.0)
    for _ in range(PASSES):
        flux = found.total(stamp, aperture_px)
        found, residual = _fit(cells, kept, flux=flux, edge_share_px=edge_share_px)
        sigma = 1.4826 * float(np.median(np.abs(residual[kept])))
        kept = np.abs(residual) <= CLIP_SIGMA * sigma if sigma > 0 else kept
    return found


def _fit(cells: Cells, kept: NDArray[np.bool_], *, flux: float, edge_share_px: float) -> tuple[Halo, Floats]:
    """Weighted least squares; all pixels have the same variance. Residuals are those of all cells, in its roots."""
    diffracted = flux * edge_share_px / (2 * np.pi) * cells.edge_law
    roots = np.sqrt(cells.n_px)
    design = np.stack([np.ones_like(cells.power_law), cells.power_law], axis=-1) * roots[:, np.newaxis]
    target = (cells.mean - diffracted) * roots
    # The columns differ by many powers of ten.
    scale = np.linalg.norm(design[kept], axis=0)
    normal = np.linalg.inv((design[kept] / scale).T @ (design[kept] / scale)) / np.outer(scale, scale)
    solution = normal @ (design[kept].T @ target[kept])
    residual = target - design @ solution
    pixel_variance = float((residual[kept] ** 2).sum() / (kept.sum() - 2))
    halo = Halo(float(solution[0]), float(solution[1]), normal * pixel_variance, pixel_variance, edge_share_px, flux)
    return halo, residual


def _cells_of(stamp: Stamp, inner_px: float, outer_px: float) -> Cells:
    radius, angle = stamp.radius_px, stamp.angle_rad
    used = (radius >= inner_px) & (radius < outer_px) & stamp.has_value
    ring = ((radius[used] - inner_px) / (outer_px - inner_px) * RINGS).astype(np.intp)
    sector = np.minimum(((angle[used] + np.pi) / (2 * np.pi) * SECTORS).astype(np.intp), SECTORS - 1)
    cell = ring * SECTORS + sector
    n_px = np.bincount(cell, minlength=RINGS * SECTORS)
    full = n_px > n_px.max() / 4
    if full.sum() < LEAST_SHARE_OF_CELLS * RINGS * SECTORS:
        raise UsageError(
            f'The image holds too little of the sky {ZONE_ARCSEC[0]}" to {ZONE_ARCSEC[1]}" from the star to tell sky '
            "and halo apart: give a larger image, or a star farther from its edge."
        )
    means = (
        np.bincount(cell, values, minlength=RINGS * SECTORS)[full] / n_px[full]
        for values in (stamp.values[used], radius[used] ** -POWER, radius[used] ** -3.0)
    )
    mean, power_law, edge_law = means
    return Cells(mean, n_px[full].astype(np.float64), power_law, edge_law)
