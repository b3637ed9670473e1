"""What the functions on many frames take: frames one by one, by number, as often as they ask."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError

Image = NDArray[np.float32]  # (ny, nx)
Cube = NDArray[np.float32]  # (n_frames, ny, nx)
Mask = NDArray[np.bool_]  # (ny, nx)
Places = NDArray[np.float64]  # (n, 2): y and x, px


class Frames(Protocol):
    """Frames of one shape, (ny, nx) each. A cube in memory or in a mapped file is one too."""

    def __len__(self) -> int:
        """How many frames there are."""

    def __getitem__(self, number: int, /) -> NDArray[Any]:
        """Frame `number`, from zero, (ny, nx)."""


def shape_of(frames: Frames, *, what: str = "The cube") -> tuple[int, int]:
    """Shape (ny, nx) of each frame. Raises UsageError if there is none, or if it is no image."""
    if len(frames) == 0:
        raise UsageError(f"{what} holds no frame: check that its files were all given.")
    shape = frames[0].shape
    if len(shape) != 2 or 0 in shape:
        raise UsageError(f"{what} holds frames of shape {shape}, and images are needed: give frames of (ny, nx).")
    return int(shape[0]), int(shape[1])


def disc(shape: tuple[int, int], *, centre_yx: tuple[float, float], radius_px: float) -> Mask:
    """Pixels (ny, nx) within a radius of a place."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    inside: Mask = (y - centre_yx[0]) ** 2 + (x - centre_yx[1]) ** 2 <= radius_px**2
    return inside
