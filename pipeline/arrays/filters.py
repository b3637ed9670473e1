"""The camera's filters: which wavelengths they pass, and how the detected photons lie in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

SAMPLES = 7  # wavelengths that stand for a band, Gauss-Legendre


@dataclass(frozen=True, slots=True)
class Filter:
    """A passband as a few wavelengths, nm, and the share of the detected photons that each stands for, sum 1.

    `central_nm` is the wavelength by which seeing is scaled; diffraction uses the samples.
    """

    name: str
    central_nm: float
    wavelengths_nm: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def effective_nm(self) -> float:
        """The one wavelength at which a perfect image is as sharp as in the filter: mean of 1/λ² over photons."""
        inverse_squares = sum(
            weight / wavelength**2 for weight, wavelength in zip(self.weights, self.wavelengths_nm, strict=True)
        )
        return float(inverse_squares**-0.5)


def monochromatic(name: str, wavelength_nm: float) -> Filter:
    """A filter that passes one wavelength."""
    return Filter(name, wavelength_nm, (wavelength_nm,), (1.0,))


def flat_band(name: str, from_nm: float, to_nm: float) -> Filter:
    """As many photons at each wavelength between two edges."""
    return _band(name, (from_nm + to_nm) / 2, (from_nm, to_nm), slope=0.0)


def sloped_band(name: str, central_nm: float, edges_nm: tuple[float, float], *, effective_nm: float) -> Filter:
    """Photons that lie on a straight line between two edges, so inclined that the effective wavelength is as given.

    The line stands for filter, detector and star together. Raises ValueError if it would have to go below zero.
    """
    flat, steep = (_band(name, central_nm, edges_nm, slope=slope).effective_nm ** -2 for slope in (0.0, 1.0))
    slope = (effective_nm**-2 - flat) / (steep - flat)
    if abs(slope) > 1:
        raise ValueError(f"{name}: no straight line over {edges_nm} nm has its effective wavelength at {effective_nm}")
    return _band(name, central_nm, edges_nm, slope=slope)


def _band(name: str, central_nm: float, edges_nm: tuple[float, float], *, slope: float) -> Filter:
    nodes, shares = np.polynomial.legendre.leggauss(SAMPLES)
    middle, half = sum(edges_nm) / 2, (edges_nm[1] - edges_nm[0]) / 2
    weights = shares * (1 + slope * nodes) / 2
    return Filter(name, central_nm, tuple((middle + half * nodes).tolist()), tuple(weights.tolist()))


# Central wavelengths are those by which the original archive scales seeing. Edges are those of common sets, to 5 nm.
# Effective wavelengths of the first five are what the original's published table of reference factors implies, one
# for both telescopes (docs/science.md). For the others there is no such yardstick: they are taken as flat.
KNOWN_FILTERS: Mapping[str, Filter] = MappingProxyType(
    {
        known.name: known
        for known in (
            sloped_band("Sg", 475.0, (400.0, 550.0), effective_nm=482.0),
            sloped_band("Sr", 622.0, (560.0, 695.0), effective_nm=622.0),
            sloped_band("Si", 763.0, (695.0, 845.0), effective_nm=760.0),
            sloped_band("Sz", 905.0, (825.0, 1000.0), effective_nm=890.0),
            sloped_band("lp600", 770.0, (600.0, 1000.0), effective_nm=716.5),
            flat_band("c", 400.0, 1000.0),
            flat_band("J", 1170.0, 1330.0),
            flat_band("H", 1490.0, 1780.0),
        )
    }
)
