"""How sharp a star is in each frame: the share of its light that is in its peak."""

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import fourier
from pipeline.arrays.frames import Image, Places
from pipeline.arrays.robust import clipped_mean
from pipeline.arrays.windows import SKY_CLIP_SIGMA, Windows

BOX_ARCSEC = 3.0
PEAK_WITHIN_PX = 2  # of the star's place, where its brightest pixel is looked for


def box_half_px(pixel_arcsec: float) -> int:
    """Half the side of the box of 3 arcsec in which a star's light is summed."""
    return round(BOX_ARCSEC / pixel_arcsec) // 2


def peak_over_flux(windows: Windows, shifts_yx: Places, *, half_px: int) -> NDArray[np.float64]:
    """Peak between pixels over the light in a box of 2 * half_px + 1 pixels, of each frame (n_frames,).

    The box stays within the window. NaN where the box holds no light, and the ratio would tell nothing.
    """
    qualities = np.full(len(shifts_yx), np.nan)
    for number, (frame, shift) in enumerate(zip(windows.pixels, shifts_yx, strict=True)):
        y, x = (round(place) for place in shift + windows.window.half_px)
        flux = float(_around(frame, y, x, half_px).sum(dtype=np.float64))
        if flux > 0:
            qualities[number] = _peak(frame, y, x) / flux
    return qualities


def star_flux(windows: Windows, shifts_yx: Places, *, is_used: NDArray[np.bool_], half_px: int) -> float:
    """Mean light, electron a frame, in the same box about the star over all used frames.

    A faint frame alone is too noisy for it, and its clipped sky too; so the sky is taken anew from the mean of all
    used windows, where clipping leaves no bias.
    """
    boxes, pixels = 0.0, 0
    total: NDArray[np.float64] = np.zeros(windows.window.shape)
    for number in np.flatnonzero(is_used):
        y, x = (round(place) for place in shifts_yx[number] + windows.window.half_px)
        box = _around(windows.pixels[number], y, x, half_px)
        boxes += float(box.sum(dtype=np.float64))
        pixels += box.size
        total += windows.pixels[number]
    rest = clipped_mean(total[windows.window.sky] / is_used.sum(), clip_sigma=SKY_CLIP_SIGMA)
    return (boxes - rest * pixels) / int(is_used.sum())


def _peak(frame: Image, y: int, x: int) -> float:
    near = _around(frame, y, x, PEAK_WITHIN_PX)
    row, column = np.unravel_index(np.argmax(near), near.shape)
    start = (max(y - PEAK_WITHIN_PX, 0) + float(row), max(x - PEAK_WITHIN_PX, 0) + float(column))
    return fourier.peak_near(fourier.transform_of(frame), (frame.shape[0], frame.shape[1]), start)[2]


def _around(frame: Image, y: int, x: int, half_px: int) -> Image:
    return frame[max(y - half_px, 0) : y + half_px + 1, max(x - half_px, 0) : x + half_px + 1]
