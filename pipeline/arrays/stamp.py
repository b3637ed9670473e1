"""A square about a star, whole even where the image has blanks or ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.planes import Pixels

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Pixels (n, n) about a star, n odd, and which of them the image gave.

    The others, blank in the image or outside it, have the mean of their ring about `centre_yx`.
    """

    values: Floats
    has_value: Mask
    inside: Mask  # the image reaches there, with a value or without
    centre_yx: tuple[float, float]  # of the star, in the stamp
    corner_yx: tuple[int, int]  # of the stamp's first pixel, in the image

    @property
    def radius_px(self) -> Floats:
        return _radius_px(self.values.shape, self.centre_yx)

    @property
    def angle_rad(self) -> Floats:
        y, x = np.indices(self.values.shape)
        angle: Floats = np.arctan2(y - self.centre_yx[0], x - self.centre_yx[1])
        return angle

    @property
    def at_yx(self) -> tuple[float, float]:
        """Place of the star in the image."""
        return self.centre_yx[0] + self.corner_yx[0], self.centre_yx[1] + self.corner_yx[1]


def stamp_of(image: Pixels, *, at_yx: tuple[float, float], half_px: int) -> Stamp:
    """Cut (2 half_px + 1)² pixels of an image (ny, nx) about `at_yx`.

    A pixel that is not finite is blank. Raises UsageError if the place lies outside the image, or all is blank there.
    """
    middle_y, middle_x = round(at_yx[0]), round(at_yx[1])
    if not (0 <= middle_y < image.shape[0] and 0 <= middle_x < image.shape[1]):
        raise UsageError(
            f"The star at y={at_yx[0]:.1f}, x={at_yx[1]:.1f} lies outside the image of {image.shape} pixels."
        )
    corner = (middle_y - half_px, middle_x - half_px)
    side = 2 * half_px + 1
    values = np.full((side, side), np.nan)
    inside = np.zeros((side, side), dtype=bool)
    (to_y, from_y), (to_x, from_x) = (
        _overlap(first, side, length) for first, length in zip(corner, image.shape, strict=True)
    )
    values[to_y, to_x] = image[from_y, from_x]
    inside[to_y, to_x] = True
    has_value = np.isfinite(values)
    if not has_value.any():
        raise UsageError(f"No pixel about y={at_yx[0]:.1f}, x={at_yx[1]:.1f} has a value.")
    centre = (at_yx[0] - corner[0], at_yx[1] - corner[1])
    return Stamp(_filled(values, has_value, centre), has_value, inside, centre, corner)


def _filled(values: Floats, has_value: Mask, centre_yx: tuple[float, float]) -> Floats:
    """Rings are a pixel wide; one without any value has what its neighbours give between them."""
    if has_value.all():
        return values
    ring = np.round(_radius_px(values.shape, centre_yx)).astype(np.intp)
    counts = np.bincount(ring[has_value], minlength=ring.max() + 1)
    sums = np.bincount(ring[has_value], values[has_value], minlength=ring.max() + 1)
    known = np.flatnonzero(counts)
    means = np.interp(np.arange(len(counts)), known, sums[known] / counts[known])
    return np.where(has_value, values, means[ring])


def _radius_px(shape: tuple[int, ...], centre_yx: tuple[float, float]) -> Floats:
    y, x = np.arange(shape[0]) - centre_yx[0], np.arange(shape[1]) - centre_yx[1]
    radius: Floats = np.hypot(y[:, np.newaxis], x[np.newaxis])
    return radius


def _overlap(first: int, n_stamp: int, n_image: int) -> tuple[slice, slice]:
    """Slices of the stamp and of the image where the two cover each other along one axis."""
    start, stop = max(first, 0), min(first + n_stamp, n_image)
    return slice(start - first, stop - first), slice(start, stop)
