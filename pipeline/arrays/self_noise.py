"""How much of a stack's peak is light of the star, and how much is noise that registration has found again.

A frame is moved to where it fits the template best, and noise helps to choose that place: at the lock, noise that looks
like a star piles up. Shifts that are measured on every other pixel of a frame know nothing of the noise in the pixels
between. So each half of the pixels is stacked by the shifts of the other half. A bright star's peak is the same in this
way; where the ratio grows, the shifts are those of noise more than of a star.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import fourier
from pipeline.arrays.frames import Cube, Image, Places
from pipeline.arrays.registration import Registration, Search, register_part

SMOOTHING_PX = 1.0  # the stacks that are compared are noisy
PEAK_WITHIN_PX = 6  # of the lock


def self_noise_of(
    windows: Cube, found: Registration, *, is_used: NDArray[np.bool_], search: Search | None = None
) -> float:
    """Peak of the stack of the used frames over that of half of each frame's pixels by the shifts of the other half.

    1 for a star whose shifts are certain; infinite if the halves show no star at all. At 300 electrons a frame and
    little sky it is about 1.25 (the halves have half the light, and are less sharp), at 100 it is 2, without a star
    more.
    """
    board = _board(windows[0])
    of_halves = 0.0
    for half in (board, 1 - board):
        shifts = register_part(windows, half, found.template, near_yx=found.shifts_yx, search=search)
        of_halves += _peak(windows, 1 - half, shifts, is_used)  # each has half of the light: together all of it
    own = _peak(windows, np.ones_like(board), found.shifts_yx, is_used)
    return own / of_halves if of_halves > 0 else float("inf")


def _board(image: Image) -> Image:
    """A chess board of zeros and ones (ny, nx)."""
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    return np.asarray((y + x) % 2, dtype=np.float32)


def _peak(windows: Cube, part: Image, shifts_yx: Places, is_used: NDArray[np.bool_]) -> float:
    shape = (windows.shape[1], windows.shape[2])
    total = np.zeros((shape[0], shape[1] // 2 + 1), dtype=np.complex128)
    for number in np.flatnonzero(is_used):
        total += fourier.moved(fourier.transform_of(windows[number] * part), shape, -shifts_yx[number])
    mean = (total / is_used.sum() * fourier.gaussian_window(shape, sigma_px=SMOOTHING_PX)).astype(np.complex64)
    first = shape[0] // 2 - PEAK_WITHIN_PX
    around = slice(first, first + 2 * PEAK_WITHIN_PX + 1)
    near = fourier.image_of(mean, shape)[around, around]
    row, column = np.unravel_index(np.argmax(near), near.shape)
    return fourier.peak_near(mean, shape, (first + float(row), first + float(column)))[2]
