"""Stars, galaxies and clusters to electrons per pixel. Arrays are (ny, nx), positions (y, x) from zero."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.special import gamma, gammaincinv

Image = NDArray[np.float64]
Numbers = NDArray[np.float64]

MOFFAT_BETA = 3.0
FAINTEST_ELECTRON = 0.3  # a star's wings are drawn down to this
WIDEST_STAMP_PX = 150
MAGNITUDE_SLOPE = 0.28  # stars per magnitude grow by ten to this power


@dataclass(frozen=True, slots=True)
class Stars:
    """Places (ICRS) and magnitudes, each (n,)."""

    ra_deg: Numbers
    dec_deg: Numbers
    magnitude: Numbers

    def joined(self, other: "Stars") -> "Stars":
        return Stars(
            np.append(self.ra_deg, other.ra_deg),
            np.append(self.dec_deg, other.dec_deg),
            np.append(self.magnitude, other.magnitude),
        )


@dataclass(frozen=True, slots=True)
class Galaxy:
    """A Sérsic profile; `arms` is the contrast of a two-armed spiral that adds no flux, 0 for none."""

    ra_deg: float
    dec_deg: float
    magnitude: float
    radius_arcsec: float  # half of the light
    index: float
    axis_ratio: float
    position_angle_deg: float  # north through east
    arms: float = 0.0


def field_stars(
    rng: np.random.Generator, *, ra_deg: float, dec_deg: float, radius_deg: float, number: int, brightest: float = 9.5
) -> Stars:
    """Stars evenly spread over a square of half-side `radius_deg`, down to magnitude 20.5."""
    xi, eta = rng.uniform(-radius_deg, radius_deg, (2, number))
    return _at_offsets(xi, eta, _magnitudes(rng, number, brightest, 20.5), ra_deg=ra_deg, dec_deg=dec_deg)


def cluster_stars(rng: np.random.Generator, *, ra_deg: float, dec_deg: float, core_deg: float, number: int) -> Stars:
    """A globular cluster: Plummer's sphere seen on the sky, its core radius `core_deg`."""
    share = rng.uniform(0, 0.97, number)
    radius = core_deg * np.sqrt(share / (1 - share))
    angle = rng.uniform(0, 2 * np.pi, number)
    magnitudes = _magnitudes(rng, number, 12.5, 20.0)
    return _at_offsets(radius * np.sin(angle), radius * np.cos(angle), magnitudes, ra_deg=ra_deg, dec_deg=dec_deg)


def pixel_positions(stars: Stars, wcs: WCS) -> tuple[Numbers, Numbers]:
    """Place of each star, y and x from zero."""
    x, y = wcs.all_world2pix(stars.ra_deg, stars.dec_deg, 0)
    return np.asarray(y), np.asarray(x)


def add_star(image: Image, *, y: float, x: float, flux: float, fwhm_px: float) -> None:
    """Add a Moffat profile (beta 3) whose whole plane holds `flux`; what falls off the image is lost."""
    alpha = fwhm_px / (2 * np.sqrt(2 ** (1 / MOFFAT_BETA) - 1))
    peak = flux * (MOFFAT_BETA - 1) / (np.pi * alpha**2)
    reach = alpha * max(1.0, peak / FAINTEST_ELECTRON) ** (1 / (2 * MOFFAT_BETA))
    half = int(min(max(reach, 4 * fwhm_px), WIDEST_STAMP_PX))
    rows = np.arange(max(0, round(y) - half), min(image.shape[0], round(y) + half + 1))
    columns = np.arange(max(0, round(x) - half), min(image.shape[1], round(x) + half + 1))
    if rows.size == 0 or columns.size == 0:
        return
    squared = ((rows - y) ** 2)[:, None] + ((columns - x) ** 2)[None, :]
    base = 1 + squared / alpha**2
    image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += peak / (base * base * base)


def add_stars(image: Image, stars: Stars, wcs: WCS, *, zero_point: float, exposure_s: float, fwhm_px: float) -> None:
    """Add all stars; `zero_point` is the magnitude of one electron per second."""
    fluxes = flux_of(stars.magnitude, zero_point=zero_point, exposure_s=exposure_s)
    rows, columns = pixel_positions(stars, wcs)
    margin = WIDEST_STAMP_PX
    near = (
        (rows > -margin) & (rows < image.shape[0] + margin) & (columns > -margin) & (columns < image.shape[1] + margin)
    )
    for y, x, flux in zip(rows[near], columns[near], fluxes[near], strict=True):
        add_star(image, y=float(y), x=float(x), flux=float(flux), fwhm_px=fwhm_px)


def add_galaxy(image: Image, galaxy: Galaxy, wcs: WCS, *, zero_point: float, exposure_s: float) -> None:
    """Add a Sérsic profile whose whole plane holds the galaxy's flux."""
    x0, y0 = (float(place) for place in wcs.all_world2pix(galaxy.ra_deg, galaxy.dec_deg, 0))
    scale_deg = np.sqrt(abs(np.linalg.det(wcs.wcs.cd)))
    radius_px = galaxy.radius_arcsec / 3600 / scale_deg
    angle = np.radians(galaxy.position_angle_deg)
    along_x, along_y = np.linalg.inv(wcs.wcs.cd) @ [np.sin(angle), np.cos(angle)] * scale_deg
    y, x = np.indices(image.shape, dtype=np.float64)
    major = (x - x0) * along_x + (y - y0) * along_y
    minor = (-(x - x0) * along_y + (y - y0) * along_x) / galaxy.axis_ratio
    radius = np.hypot(major, minor) / radius_px
    flux = float(flux_of(np.array(galaxy.magnitude), zero_point=zero_point, exposure_s=exposure_s))
    profile = sersic(radius, galaxy.index) * flux / (radius_px**2 * galaxy.axis_ratio)
    if galaxy.arms:
        phase = 2 * np.arctan2(minor, major) - 6 * np.log(radius + 0.1)
        profile *= 1 + galaxy.arms * np.cos(phase) * (1 - np.exp(-((2 * radius) ** 2)))
    image += profile


def sersic(radius: Numbers, index: float) -> Numbers:
    """Sérsic profile over radius in units of the half-light radius, with an integral of one over the plane."""
    b = gammaincinv(2 * index, 0.5)
    whole = 2 * np.pi * index * b ** (-2 * index) * gamma(2 * index)
    return np.asarray(np.exp(-b * radius ** (1 / index)) / whole)


def flux_of(magnitude: Numbers, *, zero_point: float, exposure_s: float) -> Numbers:
    return exposure_s * 10 ** (0.4 * (zero_point - magnitude))


def _magnitudes(rng: np.random.Generator, number: int, brightest: float, faintest: float) -> Numbers:
    low, high = 10 ** (MAGNITUDE_SLOPE * np.array([brightest, faintest]))
    return np.asarray(np.log10(rng.uniform(low, high, number)) / MAGNITUDE_SLOPE)


def _at_offsets(xi_deg: Numbers, eta_deg: Numbers, magnitudes: Numbers, *, ra_deg: float, dec_deg: float) -> Stars:
    """Places of offsets on the tangent plane, east and north, in degrees."""
    xi, eta, dec = np.radians(xi_deg), np.radians(eta_deg), np.radians(dec_deg)
    depth = np.cos(dec) - eta * np.sin(dec)
    ra = np.degrees(np.arctan2(xi, depth)) + ra_deg
    height = np.degrees(np.arctan2(np.sin(dec) + eta * np.cos(dec), np.hypot(xi, depth)))
    return Stars(ra % 360, height, magnitudes)
