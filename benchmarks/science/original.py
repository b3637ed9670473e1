"""How the original archive registered faint stars: one template, made of all frames, and a broad filter.

Written from the description in the specification; it shares nothing with the pipeline.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BROAD_SIGMA_PX = 5.0
MOST_SHIFT = 0.8  # of the window's half width: frames that seem to have moved further are dropped
STEPS_A_PIXEL = 20


def original_shifts(cube: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shifts (n_frames, 2), px, from the sum of all frames; NaN for frames that are dropped."""
    smooth = np.array([ndimage.gaussian_filter(frame, BROAD_SIGMA_PX) for frame in cube])
    smooth -= smooth.mean(axis=(1, 2), keepdims=True)
    template = np.conj(np.fft.fft2(smooth.mean(axis=0)))
    shifts = np.array([_shift(np.fft.fft2(frame) * template) for frame in smooth])
    shifts[np.hypot(*shifts.T) > MOST_SHIFT * cube.shape[1] / 2] = np.nan
    return shifts


def _shift(product: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Where a correlation, given by its transform, is highest: to a twentieth of a pixel."""
    n = product.shape[0]
    frequencies = np.fft.fftfreq(n)
    values = np.fft.ifft2(product).real
    highest = np.array(np.unravel_index(np.argmax(values), values.shape))
    steps = np.arange(-STEPS_A_PIXEL, STEPS_A_PIXEL + 1) / STEPS_A_PIXEL
    along_y, along_x = (np.exp(2j * np.pi * np.outer(place + steps, frequencies)) for place in highest)
    finer = (along_y @ product @ along_x.T).real
    row, column = np.unravel_index(np.argmax(finer), finer.shape)
    found: NDArray[np.float64] = highest + steps[[row, column]]
    return np.asarray((found + n / 2) % n - n / 2, dtype=np.float64)
