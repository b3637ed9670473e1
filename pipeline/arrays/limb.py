"""Planets: where the disc is, to fractions of a pixel.

A disc has no peak. Its limb is found at half the level of its middle, and frames are then brought together by their
gradients, of which the limb and the markings have most; the sky, and a moon in it, is masked.

References
----------
Guizar-Sicairos, Thurman & Fienup 2008, Optics Letters 33, 156 (places between pixels).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from archive.errors import UsageError
from pipeline.arrays import fourier
from pipeline.arrays.fourier import Transform
from pipeline.arrays.frames import Cube, Image, Mask, Places, disc

LIMB_SMOOTHING_PX = 2.0
GRADIENT_SMOOTHING_PX = 3.0  # less follows the brightest speckle, and noise
THRESHOLD_PASSES = 10
LEAST_RADIUS_PX = 8.0
LEAST_CONTRAST = 3.0  # of a disc: its level above the sky's, in widths of the sky
BEYOND_LIMB_PX = 4.0  # how far beyond the limb its gradients reach
ROUNDS = 3
REACH_PX = 3  # from where the limb alone tells, in which the gradients are compared


@dataclass(frozen=True, slots=True)
class FoundDisc:
    """A disc, px from zero, and the level of the sky around it. The radius is that of the circle of the same area."""

    centre_yx: tuple[float, float]
    radius_px: float
    sky: float


def find_disc(image: Image) -> FoundDisc:
    """Find the largest disc of an image (ny, nx) without gaps: what is brighter than half way from the sky to it.

    Raises UsageError if nothing stands out, or if its radius is less than eight pixels.
    """
    smooth = ndimage.gaussian_filter(image, LIMB_SMOOTHING_PX)
    threshold = float(np.percentile(smooth, 1) + np.percentile(smooth, 99.5)) / 2
    for _ in range(THRESHOLD_PASSES):
        bright = smooth > threshold
        if not bright.any() or bright.all():
            break
        before, threshold = threshold, float(np.median(smooth[bright]) + np.median(smooth[~bright])) / 2
        if abs(threshold - before) <= 1e-4 * abs(threshold):
            break
    is_disc = _largest_part(smooth > threshold)
    area = int(is_disc.sum())
    radius_px = float(np.sqrt(area / np.pi))
    if radius_px < LEAST_RADIUS_PX or area == is_disc.size:
        raise UsageError(f"No disc was found: what is brightest has a radius of {radius_px:.1f} px. Is it a planet?")
    around = smooth[~ndimage.binary_dilation(is_disc, iterations=round(BEYOND_LIMB_PX))]
    level, sky = float(np.median(smooth[is_disc])), float(np.median(around)) if around.size else 0.0
    if level - sky < LEAST_CONTRAST * float(np.std(around)):
        raise UsageError("No disc was found: nothing stands out of the sky. Is it a planet?")
    y, x = ndimage.center_of_mass(is_disc)
    return FoundDisc((float(y), float(x)), radius_px, sky)


def _largest_part(bright: Mask) -> Mask:
    """The largest connected part, its holes filled: a dark spot belongs to its planet."""
    parts, count = ndimage.label(bright)
    if count == 0:
        return bright
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    filled: Mask = ndimage.binary_fill_holes(parts == np.argmax(sizes))
    return filled


def register_discs(windows: Cube, *, near_yx: Places, radius_px: float) -> Places:
    """Refine the places (n_frames, 2), px, of the disc in windows (n_frames, ny, nx), sky and gaps taken out.

    Each frame's gradients, along rows and along columns, are correlated with those of the mean of all, masked to the
    disc and a little beyond. The mean gets sharper from round to round, and stays where the first places have it.
    """
    shape = (windows.shape[1], windows.shape[2])
    middle = (shape[0] // 2, shape[1] // 2)
    mask = disc(shape, centre_yx=middle, radius_px=radius_px + BEYOND_LIMB_PX).astype(np.float32)
    slopes = _slope_filters(shape)
    places = near_yx
    for _ in range(ROUNDS):
        template = _slopes_of_mean(windows, places, slopes, mask)
        found = np.array(
            [
                _place(fourier.transform_of(frame), slopes, template, shape, near)
                for frame, near in zip(windows, near_yx, strict=True)
            ]
        )
        places = found - np.mean(found - near_yx, axis=0)
    return places


def _slope_filters(shape: tuple[int, int]) -> tuple[Transform, Transform]:
    """Factors that turn a transform into that of the smoothed image's slope along rows' numbers and along columns'."""
    smoothing = fourier.gaussian_window(shape, sigma_px=GRADIENT_SMOOTHING_PX)
    along_y = 2j * np.pi * fft.fftfreq(shape[0])[:, np.newaxis] * smoothing
    along_x = 2j * np.pi * fft.rfftfreq(shape[1]) * smoothing
    return along_y.astype(np.complex64), along_x.astype(np.complex64)


def _slopes_of_mean(
    windows: Cube, places: Places, slopes: tuple[Transform, Transform], mask: NDArray[np.float32]
) -> tuple[Transform, Transform]:
    """Conjugate transforms of the masked slopes of the mean of all frames, the disc in the middle."""
    shape = (windows.shape[1], windows.shape[2])
    total: NDArray[np.complex128] = np.zeros((shape[0], shape[1] // 2 + 1), dtype=np.complex128)
    middle = np.array([shape[0] // 2, shape[1] // 2])
    for frame, place in zip(windows, places, strict=True):
        total += fourier.moved(fourier.transform_of(frame), shape, middle - place)
    mean = (total / len(windows)).astype(np.complex64)
    along_y, along_x = (np.conj(fourier.transform_of(fourier.image_of(mean * slope, shape) * mask)) for slope in slopes)
    return along_y, along_x


def _place(
    transform: Transform,
    slopes: tuple[Transform, Transform],
    template: tuple[Transform, Transform],
    shape: tuple[int, int],
    near_yx: NDArray[np.float64],
) -> tuple[float, float]:
    """Where the slopes fit those of the template best, near a place."""
    answer = transform * (slopes[0] * template[0] + slopes[1] * template[1])
    values = fourier.image_of(answer, shape)
    middle = np.array([shape[0] // 2, shape[1] // 2])
    start = np.round(near_yx - middle).astype(int)
    steps = np.arange(-REACH_PX, REACH_PX + 1)
    near = values[np.ix_((start[0] + steps) % shape[0], (start[1] + steps) % shape[1])]
    row, column = np.unravel_index(np.argmax(near), near.shape)
    y, x, _ = fourier.peak_near(answer, shape, (float(start[0] + steps[row]), float(start[1] + steps[column])))
    return middle[0] + y, middle[1] + x
