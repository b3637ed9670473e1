"""Companions put into an image, and whether they are found: the test of a limit that trusts no formula."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.high_contrast.analysis import Setting, analyse
from pipeline.arrays.high_contrast.detection import Standing, standing
from pipeline.arrays.high_contrast.geometry import YX, offset_yx
from pipeline.arrays.high_contrast.model import displaced, template_of
from pipeline.arrays.high_contrast.noise import ApertureSums

Floats = NDArray[np.float64]


def with_companion(star: NDArray[np.floating[Any]], offset: YX, *, flux: float, fwhm_px: float) -> Floats:
    """The image (ny, nx) of a star with a companion more: the star as far as some widths, `flux` times as bright."""
    injected: Floats = star + flux * displaced(template_of(star.astype(np.float64), fwhm_px=fwhm_px), offset)
    return injected


def inject_and_recover(
    star: NDArray[np.floating[Any]],
    references: NDArray[np.floating[Any]],
    setting: Setting,
    *,
    separation_px: float,
    flux: float,
    angles_deg: Iterable[float],
) -> Iterator[Standing]:
    """How far a companion stands out at each of some angles, one at a time; the whole analysis is done for each."""
    for angle in angles_deg:
        offset = offset_yx(separation_px, angle)
        image = with_companion(star, offset, flux=flux, fwhm_px=setting.fwhm_px)
        residual = analyse(image, references, setting).residual
        sums = ApertureSums(residual, diameter_px=setting.fwhm_px)
        yield standing(sums, offset, fwhm_px=setting.fwhm_px, sigma=setting.sigma)
