"""Where a companion is and how bright, by its image as the subtraction leaves it."""

from dataclasses import dataclass

import numpy as np
from astropy.stats import gaussian_fwhm_to_sigma
from numpy.typing import NDArray
from scipy import optimize

from archive.errors import UsageError
from pipeline.arrays.high_contrast.geometry import YX, disc_at, polar_of, ring_count, ring_places
from pipeline.arrays.high_contrast.model import Response

Floats = NDArray[np.float64]

REACH_FWHM = 1.5  # radius of the pixels that are fitted
MAG_PER_SHARE = 2.5 / np.log(10)
MOST_PLACES = 40  # where the noise of the fit is taken


@dataclass(frozen=True, slots=True)
class Companion:
    """A companion; distances in px, angles in degrees, flux and its standard deviation over the star's flux."""

    offset_yx: YX
    separation_px: float
    position_angle_deg: float
    flux: float
    flux_error: float

    @property
    def delta_mag(self) -> float:
        return float(-2.5 * np.log10(self.flux))

    @property
    def delta_mag_error(self) -> float:
        return float(MAG_PER_SHARE * self.flux_error / self.flux)

    @property
    def signal_to_noise(self) -> float:
        return self.flux / self.flux_error


def position_error_px(companion: Companion, fwhm_px: float) -> float:
    """Standard deviation along each axis, px: that of a matched filter of a Gaussian in noise as wide as pixels.

    √2 times its own standard deviation over the signal to noise.
    """
    return float(np.sqrt(2) * fwhm_px * gaussian_fwhm_to_sigma / companion.signal_to_noise)


def fit_companion(residual: Floats, model: Response, near: YX, *, quiet: Floats | None = None) -> Companion:
    """Fit place and flux of the companion near an offset from the star in a residual (ny, nx).

    Least squares of what a companion would leave, over the pixels within 1.5 widths. The error of the flux is the
    scatter of the flux that the same fit finds at other places of the ring, of `quiet` (ny, nx) where the residual
    without the companion is known. Raises UsageError when nothing there is brighter than its surroundings.
    """
    pixels = disc_at(residual.shape, near, radius_px=REACH_FWHM * model.fwhm_px)
    seen = np.where(np.isfinite(residual), residual, 0.0)[pixels]

    def unexplained(place: Floats) -> float:
        flux, power = _flux_at(seen, pixels, model, (place[0], place[1]))
        return -flux * abs(flux) * power

    start = np.array(near) + np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.3]])
    found = optimize.minimize(
        unexplained,
        np.array(near),
        method="Nelder-Mead",
        options={"xatol": 5e-3, "fatol": 0.0, "maxfev": 80, "initial_simplex": start},
    )
    place = (float(found.x[0]), float(found.x[1]))
    flux, _ = _flux_at(seen, pixels, model, place)
    if not flux > 0 or np.hypot(place[0] - near[0], place[1] - near[1]) > model.fwhm_px:
        raise UsageError(
            f"Nothing near y = {near[0]:+.1f}, x = {near[1]:+.1f} px from the star looks like a companion."
        )
    separation, angle = polar_of(place)
    return Companion(place, separation, angle, flux, _noise_of_fit(residual if quiet is None else quiet, model, place))


def _noise_of_fit(residual: Floats, model: Response, place: YX) -> float:
    """Scatter of the fluxes that are found at places of the ring where the companion's light does not reach."""
    radius, first_deg = float(np.hypot(*place)), float(np.degrees(np.arctan2(-place[1], place[0])))
    around = ring_places(radius, ring_count(radius, model.fwhm_px), first_deg=first_deg)[2:-1]
    chosen = around[np.unique(np.linspace(0, len(around) - 1, min(len(around), MOST_PLACES)).astype(int))]
    filled = np.where(np.isfinite(residual), residual, 0.0)
    fluxes = []
    for y, x in chosen:
        pixels = disc_at(residual.shape, (y, x), radius_px=REACH_FWHM * model.fwhm_px)
        fluxes.append(_flux_at(filled[pixels], pixels, model, (y, x))[0])
    return float(np.std(fluxes, ddof=1) * np.sqrt(1 + 1 / len(fluxes)))


def _flux_at(seen: Floats, pixels: NDArray[np.bool_], model: Response, place: YX) -> tuple[float, float]:
    """Best flux of a companion at a place for what is `seen`, and the power of its image there."""
    image = model.at(place)[pixels]
    image = np.where(np.isfinite(image), image, 0.0)
    power = float(image @ image)
    return (float(seen @ image) / power if power > 0 else 0.0), power
