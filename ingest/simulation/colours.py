"""What has another colour is brighter through one filter than through another."""

from dataclasses import replace

import numpy as np

from ingest.simulation.sky import Galaxy, Stars

WAVELENGTH_NM = {"gp": 482.5, "V": 544.8, "rp": 626.1, "ip": 767.2}
REDNESS_MAG = 0.3  # per 100 nm, one standard deviation among stars: of about 1 mag between g and i
OLD_STARS_MAG = 0.12  # per 100 nm: the middle of a galaxy is redder than its arms


def stars_through(stars: Stars, filter_name: str, *, own: str, rng: np.random.Generator) -> Stars:
    """Stars as bright as they are through a filter; their magnitudes are those through `own`."""
    redness = rng.normal(0, REDNESS_MAG, len(stars.magnitude))
    return replace(stars, magnitude=stars.magnitude - redness * _steps(filter_name, own))


def galaxy_through(galaxy: Galaxy, filter_name: str, *, own: str) -> Galaxy:
    """A galaxy the same: through red filters brighter, smaller and smoother, for its old stars are in its middle."""
    steps = _steps(filter_name, own)
    return replace(
        galaxy,
        magnitude=galaxy.magnitude - OLD_STARS_MAG * steps,
        radius_arcsec=galaxy.radius_arcsec * (1 - 0.06 * steps),
        arms=galaxy.arms * (1 - 0.12 * steps),
    )


def _steps(filter_name: str, own: str) -> float:
    return (WAVELENGTH_NM[filter_name] - WAVELENGTH_NM[own]) / 100.0
