"""The sources of a reduced frame, measured in small apertures."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from ingest.simulation.observatory import Station
from ingest.simulation.sky import Stars, pixel_positions

MOST_SOURCES = 250
RADIUS_FWHM = 1.5  # of the aperture
LEAST_SIGNAL_TO_NOISE = 10.0


def source_table(image: NDArray[np.float32], stars: Stars, wcs: WCS, station: Station) -> fits.BinTableHDU:
    """Extension CAT: place (pixels from one, and ICRS) and flux (electrons) of the brightest sources."""
    rows, columns = pixel_positions(stars, wcs)
    radius = RADIUS_FWHM * station.fwhm_px
    half = int(np.ceil(radius))
    ny, nx = image.shape
    inside = (rows > half) & (rows < ny - half - 1) & (columns > half) & (columns < nx - half - 1)
    chosen = np.flatnonzero(inside)[np.argsort(stars.magnitude[inside], kind="stable")][:MOST_SOURCES]
    flux = np.array([_aperture_flux(image, rows[n], columns[n], radius) for n in chosen])
    sky = float(np.median(image))
    area = np.pi * radius**2
    noise = np.sqrt(np.maximum(flux, 0) + area * (max(sky, 0) + station.camera.read_noise_electron**2))
    flux_above_sky = flux - area * sky
    seen = flux_above_sky > LEAST_SIGNAL_TO_NOISE * noise
    kept = chosen[seen]
    return fits.BinTableHDU.from_columns(
        [
            fits.Column("x", "D", "pixel", array=columns[kept] + 1),
            fits.Column("y", "D", "pixel", array=rows[kept] + 1),
            fits.Column("ra", "D", "deg", array=stars.ra_deg[kept]),
            fits.Column("dec", "D", "deg", array=stars.dec_deg[kept]),
            fits.Column("flux", "D", "electron", array=flux_above_sky[seen]),
            fits.Column("fluxerr", "D", "electron", array=noise[seen]),
        ],
        name="CAT",
    )


def _aperture_flux(image: NDArray[np.float32], y: float, x: float, radius: float) -> float:
    """Sum over a circle, pixels cut by its edge counting by the depth of their centre in a pixel-wide border."""
    half = int(np.ceil(radius)) + 1
    first_y, first_x = max(0, round(y) - half), max(0, round(x) - half)
    stamp = image[first_y : round(y) + half + 1, first_x : round(x) + half + 1]
    row, column = np.indices(stamp.shape)
    distance = np.hypot(row + first_y - y, column + first_x - x)
    return float((stamp * np.clip(radius + 0.5 - distance, 0, 1)).sum())
