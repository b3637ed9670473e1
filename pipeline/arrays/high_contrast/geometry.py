"""Places about a star: zones, rings of apertures, and positions as separation and angle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.frames import disc

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
YX = tuple[float, float]


def centre_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """The pixel on which the star lies in an image (ny, nx) or in each of a cube (n, ny, nx)."""
    return shape[-2] // 2, shape[-1] // 2


def radius_map(shape: tuple[int, ...]) -> Floats:
    """Distance (ny, nx) of every pixel from the star, px."""
    y0, x0 = centre_of(shape)
    y, x = np.ogrid[: shape[-2], : shape[-1]]
    distance: Floats = np.hypot(y - y0, x - x0)
    return distance


@dataclass(frozen=True, slots=True)
class Zone:
    """The ring in which the star's light is modelled, px: from beyond its core to where it no longer matters."""

    inner_px: float
    outer_px: float

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """Pixels (ny, nx) of the ring. Raises UsageError when it has none."""
        radius = radius_map(shape)
        inside: Mask = (radius >= self.inner_px) & (radius <= self.outer_px)
        if not inside.any():
            raise UsageError(
                f"There is no pixel between {self.inner_px:g} and {self.outer_px:g} px of the middle of an image of "
                f"{shape[-2]} rows and {shape[-1]} columns: take a larger image or another zone."
            )
        return inside


def disc_at(shape: tuple[int, ...], offset: YX, *, radius_px: float) -> Mask:
    """Pixels (ny, nx) within a radius of an offset from the star."""
    y0, x0 = centre_of(shape)
    return disc((shape[-2], shape[-1]), centre_yx=(y0 + offset[0], x0 + offset[1]), radius_px=radius_px)


def offset_yx(separation_px: float, position_angle_deg: float) -> YX:
    """Rows and columns from the star to a place."""
    angle = np.radians(position_angle_deg)
    return float(separation_px * np.cos(angle)), float(-separation_px * np.sin(angle))


def polar_of(offset: YX) -> tuple[float, float]:
    """Separation, px, and position angle, degrees in [0, 360), of a place's offset (rows, columns)."""
    angle = float(np.degrees(np.arctan2(-offset[1], offset[0]))) % 360.0
    return float(np.hypot(*offset)), 0.0 if angle == 360.0 else angle  # -1e-20 % 360 is 360


def ring_count(radius_px: float, fwhm_px: float) -> int:
    """How many apertures, one width across and beside each other, stand on a ring: what is independent there."""
    return int(2 * np.pi * radius_px / fwhm_px)


def ring_places(radius_px: float, count: int, *, first_deg: float = 0.0) -> Floats:
    """Offsets (count, 2) of equally spaced places on a ring, the first at `first_deg`."""
    angles = np.radians(first_deg) + 2 * np.pi * np.arange(count) / count
    return np.stack([radius_px * np.cos(angles), -radius_px * np.sin(angles)], axis=1)
