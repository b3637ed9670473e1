"""Means and widths that a few wild values do not move."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.frames import Frames, Image, shape_of

GAUSSIAN = 1.4826  # standard deviation over median absolute deviation of a normal distribution
BAND_VALUES = 1 << 25  # of all frames that are looked at together
CLIP_PASSES = 3


def robust_sigma(values: NDArray[Any]) -> float:
    """One standard deviation of most of the finite values, from their median absolute deviation; 0 of none."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0
    return float(GAUSSIAN * np.median(np.abs(finite - np.median(finite))))


def clipped_mean(values: NDArray[Any], *, clip_sigma: float) -> float:
    """Mean of the finite values within `clip_sigma` standard deviations of it, found in three passes; NaN of none.

    The width is the standard deviation of those still in, not the robust one: frames with fractions of an electron a
    pixel are mostly empty, and to a robust width each single electron is an outlier.
    """
    kept = values[np.isfinite(values)].astype(np.float64)
    for _ in range(CLIP_PASSES):
        if kept.size == 0:
            return float("nan")
        inside = np.abs(kept - kept.mean()) <= clip_sigma * kept.std()
        if inside.all():
            break
        kept = kept[inside]
    return float(kept.mean())


def clipped_mean_of_frames(frames: Frames, *, clip_sigma: float) -> Image:
    """Mean (ny, nx) over the frames, values far from their pixel's median left out; NaN where no frame has a value.

    Far is more than `clip_sigma` times the pixel's own robust width, or the usual width of all pixels where that is
    larger: with few frames a pixel's own width may be too small by chance.
    """
    ny, nx = shape_of(frames)
    rows_per_band = max(1, BAND_VALUES // (len(frames) * nx))
    mean = np.empty((ny, nx), dtype=np.float32)
    for start in range(0, ny, rows_per_band):
        rows = slice(start, min(start + rows_per_band, ny))
        band = np.stack([frames[number][rows].astype(np.float32) for number in range(len(frames))])
        mean[rows] = _clipped_band(band, clip_sigma)
    return mean


def _clipped_band(band: NDArray[np.float32], clip_sigma: float) -> Image:
    has_value = np.isfinite(band)
    any_value = has_value.any(axis=0)
    band = np.where(has_value | ~any_value, band, np.nan)
    band[:, ~any_value] = 0  # numpy warns of medians of nothing; these pixels become NaN below
    centre = np.nanmedian(band, axis=0)
    off = np.abs(band - centre)
    own = GAUSSIAN * np.nanmedian(off, axis=0)
    usual = _usual_width(off)
    with np.errstate(invalid="ignore"):
        use = off <= clip_sigma * np.maximum(own, usual)
    mean = np.where(use, band, 0).sum(axis=0, dtype=np.float64) / np.maximum(use.sum(axis=0), 1)
    return np.where(any_value, mean, np.nan).astype(np.float32)


def _usual_width(off: NDArray[np.float32]) -> float:
    """Root mean square of the deviations of all pixels, those beyond ten times of it left out."""
    finite = off[np.isfinite(off)].astype(np.float64)
    width = float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0
    near = finite[finite <= 10 * width]
    return float(np.sqrt(np.mean(near**2))) if near.size else 0.0
