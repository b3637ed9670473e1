"""Pixels that tell nothing of the light on them, and what stands in for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from pipeline.arrays.frames import Image, Mask
from pipeline.arrays.robust import robust_sigma

HOT_SIGMA = 10.0  # above the darks around it, in widths of all such differences
DEAF, LOUD = 0.5, 1.5  # response, relative to the pixels around it
NEIGHBOURS_PX = 5  # side of the square whose median a pixel is compared with
WIDEST_PATCH_PX = 4  # how far from a bad pixel a good one may lie and still stand in for it


def bad_pixels(*, dark: Image, flat: Image) -> Mask:
    """Pixels (ny, nx) that tell nothing of the light on them.

    They are hot in the dark, answer light by less than half or more than one and a half times what their neighbours do,
    or have no value or a response of zero.
    """
    no_value = ~np.isfinite(dark) | ~np.isfinite(flat) | (flat <= 0)
    if no_value.all():
        return no_value
    dark, flat = np.where(no_value, np.nanmedian(dark), dark), np.where(no_value, 1, flat)
    excess = dark - ndimage.median_filter(dark, size=NEIGHBOURS_PX, mode="nearest")
    response = flat / ndimage.median_filter(flat, size=NEIGHBOURS_PX, mode="nearest")
    hot = excess > np.maximum(HOT_SIGMA * robust_sigma(excess), np.finfo(np.float32).eps * np.abs(dark))
    bad: Mask = no_value | hot | (response < DEAF) | (response > LOUD)
    return bad


@dataclass(frozen=True, slots=True)
class Patches:
    """How each bad pixel follows from good ones: weights (n_bad, n_pixels), rows of sum 1, or 0 where none is near."""

    bad: NDArray[np.intp]  # (n_bad,), flat indices
    weights: "sparse.csr_array[np.float32]"
    is_hopeless: NDArray[np.bool_]  # (n_bad,)

    def mend(self, image: Image) -> None:
        """Put the mean of the nearest good pixels into each bad one of (ny, nx), in place; NaN where none is near."""
        values = self.weights @ image.reshape(-1)
        values[self.is_hopeless] = np.nan
        image.reshape(-1)[self.bad] = values


def patches_of(bad: Mask) -> Patches:
    """For each bad pixel the mean of the good ones in the smallest square around it that holds any."""
    places = np.argwhere(bad)
    columns: list[NDArray[np.intp]] = []
    rows: list[NDArray[np.intp]] = []
    waiting = np.arange(len(places))
    for reach in range(1, WIDEST_PATCH_PX + 1):
        row, column = _good_around(bad, places[waiting], reach)
        rows.append(waiting[row])
        columns.append(column)
        waiting = np.delete(waiting, np.unique(row))
    row, column = np.concatenate(rows), np.concatenate(columns)
    counts = np.bincount(row, minlength=len(places))
    values = (1 / counts[row]).astype(np.float32)
    weights = sparse.csr_array((values, (row, column)), shape=(len(places), bad.size))
    return Patches(np.flatnonzero(bad), weights, counts == 0)


def without_gaps(image: Image) -> Image:
    """The same (ny, nx) with the mean of the nearest finite pixels where there is no value; 0 where none is near."""
    missing = ~np.isfinite(image)
    if not missing.any():
        return image
    filled = np.ascontiguousarray(np.where(missing, 0, image))
    patches_of(missing).mend(filled)
    result: Image = np.nan_to_num(filled, nan=0.0)
    return result


def _good_around(bad: Mask, places: NDArray[np.intp], reach: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs: number of a place, flat index of a good pixel within `reach` rows and columns of it."""
    ny, nx = bad.shape
    steps = np.arange(-reach, reach + 1)
    y, x = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    y, x = places[:, :1] + y, places[:, 1:] + x
    is_inside = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
    is_good = is_inside & ~bad[y.clip(0, ny - 1), x.clip(0, nx - 1)]
    return np.nonzero(is_good)[0], (y * nx + x)[is_good]
