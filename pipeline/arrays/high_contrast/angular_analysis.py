"""From frames in which the field turns to a residual, limits and companions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.high_contrast.analysis import MOST_COMPANIONS, Found
from pipeline.arrays.high_contrast.angular import REACH_FWHM, AngularSetting, Sequence, sequence_of
from pipeline.arrays.high_contrast.companion_fit import Companion, fit_companion
from pipeline.arrays.high_contrast.contrast import ContrastCurve, contrast_curve
from pipeline.arrays.high_contrast.detection import Map, brightest, signal_to_noise_map, standing
from pipeline.arrays.high_contrast.geometry import YX, Zone, centre_of, disc_at, polar_of
from pipeline.arrays.high_contrast.model import TEMPLATE_FWHM
from pipeline.arrays.high_contrast.noise import ApertureSums
from pipeline.arrays.high_contrast.rotation import read_turned, turned_offset

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]

REFINEMENTS = 3
MOST_PLACES = 20  # that are looked at


@dataclass(frozen=True, slots=True)
class AngularAnalysis:
    """What is left of a star's frames, and what that says; north is up in all of it.

    residual : (ny, nx), with the companions in it; NaN where no frame is told.
    signal : t of every pixel of `residual`, and the threshold of its ring.
    curve : limits of the frames without the companions.
    companions : the brightest first.
    zone : where something is left.
    """

    residual: Floats
    signal: Map
    curve: ContrastCurve
    companions: tuple[Found, ...]
    zone: Zone


def analyse_angular(
    cube: AnyFloats, angles_deg: AnyFloats, star: AnyFloats, setting: AngularSetting
) -> AngularAnalysis:
    """Take the star's light out of frames (n, ny, nx) by each other, turn them north up and look for companions.

    `angular.py` says what cube, angles and star must be; so do the errors, which are UsageError.
    """
    sequence = sequence_of(cube, angles_deg, star, setting)
    companions, left = companions_of(sequence)
    return AngularAnalysis(
        residual=sequence.residual,
        signal=_signal_of(sequence),
        curve=contrast_curve(left.residual, left, left.zone, sigma=setting.sigma),
        companions=companions,
        zone=sequence.zone,
    )


def companions_of(sequence: Sequence) -> tuple[tuple[Found, ...], Sequence]:
    """Companions one after the other, each taken out of the frames before the next is looked for; and the frames left.

    What lies within a template's radius of one that was found is not told as another. A bright one takes so much of
    itself along its ring that its wings may stand out farther than it does: a place that can not be fitted, or where
    little is when it was, only rules out its own width.
    """
    found: list[Found] = []
    signal = _signal_of(sequence)
    left, taken = sequence, np.zeros(sequence.shape, dtype=bool)
    for _ in range(MOST_PLACES):
        if len(found) == MOST_COMPANIONS or (place := brightest(signal, without=taken)) is None:
            break
        one = _standing_one(left, place)
        reach = 1.0 if one is None else TEMPLATE_FWHM
        taken = taken | disc_at(taken.shape, place, radius_px=reach * sequence.fwhm_px)
        if one is not None:
            found.append(one)
            left = left.without(one.companion.offset_yx, one.companion.flux)
            signal = _signal_of(left)
    return tuple(found), left


class _Nearby:
    """The response at one place, moved to others: as it is there, turned about the star and pushed outwards.

    It changes slowly with the place; to follow it through all frames anew for each takes long.
    """

    def __init__(self, sequence: Sequence, offset: YX) -> None:
        self.fwhm_px, self.star_sum = sequence.fwhm_px, sequence.star_sum
        self._here = polar_of(offset)
        self._response = sequence.at(offset)

    def at(self, offset: YX) -> Floats:
        """The residual (ny, nx) of a companion of flux 1 there."""
        separation, angle = polar_of(offset)
        shape = self._response.shape
        y0, x0 = centre_of(shape)
        inside = disc_at(shape, offset, radius_px=REACH_FWHM * self.fwhm_px)
        y, x = (np.argwhere(inside) - np.array([y0, x0])).T
        outwards = turned_offset((separation - self._here[0], 0.0), angle)
        y, x = y - outwards[0], x - outwards[1]
        back = np.radians(angle - self._here[1])
        places = np.array([y0 + y * np.cos(back) - x * np.sin(back), x0 + x * np.cos(back) + y * np.sin(back)])
        image = np.zeros(shape)
        image[inside] = read_turned(self._response, places)[0]
        return image

    def throughput(self, offset: YX) -> float:
        """Share of its light in an aperture that is left of it."""
        return float(ApertureSums(self.at(offset), diameter_px=self.fwhm_px).at(np.array(offset))) / self.star_sum


def _signal_of(sequence: Sequence) -> Map:
    sigma = sequence.setting.sigma
    return signal_to_noise_map(sequence.residual, sequence.zone, fwhm_px=sequence.fwhm_px, sigma=sigma)


def _fitted(sequence: Sequence, near: YX) -> Companion:
    """The companion near a place: fitted, taken out of the frames, and what it was short of fitted again.

    That it is followed to first order only, and takes from itself the more the brighter it is, then no longer matters.
    """
    companion = fit_companion(sequence.residual, _Nearby(sequence, near), near)
    for _ in range(REFINEMENTS):
        left = sequence.without(companion.offset_yx, companion.flux)
        response = _Nearby(left, companion.offset_yx)
        as_seen = left.residual + companion.flux * response.at(companion.offset_yx)
        companion = fit_companion(as_seen, response, companion.offset_yx, quiet=left.residual)
    return companion


def _standing_one(sequence: Sequence, near: YX) -> Found | None:
    """The companion near a place, if there is one that stands out of its ring."""
    try:
        companion = _fitted(sequence, near)
    except UsageError:  # a ridge, a wing or an edge: nothing of a companion's shape
        return None
    sums = ApertureSums(sequence.residual, diameter_px=sequence.fwhm_px)
    stands = standing(sums, companion.offset_yx, fwhm_px=sequence.fwhm_px, sigma=sequence.setting.sigma)
    return Found(companion, stands.t, stands.threshold) if stands.share >= 1 else None
