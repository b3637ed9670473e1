"""A companion's image, followed through all that is done to the star's."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.fourier import image_of, moved, transform_of
from pipeline.arrays.high_contrast.geometry import YX, radius_map
from pipeline.arrays.high_contrast.noise import ApertureSums
from pipeline.arrays.high_contrast.pca import Basis

Floats = NDArray[np.float64]

TEMPLATE_FWHM = 4.0  # radius of the template
HERE: YX = (0.0, 0.0)


def template_of(star: Floats, *, fwhm_px: float, radius_fwhm: float = TEMPLATE_FWHM) -> Floats:
    """The star's own image (ny, nx) as far as `radius_fwhm` widths from its middle, and zero beyond; blanks are zero.

    Over the last width it fades out, for an edge would ring when it is moved.
    """
    beyond_px = radius_map(star.shape) - (radius_fwhm - 1) * fwhm_px
    fading = np.cos(np.pi / 2 * np.clip(beyond_px / fwhm_px, 0, 1)) ** 2
    template: Floats = np.where(np.isfinite(star), star, 0.0) * fading
    return template


def displaced(template: Floats, offset: YX) -> Floats:
    """A template (ny, nx) moved from the middle to `offset` (rows, columns), px."""
    return image_of(moved(transform_of(template), template.shape, np.array(offset)), template.shape).astype(np.float64)


class Response(Protocol):
    """What a companion as bright as the star leaves in a residual (ny, nx), wherever it lies."""

    @property
    def fwhm_px(self) -> float:
        """Width of the star's core."""

    @property
    def star_sum(self) -> float:
        """The star's light in an aperture one width across."""

    def at(self, offset: YX) -> Floats:
        """The residual (ny, nx) of a companion of flux 1 there."""

    def throughput(self, offset: YX) -> float:
        """Share of its light in an aperture that is left of it."""


@dataclass(frozen=True)
class CompanionModel:
    """What a companion as bright as the star leaves after the star's light was taken out, wherever it lies.

    `template` is the star's image, filtered as the image was from which `basis` takes the star's light.
    """

    template: Floats  # (ny, nx)
    basis: Basis
    fwhm_px: float

    def __post_init__(self) -> None:
        if not self.star_sum > 0:
            raise UsageError("The star has no light in its core: it can not tell what a companion would look like.")

    @cached_property
    def star_sum(self) -> float:
        """The star's light in an aperture one width across."""
        return float(ApertureSums(self.template, diameter_px=self.fwhm_px).at(np.array(HERE)))

    def at(self, offset: YX) -> Floats:
        """The residual (ny, nx) of a companion of flux 1 there: a part of its light is taken for the star's."""
        return self.basis.residual(displaced(self.template, offset))

    def throughput(self, offset: YX) -> float:
        """Share of its light in an aperture that is left of it.

        References
        ----------
        Pueyo 2016, ApJ 824, 117 (forward modelling), of which this is the part that references of other stars need.
        """
        left = ApertureSums(self.at(offset), diameter_px=self.fwhm_px).at(np.array(offset))
        return float(left) / self.star_sum
