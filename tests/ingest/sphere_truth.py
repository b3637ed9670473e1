"""Spherical trigonometry for tests, apart from the code's own."""

from itertools import pairwise
from math import atan2, cos, degrees, radians, sin

import numpy as np


def separation_deg(one: tuple[float, float], two: tuple[float, float]) -> float:
    a, b = unit(one), unit(two)
    return degrees(atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b)))


def unit(point: tuple[float, float]) -> np.ndarray:
    ra, dec = map(radians, point)
    return np.array([cos(dec) * cos(ra), cos(dec) * sin(ra), sin(dec)])


def contains(ring, point: tuple[float, float]) -> bool:
    """Whether a convex ring holds `point`: it lies on the same side of every edge's great circle."""
    corners = [unit(corner) for corner in ring]
    sides = [float(np.cross(a, b) @ unit(point)) for a, b in pairwise(corners)]
    near = float(sum(corners[:-1]) @ unit(point)) > 0
    return near and (all(side > 0 for side in sides) or all(side < 0 for side in sides))
