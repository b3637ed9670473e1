"""Companions put into an image, and whether they are found: the test of a limit that trusts no formula."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.high_contrast.analysis import Setting, analyse
from pipeline.arrays.high_contrast.companion_fit import Companion
from pipeline.arrays.high_contrast.detection import Standing, standing
from pipeline.arrays.high_contrast.geometry import YX, offset_yx
from pipeline.arrays.high_contrast.model import displaced, template_of
from pipeline.arrays.high_contrast.noise import ApertureSums

Floats = NDArray[np.float64]


def with_companion(star: NDArray[np.floating[Any]], offset: YX, *, flux: float, fwhm_px: float) -> Floats:
    """The image (ny, nx) of a star with a companion more: the star as far as some widths, `flux` times as bright."""
    injected: Floats = star + flux * displaced(template_of(star.astype(np.float64), fwhm_px=fwhm_px), offset)
    return injected


@dataclass(frozen=True, slots=True)
class Recovery:
    """A companion that was put in, `flux` times as bright as the star, and what came of it.

    `found` is what the analysis tells within one width of its place; None: nothing.
    """

    separation_px: float
    position_angle_deg: float
    flux: float
    standing: Standing
    found: Companion | None

    @property
    def is_found(self) -> bool:
        """Whether the aperture at its place stands out of its ring."""
        return self.standing.share >= 1

    @property
    def off_px(self) -> float | None:
        """How far from its place it was found."""
        if self.found is None:
            return None
        return _between(self.found, offset_yx(self.separation_px, self.position_angle_deg))


def recovered(
    star: NDArray[np.floating[Any]],
    references: NDArray[np.floating[Any]],
    setting: Setting,
    *,
    separation_px: float,
    flux: float,
    angles_deg: Iterable[float],
) -> Iterator[Recovery]:
    """Put a companion in at each of some angles, one at a time; the whole analysis is done for each.

    Raises UsageError as `analyse` does, and for a place whose ring does not lie in the zone.
    """
    _require_in_zone(separation_px, setting, star.shape)
    for angle in angles_deg:
        offset = offset_yx(separation_px, angle)
        image = with_companion(star, offset, flux=flux, fwhm_px=setting.fwhm_px)
        analysis = analyse(image, references, setting)
        sums = ApertureSums(analysis.residual, diameter_px=setting.fwhm_px)
        stands = standing(sums, offset, fwhm_px=setting.fwhm_px, sigma=setting.sigma)
        near = [each.companion for each in analysis.companions if _between(each.companion, offset) <= setting.fwhm_px]
        found = min(near, key=lambda each: _between(each, offset), default=None)
        yield Recovery(separation_px, float(angle), flux, stands, found)


def inject_and_recover(
    star: NDArray[np.floating[Any]],
    references: NDArray[np.floating[Any]],
    setting: Setting,
    *,
    separation_px: float,
    flux: float,
    angles_deg: Iterable[float],
) -> Iterator[Standing]:
    """How far a companion stands out at each of some angles."""
    told = recovered(star, references, setting, separation_px=separation_px, flux=flux, angles_deg=angles_deg)
    return (each.standing for each in told)


def _between(companion: Companion, offset: YX) -> float:
    return float(np.hypot(companion.offset_yx[0] - offset[0], companion.offset_yx[1] - offset[1]))


def _require_in_zone(separation_px: float, setting: Setting, shape: tuple[int, ...]) -> None:
    zone, half = setting.zone_of(shape), setting.fwhm_px / 2
    if not zone.inner_px + half <= separation_px <= zone.outer_px - half:
        raise UsageError(
            f"At {separation_px:.1f} px from the star there is nothing to find: the apertures lie between "
            f"{zone.inner_px + half:.1f} and {zone.outer_px - half:.1f} px."
        )
