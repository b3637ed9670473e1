"""How faint a companion could be and still be seen, by its distance from the star.

References
----------
Mawet et al. 2014, ApJ 792, 97.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.high_contrast.geometry import Zone, ring_count, ring_places
from pipeline.arrays.high_contrast.model import Response
from pipeline.arrays.high_contrast.noise import (
    FEWEST_APERTURES,
    SIGMA,
    ApertureSums,
    detection_threshold,
    scatter_of,
)

Floats = NDArray[np.float64]

RING_STEP = 0.5  # widths
ANGLES_OF_THROUGHPUT = 6
TURNS_OF_RING = 4  # where the first aperture stands, in steps of a part of their distance


@dataclass(frozen=True, slots=True)
class ContrastCurve:
    """Five-sigma limits (n,), from near to far.

    `flux` is that of the faintest companion that is seen, over the star's: one at this limit is found every
    second time.
    `threshold` is by how many times the scatter of the ring it stands out then.
    """

    separation_px: Floats
    flux: Floats
    throughput: Floats
    threshold: Floats
    aperture_count: NDArray[np.intp]
    sigma: float

    @property
    def delta_mag(self) -> Floats:
        """By how much fainter than the star; NaN where the limit says nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            fainter: Floats = -2.5 * np.log10(self.flux)
        return fainter

    def delta_mag_at(self, separation_px: float) -> float:
        """Limit there, on a straight line between those beside it; NaN outside of the curve."""
        return float(np.interp(separation_px, self.separation_px, self.delta_mag, left=np.nan, right=np.nan))


def contrast_curve(residual: Floats, model: Response, zone: Zone, *, sigma: float = SIGMA) -> ContrastCurve:
    """Limits of a residual (ny, nx) from which companions that were found have been taken.

    On rings half a width apart whose apertures lie wholly in the zone: τ s / (T F), with τ for the
    number of independent apertures, s their scatter, T the throughput there (mean of six angles) and F the star's light
    in the same aperture. As where the apertures stand is arbitrary, s² is the mean of four turns of the ring. Rings of
    a whole width would be about λ/D apart, as the star's own rings are: all on bright ones, or all between them.
    """
    width = model.fwhm_px
    radii = [
        radius
        for radius in np.arange(zone.inner_px + width / 2, zone.outer_px - width / 2 + 1e-9, width * RING_STEP)
        if ring_count(radius, width) >= FEWEST_APERTURES
    ]
    sums = ApertureSums(residual, diameter_px=width)
    counts = [ring_count(radius, width) for radius in radii]
    scatters = np.array([_scatter(sums, radius, count) for radius, count in zip(radii, counts, strict=True)])
    throughputs = _throughputs(model, radii)
    thresholds = np.array([detection_threshold(count, sigma=sigma) for count in counts])
    with np.errstate(divide="ignore", invalid="ignore"):
        flux = np.where(throughputs > 0, thresholds * scatters / (throughputs * model.star_sum), np.nan)
    return ContrastCurve(np.array(radii), flux, throughputs, thresholds, np.array(counts, dtype=np.intp), sigma)


def _throughputs(model: Response, radii: Sequence[float]) -> Floats:
    """Throughput (n,) at distances in order: it changes slowly, so every second one lies on a line between two."""
    some = [*radii[::2], *radii[-1:]]
    return np.interp(radii, some, [mean_throughput(model, radius) for radius in some])


def mean_throughput(model: Response, radius_px: float) -> float:
    """Throughput at a distance, mean of some angles."""
    return float(np.mean([model.throughput((y, x)) for y, x in ring_places(radius_px, ANGLES_OF_THROUGHPUT)]))


def _scatter(sums: ApertureSums, radius: float, count: int) -> float:
    turns = 360 / count / TURNS_OF_RING * np.arange(TURNS_OF_RING)
    return float(np.sqrt(np.mean([scatter_of(sums.ring(radius, count, first_deg=turn)).sigma ** 2 for turn in turns])))
