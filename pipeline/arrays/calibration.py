"""From raw counts to electrons: master darks and flats, bad pixels, and the order in which they are taken out.

A raw count is bias + dark current + response x light / gain. The bias is part of the dark and is taken out with it,
once; rows and columns that float come next, while they are still additive; then the response is divided out. The level
of the sky is no part of this: who measures a star takes it out beside the star.

Pixels without a value: counts at or above saturation become NaN. Bad pixels get the mean of their good neighbours.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.bad_pixels import Patches, bad_pixels, patches_of
from pipeline.arrays.frames import Frames, Image, Mask, shape_of
from pipeline.arrays.robust import clipped_mean_of_frames, robust_sigma

CLIP_SIGMA = 5.0
PATTERN_CLIP_SIGMA = 3.0
PATTERN_PASSES = (1, 0, 1, 0)  # rows, columns, and once more: those that a mask cuts see only a part of the others
SAMPLE_STEP = 7  # of rows and columns, where a level needs no more than a sample


def master_dark(raws: Frames) -> Image:
    """Mean dark frame (ny, nx), raw counts: the bias is in it. Outliers of each pixel among the frames are left out.

    NaN marks pixels that no frame has a value of. Raises UsageError if there is no frame.
    """
    shape_of(raws, what="The set of darks")
    return clipped_mean_of_frames(raws, clip_sigma=CLIP_SIGMA)


def master_flat(raws: Frames, *, dark: Image, saturated_adu: float | None = None) -> Image:
    """Relative response (ny, nx) to even light, mean 1, from raw frames of an evenly lit field.

    Each frame loses the dark (of the same detector mode) and is divided by its own level before the frames are averaged
    with clipping, so a lamp may brighten. NaN marks pixels that are saturated, or without a value, in all frames.

    Raises UsageError if shapes differ or a frame holds no light above the dark.
    """
    shape = shape_of(raws, what="The set of flats")
    if shape != dark.shape:
        raise UsageError(
            f"The flats have frames of {shape} pixels and the dark has {dark.shape}: use a dark of the flats' mode."
        )
    scaled = _ScaledFlats(raws, dark, np.inf if saturated_adu is None else saturated_adu)
    flat = clipped_mean_of_frames(scaled, clip_sigma=CLIP_SIGMA)
    return flat / np.float32(np.nanmean(flat, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class _ScaledFlats:
    """Flat frames without dark, each with median 1."""

    raws: Frames
    dark: Image
    saturated_adu: float

    def __len__(self) -> int:
        return len(self.raws)

    def __getitem__(self, number: int, /) -> Image:
        counts = self.raws[number]
        light: Image = counts.astype(np.float32) - self.dark
        light[counts >= self.saturated_adu] = np.nan
        seen = light[np.isfinite(light)]
        level = float(np.median(seen)) if seen.size else np.nan
        noise = robust_sigma(seen[:: SAMPLE_STEP**2])
        if not level > 0 or level <= noise / np.sqrt(seen.size):
            raise UsageError(
                f"Flat frame {number} has a level of {level:.3g} counts above its dark: there is no light in it to "
                "divide by (or all of it is saturated). Leave it out, or take the flats again."
            )
        return light / np.float32(level)


def middle_of(image: Image, shape: tuple[int, int], *, what: str) -> Image:
    """The pixels of the whole detector that its sub-array mode reads: the middle `shape`, rows 384 to 640 of 1024.

    An image that has the shape already stays as it is. Raises UsageError if it is smaller, or has no middle.
    """
    margins = [have - want for have, want in zip(image.shape, shape, strict=True)]
    if any(margin < 0 or margin % 2 for margin in margins):
        raise UsageError(
            f"The {what} has {image.shape} pixels and the frames have {shape}: it is of another detector mode, "
            "make one of this mode."
        )
    top, left = (margin // 2 for margin in margins)
    return image[top : top + shape[0], left : left + shape[1]]


@dataclass(frozen=True)
class Calibration:
    """What raw frames of one mode and filter need.

    dark : (ny, nx), counts, with the bias; of this very mode, for a dark depends on it.
    flat : (ny, nx), mean about 1; may be that of the whole detector, of which a sub-array takes the middle.
    electron_per_adu : gain, multiplication included.
    saturated_adu : raw counts from which on a pixel is saturated; None if none ever is.
    """

    dark: Image
    flat: Image
    electron_per_adu: float = 1.0
    saturated_adu: float | None = None

    @cached_property
    def bad(self) -> Mask:
        """Pixels (ny, nx) that are hot, dead or without a value in dark or flat."""
        return bad_pixels(dark=self.dark, flat=self._response)

    def electrons(self, raw: NDArray[Any], *, source: Mask | None = None) -> Image:
        """Electrons (ny, nx) of one raw frame (ny, nx); the sky is still in it.

        With `source`, floating rows and columns are taken out too, as they are outside that mask: all pixels that a
        source lights belong into it, for its light would be taken for the floor of its rows.

        Saturated pixels, raw pixels that are NaN, and bad pixels without a good neighbour are NaN.
        Raises UsageError if the shape is not that of the dark.
        """
        if raw.shape != self.dark.shape:
            raise UsageError(
                f"A frame has {raw.shape} pixels and its dark {self.dark.shape}: use a dark of the frame's own mode."
            )
        light: Image = raw - self._clean_dark
        if source is not None:
            ignore = source | self.bad
            # A sky that is darker towards the edges by the response alone has no pattern.
            sky = _level(light / self._divisor, ignore=ignore)
            light -= floating_pattern(light - sky * self._divisor, ignore=ignore)
        light *= self._factor
        if self.saturated_adu is not None and raw.max() >= self.saturated_adu:
            light[raw >= self.saturated_adu] = np.nan
        self._patches.mend(light)
        return light

    @cached_property
    def _response(self) -> Image:
        return middle_of(self.flat, (self.dark.shape[0], self.dark.shape[1]), what="flat")

    @cached_property
    def _clean_dark(self) -> Image:
        return np.nan_to_num(self.dark, nan=0.0).astype(np.float32)  # where it is NaN the pixel is bad

    @cached_property
    def _factor(self) -> Image:
        return (self.electron_per_adu / self._divisor).astype(np.float32)

    @cached_property
    def _divisor(self) -> Image:
        if self.bad.all():
            raise UsageError(
                "The flat or the dark has no usable pixel: a flat of zeros divides nothing. Make them again."
            )
        return np.where(self.bad, 1, self._response).astype(np.float32)

    @cached_property
    def _patches(self) -> Patches:
        return patches_of(self.bad)


@dataclass(frozen=True, slots=True)
class CalibratedFrames:
    """Raw frames, each turned into electrons when it is asked for."""

    raws: Frames
    calibration: Calibration
    source: Mask | None = None

    def __len__(self) -> int:
        return len(self.raws)

    def __getitem__(self, number: int, /) -> Image:
        return self.calibration.electrons(self.raws[number], source=self.source)


def floating_pattern(image: Image, *, ignore: Mask) -> Image:
    """What rows and columns (ny, nx) have more or less than the image as a whole; its own mean over all is about zero.

    Each is the mean of the row's (then the column's) pixels within three sigma of the image's level, those under
    `ignore` and without a value left out. A row of which less than a tenth is left counts as having no pattern.
    """
    sample = _sample(image, ignore=ignore)
    above = image - _level(image, ignore=ignore)
    reach = np.float32(PATTERN_CLIP_SIGMA * robust_sigma(sample))
    with np.errstate(invalid="ignore"):
        use = (np.abs(above) <= reach) & ~ignore
    above[~use] = 0
    pattern: Image = np.zeros_like(image)
    for axis in PATTERN_PASSES:
        part = np.expand_dims(_means(above, use, axis=axis), axis)
        above -= part * use
        pattern += part
    return pattern


def _sample(image: Image, *, ignore: Mask) -> Image:
    """Some of the pixels that have a value and are not to be ignored."""
    sample = image[::SAMPLE_STEP, ::SAMPLE_STEP]
    return sample[np.isfinite(sample) & ~ignore[::SAMPLE_STEP, ::SAMPLE_STEP]]


def _level(image: Image, *, ignore: Mask) -> np.float32:
    sample = _sample(image, ignore=ignore)
    return np.float32(np.median(sample)) if sample.size else np.float32(0)


def _means(values: Image, use: Mask, *, axis: int) -> NDArray[np.float32]:
    """Mean of the used values along an axis, less the mean of all of them."""
    counts = use.sum(axis=axis)
    enough = counts >= use.shape[axis] / 10
    sums = values.sum(axis=axis, dtype=np.float64)
    whole = sums.sum() / max(counts.sum(), 1)
    return np.where(enough, sums / np.maximum(counts, 1) - whole, 0).astype(np.float32)
