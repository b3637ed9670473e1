"""Images moved by fractions of a pixel, read between pixels and put on a finer grid, by their transforms.

Transforms are those of `scipy.fft.rfft2`: (ny, nx // 2 + 1) of (ny, nx) real values. An image sampled finely enough for
its optics is known between its pixels too, and this is exact; a step (an edge, a hot pixel, a gap) rings.

References
----------
Guizar-Sicairos, Thurman & Fienup 2008, Optics Letters 33, 156 (transforms at a few places, by products of matrices).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.arrays.frames import Image

Transform = NDArray[np.complex64]  # (ny, nx // 2 + 1)
Waves = tuple[NDArray[np.complex64], NDArray[np.complex64]]  # (ny, 1) and (nx // 2 + 1,)

ROUGH_STEP_PX = 0.25
UPSAMPLING = 20  # steps a pixel at which a peak is read before a parabola is laid through it


def transform_of(image: NDArray[np.floating[Any]]) -> Transform:
    """Transform of (ny, nx), on one core: the same bytes for the same image."""
    transform: Transform = fft.rfft2(image, workers=1)
    return transform


def image_of(transform: Transform, shape: tuple[int, int]) -> Image:
    """(ny, nx) of a transform."""
    image: Image = fft.irfft2(transform, s=shape, workers=1)
    return image


def waves(shape: tuple[int, int], shift_yx: NDArray[np.float64]) -> Waves:
    """Factors, by rows and by columns, that move an image (ny, nx) by `shift_yx` px towards higher indices.

    The highest frequency of an even length stands for both its signs, and gets the mean of both.
    """
    ny, nx = shape
    along_y = np.exp(-2j * np.pi * fft.fftfreq(ny) * shift_yx[0])
    along_x = np.exp(-2j * np.pi * fft.rfftfreq(nx) * shift_yx[1])
    if ny % 2 == 0:
        along_y[ny // 2] = along_y[ny // 2].real
    if nx % 2 == 0:
        along_x[-1] = along_x[-1].real
    return along_y.astype(np.complex64)[:, np.newaxis], along_x.astype(np.complex64)


def moved(transform: Transform, shape: tuple[int, int], shift_yx: NDArray[np.float64]) -> Transform:
    """Transform of the image moved by `shift_yx` px, round the edges."""
    along_y, along_x = waves(shape, shift_yx)
    result: Transform = transform * along_y
    result *= along_x
    return result


def values_at(
    transform: Transform, shape: tuple[int, int], y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Values (len(y), len(x)) of the image between its pixels, at each of the rows `y` and columns `x`."""
    ny, nx = shape
    weight = np.full(nx // 2 + 1, 2.0)  # columns that are not there are the conjugates of those that are
    weight[0] = 1
    if nx % 2 == 0:
        weight[-1] = 1
    along_y = np.exp(2j * np.pi * np.outer(y, fft.fftfreq(ny)))
    along_x = np.exp(2j * np.pi * np.outer(fft.rfftfreq(nx), x)) * weight[:, np.newaxis]
    values: NDArray[np.float32] = (along_y.astype(np.complex64) @ transform @ along_x.astype(np.complex64)).real
    return values / np.float32(ny * nx)


def peak_near(
    transform: Transform, shape: tuple[int, int], start_yx: tuple[float, float], *, reach_px: float = 0.75
) -> tuple[float, float, float]:
    """Highest point within `reach_px` of a place: its row, its column and the value there.

    Read at quarters of a pixel, about the highest of these at 20 steps a pixel, and at last at the top of the parabolas
    through the highest step and its neighbours.
    """
    n_rough = round(reach_px / ROUGH_STEP_PX) - 1
    rough_y, rough_x = _highest(transform, shape, start_yx, step=ROUGH_STEP_PX, n_steps=n_rough)
    step = 1 / UPSAMPLING
    n_steps = round(ROUGH_STEP_PX * UPSAMPLING)
    steps = np.asarray(np.arange(-n_steps, n_steps + 1) * step, dtype=np.float64)
    y, x = rough_y + steps, rough_x + steps
    values = values_at(transform, shape, y, x)
    row, column = np.unravel_index(np.argmax(values), values.shape)
    rest_y, gain_y = _top(values[:, column], int(row))
    rest_x, gain_x = _top(values[row], int(column))
    top = float(values[row, column]) + gain_y + gain_x
    return float(y[row]) + rest_y * step, float(x[column]) + rest_x * step, top


def upsampled(transform: Transform, shape: tuple[int, int], *, factor: int) -> Image:
    """The image on a grid `factor` times as fine, (factor * ny, factor * nx); each pixel holds its share of the light.

    Pixel (y, x) becomes pixel (factor * y, factor * x): centres of pixels stay, not their corners.
    """
    ny, nx = shape
    fine_shape = (factor * ny, factor * nx)
    padded = np.zeros((fine_shape[0], fine_shape[1] // 2 + 1), dtype=transform.dtype)
    above = (ny + 1) // 2  # frequencies from zero upwards
    below = ny // 2  # negative ones, of an even length the highest too
    columns = nx // 2 + 1
    padded[:above, :columns] = transform[:above]
    padded[fine_shape[0] - below :, :columns] = transform[above:]
    if factor > 1 and ny % 2 == 0:  # half of the highest frequency goes to each of its signs
        padded[fine_shape[0] - ny // 2] /= 2
        padded[ny // 2] = padded[fine_shape[0] - ny // 2]
    if factor > 1 and nx % 2 == 0:
        padded[:, nx // 2] /= 2
    return image_of(padded, fine_shape)  # values over factor**2: the inverse divides by more samples


def gaussian_window(shape: tuple[int, int], *, sigma_px: float) -> NDArray[np.float32]:
    """Factor (ny, nx // 2 + 1) that smooths with a round Gaussian of sum 1."""
    ny, nx = shape
    squared = fft.fftfreq(ny)[:, np.newaxis] ** 2 + fft.rfftfreq(nx) ** 2
    factor: NDArray[np.float32] = np.exp(-2 * np.pi**2 * sigma_px**2 * squared).astype(np.float32)
    return factor


def _highest(
    transform: Transform, shape: tuple[int, int], start_yx: tuple[float, float], *, step: float, n_steps: int
) -> tuple[float, float]:
    steps = np.asarray(np.arange(-n_steps, n_steps + 1) * step, dtype=np.float64)
    y, x = start_yx[0] + steps, start_yx[1] + steps
    values = values_at(transform, shape, y, x)
    row, column = np.unravel_index(np.argmax(values), values.shape)
    return float(y[row]), float(x[column])


def _top(values: NDArray[np.float32], place: int) -> tuple[float, float]:
    """Where the parabola through a value and its two neighbours is highest, in steps from it, and by how much."""
    if not 0 < place < len(values) - 1:
        return 0.0, 0.0
    before, middle, after = (float(value) for value in values[place - 1 : place + 2])
    curvature = before - 2 * middle + after
    if curvature >= 0:
        return 0.0, 0.0
    slope = (after - before) / 2
    return -slope / curvature, -(slope**2) / (2 * curvature)
