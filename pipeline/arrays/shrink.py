"""Smaller images by area mean: each new pixel is the mean of the area of the old ones that it covers."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.arrays.planes import Pixels, without_infinities, working_dtype

BAND_PIXELS = 1 << 20  # read at a time: a band of a memory map, not the whole
LEAST_SHARE = 1e-9  # of a pixel: less is rounding


def fitted_shape(shape: tuple[int, int], longest_px: int) -> tuple[int, int]:
    """Shape (ny, nx) of the same proportions whose longest side is at most `longest_px`; never larger than before."""
    scale = min(1.0, longest_px / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def area_mean(image: Pixels, shape: tuple[int, int]) -> Pixels:
    """Shrink (ny, nx) to `shape` with flux conserved: mean times number of pixels stays what it was.

    Pixels without a finite value are left out of the mean; a new pixel that covers no other kind is NaN. The mean is
    taken of counts, before any stretch: noise falls with the area, so that a faint star that no single pixel shows
    stands out of the smaller image. An image that has the wanted shape is given back as it is.
    """
    ny, nx = image.shape
    if (ny, nx) == shape:
        return image
    dtype = working_dtype(image)
    weights_x = _weights(nx, shape[1], dtype=dtype)
    shrunk = np.empty(shape, dtype=dtype)
    rows_per_band = max(1, BAND_PIXELS // nx * shape[0] // ny)
    for start in range(0, shape[0], rows_per_band):
        stop = min(start + rows_per_band, shape[0])
        first, last = start * ny // shape[0], -(-stop * ny // shape[0])
        weights_y = _weights(ny, shape[0], dtype=dtype, rows=(start, stop), columns=(first, last))
        shrunk[start:stop] = _weighted_mean(image[first:last].astype(dtype), weights_y, weights_x)
    return shrunk


def _weighted_mean(band: Pixels, weights_y: sparse.csr_array, weights_x: sparse.csr_array) -> Pixels:
    total = _apply(band, weights_y, weights_x)
    if np.isfinite(total).all():
        return total
    band = without_infinities(band)
    has_value = np.isfinite(band)
    total = _apply(np.where(has_value, band, 0).astype(band.dtype), weights_y, weights_x)
    covered = _apply(has_value.astype(band.dtype), weights_y, weights_x)
    blank = covered <= np.finfo(band.dtype).eps
    return np.where(blank, np.nan, total / np.where(blank, 1, covered)).astype(band.dtype)


def _apply(band: Pixels, weights_y: sparse.csr_array, weights_x: sparse.csr_array) -> Pixels:
    by_row = weights_y @ band
    return np.asarray((weights_x @ by_row.T).T)


def _weights(
    n_old: int,
    n_new: int,
    *,
    dtype: type[np.floating],
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
) -> sparse.csr_array:
    """Share of each old pixel (column) in each new one (row); each row sums to one."""
    first_row, last_row = rows or (0, n_new)
    first_column, last_column = columns or (0, n_old)
    edges = np.arange(first_row, last_row + 1, dtype=np.float64) * (n_old / n_new)
    row, column, share = _overlaps(edges)
    inside = (column < last_column) & (share > LEAST_SHARE)
    return sparse.csr_array(
        ((share[inside] * (n_new / n_old)).astype(dtype), (row[inside], column[inside] - first_column)),
        shape=(last_row - first_row, last_column - first_column),
    )


def _overlaps(edges: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Row, column and common length of each new pixel, between two `edges`, with each old pixel of length one."""
    most = int(np.ceil(np.diff(edges).max())) + 1
    column = np.floor(edges[:-1]).astype(np.int64)[:, None] + np.arange(most)
    low = np.maximum(column, edges[:-1, None])
    high = np.minimum(column + 1, edges[1:, None])
    row = np.broadcast_to(np.arange(len(edges) - 1)[:, None], column.shape)
    return row.ravel(), column.ravel(), (high - low).ravel()
