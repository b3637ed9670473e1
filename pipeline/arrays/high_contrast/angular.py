"""Angular differential imaging: the field turns while the star's speckles stay, and each frame is told by the others.

Any cube will do: n frames (n, ny, nx) of odd or even sides, of single or double precision, the star in the middle of
each (ny // 2, nx // 2); an angle for each frame, degrees (`rotation.py` says which); and the star's image without a
mask and not saturated, (py, px) of any size with its peak in its middle (py // 2, px // 2), as bright as the star is in
one frame. Pixels that are not finite are blank: zero in the star's image, and left out of a frame's residual.

References
----------
Marois et al. 2006, ApJ 641, 556; Soummer, Pueyo & Larkin 2012, ApJ 755, L28; Pueyo 2016, ApJ 824, 117.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.fourier import image_of, moved, transform_of
from pipeline.arrays.high_contrast.geometry import YX, Zone, centre_of, disc_at
from pipeline.arrays.high_contrast.highpass import HighPass, high_passed
from pipeline.arrays.high_contrast.model import template_of
from pipeline.arrays.high_contrast.noise import SIGMA, ApertureSums
from pipeline.arrays.high_contrast.rings import Ring, enough_rotation
from pipeline.arrays.high_contrast.rotation import north_up, read_turned, turned_offset

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]

REACH_FWHM = 3.0  # radius about a companion within which its image is followed
FEWEST_FRAMES = 4
FEWEST_WIDTHS = 2  # from the star's middle to the edge of its image: less cuts its core
MARGIN_PX = 12  # of a piece of a frame that is read between its pixels: splines forget what is farther away
STAR_WORDS = (
    "The star's image has no light in its middle: give it without a mask, its peak on pixel (ny // 2, nx // 2)."
)


@dataclass(frozen=True, slots=True)
class AngularSetting:
    """How the star's light is taken out of frames.

    fwhm_px : width of the star's core.
    zone : None: from one width from the star to the edge.
    ring_fwhm : breadth of the rings that are told apart from each other, in widths.
    protection_fwhm : by how many widths a companion must have moved in a frame that tells another.
    components : patterns that are taken out of a frame in each ring, at most.
    """

    fwhm_px: float
    highpass: HighPass = "none"
    zone: Zone | None = None
    ring_fwhm: float = 2.0
    protection_fwhm: float = 1.0
    components: int = 5
    sigma: float = SIGMA

    def zone_of(self, shape: tuple[int, ...]) -> Zone:
        return self.zone or Zone(self.fwhm_px, float(min((length - 1) // 2 for length in shape[-2:])))

    def rings_of(self, shape: tuple[int, ...]) -> Iterator[Zone]:
        """Rings that together are the zone, from near to far."""
        zone, breadth = self.zone_of(shape), self.ring_fwhm * self.fwhm_px
        edges = np.arange(zone.inner_px, zone.outer_px - breadth / 2, breadth).tolist() or [zone.inner_px]
        for inner, outer in zip(edges, [*(np.nextafter(edge, 0) for edge in edges[1:]), zone.outer_px], strict=True):
            yield Zone(inner, float(outer))


class Sequence:
    """Frames of one star, taken apart; everything that is asked of them is worked out once.

    `residual` is the mean of what is left of the frames; `at`, `throughput`, `star_sum` and `fwhm_px` say of it what
    `CompanionModel` says of one image.
    """

    def __init__(self, frames: Floats, angles_deg: Floats, template: Floats, setting: AngularSetting) -> None:
        """Of frames and a star (ny, nx) that were filtered already; `sequence_of` filters them."""
        self.setting = setting
        self.angles_deg = angles_deg
        self.shape = (frames.shape[1], frames.shape[2])
        self.fwhm_px = setting.fwhm_px
        self.template = template
        self.star_sum = float(ApertureSums(self.template, diameter_px=self.fwhm_px).at(np.zeros(2)))
        if not self.star_sum > 0:
            raise UsageError(STAR_WORDS)
        self._transform = transform_of(self.template)
        self._frames = frames
        least_px = setting.protection_fwhm * self.fwhm_px
        self.rings = [
            Ring(
                self._frames,
                zone,
                enough_rotation(self.angles_deg, (zone.inner_px + zone.outer_px) / 2, least_px=least_px),
                components=setting.components,
            )
            for zone in setting.rings_of(self.shape)
        ]
        if not any(ring.is_told.any() for ring in self.rings):
            turn = float(np.ptp(self.angles_deg))
            raise UsageError(
                f"The field turns by {turn:.1f}° in all: nowhere in the zone does a companion move by {least_px:.1f} "
                "px between enough frames. Take more frames, a zone farther out, or a smaller protection."
            )

    @property
    def zone(self) -> Zone:
        """Where something is left: from the nearest ring in which a frame is told."""
        told = [ring.zone for ring in self.rings if ring.is_told.any()]
        return Zone(told[0].inner_px, told[-1].outer_px)

    def without(self, offset: YX, flux: float) -> "Sequence":
        """The same frames without a companion."""
        left = self._frames - flux * np.array([self._seen(offset, angle) for angle in self.angles_deg])
        return Sequence(left, self.angles_deg, self.template, self.setting)

    @cached_property
    def residual(self) -> Floats:
        """Mean (ny, nx) of what is left of the frames, north up; NaN where no frame is told."""
        left = np.full((len(self._frames), *self.shape), np.nan)
        for ring in self.rings:
            left[:, ring.mask] = ring.residual()
        return north_up(left, self.angles_deg)

    def at(self, offset: YX) -> Floats:
        """What a faint companion there adds to `residual` (ny, nx), over its flux, within three widths of its place.

        To first order in its flux: also what it takes from itself through the frames that tell each other.
        """
        radius, reach_px = float(np.hypot(*offset)), REACH_FWHM * self.fwhm_px
        near = [
            ring
            for ring in self.rings
            if ring.zone.inner_px <= radius + reach_px and ring.zone.outer_px >= radius - reach_px
        ]
        seen = np.array([self._seen(offset, angle) for angle in self.angles_deg])
        gained = np.full(seen.shape, np.nan)
        for ring in near:
            gained[:, ring.mask] = ring.response(seen)
        pixels = np.argwhere(disc_at(self.shape, offset, radius_px=reach_px)) - np.array(centre_of(self.shape))
        result = np.zeros(self.shape)
        y0, x0 = centre_of(self.shape)
        result[pixels[:, 0] + y0, pixels[:, 1] + x0] = _mean_of_turned(gained, self.angles_deg, pixels)
        return result

    def throughput(self, offset: YX) -> float:
        """Share of a faint companion's light in an aperture that is left of it in the mean."""
        left = ApertureSums(self.at(offset), diameter_px=self.fwhm_px).at(np.array(offset))
        return float(left) / self.star_sum

    def _seen(self, offset: YX, angle_deg: float) -> Floats:
        """A companion as bright as the star as a frame of that angle shows it, (ny, nx)."""
        shift = np.array(turned_offset(offset, -angle_deg))
        return image_of(moved(self._transform, self.shape, shift), self.shape).astype(np.float64)


def sequence_of(cube: AnyFloats, angles_deg: AnyFloats, star: AnyFloats, setting: AngularSetting) -> Sequence:
    """Frames (n, ny, nx), an angle (n,) for each and the star (py, px), filtered and taken apart.

    Raises UsageError when they do not fit together, when an angle is not finite, when the star's image is too small or
    has no light in its middle, and when the field turns too little for any frame to be told by others.
    """
    _require(cube, angles_deg, star)
    frames = np.array([high_passed(frame, setting.highpass) for frame in cube])
    frames[~np.isfinite(cube)] = np.nan
    template = high_passed(_template_of(star, cube.shape, fwhm_px=setting.fwhm_px), setting.highpass)
    return Sequence(frames, angles_deg.astype(np.float64), template, setting)


def _template_of(star: AnyFloats, shape: tuple[int, ...], *, fwhm_px: float) -> Floats:
    """The star in an image as large as the frames, fading over the last width before its own edge."""
    half_px = min((length - 1) // 2 for length in (*star.shape, *shape[-2:]))
    if half_px < FEWEST_WIDTHS * fwhm_px:
        raise UsageError(
            f"The star's image reaches {half_px} px from its middle: give {FEWEST_WIDTHS} widths of its core or more."
        )
    return template_of(_laid_into(star, shape), fwhm_px=fwhm_px, radius_fwhm=half_px / fwhm_px)


def _laid_into(star: AnyFloats, shape: tuple[int, ...]) -> Floats:
    """A star (py, px) in an image of another size, middle on middle; what lies beyond is cut off, blanks are zero."""
    image = np.zeros(shape[-2:])
    rows, columns = (_both(mine, its) for mine, its in zip(shape[-2:], star.shape, strict=True))
    image[rows[0], columns[0]] = np.where(np.isfinite(star), star, 0.0)[rows[1], columns[1]]
    return image


def _both(mine: int, its: int) -> tuple[slice, slice]:
    """Which pixels along one side are in both of two images, by the numbers of each; their middles fall together."""
    shift = mine // 2 - its // 2
    first, last = max(0, shift), min(mine, its + shift)
    return slice(first, last), slice(first - shift, last - shift)


def _mean_of_turned(cube: Floats, angles_deg: Floats, offsets: Floats) -> Floats:
    """Mean of frames (n, ny, nx), each turned by its angle, at offsets (p, 2) alone; a pixel's blanks do not count."""
    y0, x0 = centre_of(cube.shape)
    y, x = offsets[:, 0], offsets[:, 1]
    total, count = np.zeros(len(offsets)), np.zeros(len(offsets))
    for frame, angle in zip(cube, np.radians(angles_deg), strict=True):
        places = np.array([y0 + y * np.cos(angle) - x * np.sin(angle), x0 + x * np.cos(angle) + y * np.sin(angle)])
        first = np.maximum(np.floor(places.min(axis=1)).astype(int) - MARGIN_PX, 0)
        last = np.ceil(places.max(axis=1)).astype(int) + MARGIN_PX + 1
        values, seen = read_turned(frame[first[0] : last[0], first[1] : last[1]], places - first[:, np.newaxis])
        total[seen] += values[seen]
        count += seen
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    return mean


def _require(cube: AnyFloats, angles_deg: AnyFloats, star: AnyFloats) -> None:
    if cube.ndim != 3 or len(cube) < FEWEST_FRAMES:
        raise UsageError(f"A cube of shape {cube.shape} is no sequence: give (n, ny, nx), n at least {FEWEST_FRAMES}.")
    if angles_deg.shape != (len(cube),) or not np.isfinite(angles_deg).all():
        raise UsageError(f"Give one finite angle, degrees, for each of the {len(cube)} frames.")
    if star.ndim != 2:
        raise UsageError(f"The star's image of shape {star.shape} is no image: give (ny, nx).")
