"""Images turned about the star, and a field that turns while the optics stand still.

An angle of a frame is the position angle on the sky of the frame's own +y: the parallactic angle where +y is the
zenith. What lies at position angle θ of the sky lies at θ less the frame's angle in the frame, and north comes up when
the frame is turned by its angle. That is the sign of the field's public codes too.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.arrays.high_contrast.geometry import YX, centre_of

Floats = NDArray[np.float64]

ORDER: Final = 3  # cubic splines: images are sampled at two pixels in λ/D or finer
SEEN_SHARE = 0.5  # of a turned pixel that has to come from pixels with values


def turned_offset(offset: YX, angle_deg: float) -> YX:
    """An offset (rows, columns) whose position angle is larger by an angle."""
    angle = np.radians(angle_deg)
    y, x = offset
    return float(y * np.cos(angle) + x * np.sin(angle)), float(x * np.cos(angle) - y * np.sin(angle))


def turned(image: Floats, angle_deg: float) -> Floats:
    """An image (ny, nx) turned about its star, position angles larger by an angle; blank where there is nothing."""
    y0, x0 = centre_of(image.shape)
    y, x = np.indices(image.shape)
    y, x = y - y0, x - x0
    angle = np.radians(angle_deg)
    places = np.array([y0 + y * np.cos(angle) - x * np.sin(angle), x0 + x * np.cos(angle) + y * np.sin(angle)])
    values, seen = read_turned(image, places)
    result: Floats = np.where(seen, values, np.nan)
    return result


def read_turned(image: Floats, places: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Values (…,) of an image (ny, nx) at places (2, …) between its pixels, and whether most of each has a value."""
    has_value = np.isfinite(image)
    seen = ndimage.map_coordinates(has_value.astype(np.float64), places, order=1, cval=0.0)
    values = ndimage.map_coordinates(np.where(has_value, image, 0.0), places, order=ORDER, mode="constant", cval=0.0)
    return values, seen >= SEEN_SHARE


def north_up(cube: Floats, angles_deg: Floats) -> Floats:
    """Mean (ny, nx) of frames (n, ny, nx), each turned by its angle; a pixel's blanks do not count."""
    total, count = np.zeros(cube.shape[1:]), np.zeros(cube.shape[1:])
    for frame, angle in zip(cube, angles_deg, strict=True):
        up = turned(frame, float(angle))
        has_value = np.isfinite(up)
        total[has_value] += up[has_value]
        count += has_value
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean
