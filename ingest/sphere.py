"""Directions on the unit sphere as (n, 3) vectors, where poles and RA 0 are places like any other."""

import math
import re

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from ingest.headers.record import Ring

Vectors = NDArray[np.float64]

CIRCLE_VERTICES = 32
SHORTEST_MEAN = 1e-6  # directions whose mean vector is shorter have no middle
HORIZON = 1e-6  # cosine of the distance from the centre beyond which nothing is projected

_SEXAGESIMAL = re.compile(
    r"\s*([+-]?)\s*(\d{1,3})(?:\s*[:hd\s]\s*(\d{1,2}(?:\.\d*)?))?(?:\s*[:m\s]\s*(\d{1,2}(?:\.\d*)?))?[ms\s]*"
)
_DECIMAL = re.compile(r"\s*[+-]?\d{1,3}(?:\.\d*)?\s*")


def vectors(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> Vectors:
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def ring(vertices: Vectors) -> Ring:
    """Closed ring of (RA, Dec), degrees, RA in [0, 360)."""
    x, y, z = vertices.T
    ra_deg = np.degrees(np.arctan2(y, x)) % 360.0 % 360.0  # twice: a tiny negative number leaves 360 at first
    dec_deg = np.degrees(np.arctan2(z, np.hypot(x, y)))
    points = [(float(ra), float(dec)) for ra, dec in zip(ra_deg, dec_deg, strict=True)]
    return (*points, points[0])


def mean_direction(points: Vectors) -> Vectors:
    """Unit vector amid `points`. Raises UsageError if they lie all around the sphere."""
    mean = points.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not length > SHORTEST_MEAN:
        raise UsageError("the images lie all around the sky: correct their WCS.")
    return np.asarray(mean / length)


def tangents(centre: Vectors) -> tuple[Vectors, Vectors]:
    """Two unit vectors at right angles to `centre` and to each other: east and north, at a pole any such pair."""
    ra = np.arctan2(centre[1], centre[0])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    return east, np.cross(centre, east)


def gnomonic(points: Vectors, *, centre: Vectors) -> NDArray[np.float64]:
    """Project (n, 3) directions to (n, 2) east and north; great circles become straight lines.

    Raises UsageError if a point is 90° or more from `centre`.
    """
    depth = points @ centre
    if not bool(np.all(depth > HORIZON)):
        raise UsageError("the frame would reach further than a hemisphere: correct its WCS.")
    east, north = tangents(centre)
    return np.stack([points @ east, points @ north], axis=-1) / depth[:, np.newaxis]


def goes_once_around(points: Vectors, *, centre: Vectors) -> bool:
    """Whether the closed line through `points` turns about `centre` exactly once."""
    east, north = gnomonic(points, centre=centre).T
    angles = np.arctan2(north, east)
    turns = (np.diff(angles, append=angles[0]) + np.pi) % (2 * np.pi) - np.pi
    one_way = bool(np.all(turns > 0) or np.all(turns < 0))
    return one_way and round(abs(float(turns.sum())) / (2 * np.pi)) == 1


def circle(centre: Vectors, *, radius_deg: float) -> Vectors:
    """Vertices on the circle about `centre`: the polygon is inscribed, its edges lie within the circle."""
    east, north = tangents(centre)
    angles = np.arange(CIRCLE_VERTICES) * (2 * np.pi / CIRCLE_VERTICES)
    outward = np.outer(np.cos(angles), north) + np.outer(np.sin(angles), east)
    radius = np.radians(radius_deg)
    return np.asarray(np.cos(radius) * centre + np.sin(radius) * outward)


def square(centre: tuple[float, float], *, side_arcsec: float) -> Ring:
    """Closed ring of a square about RA and Dec, degrees, two of its sides along the meridian at its centre."""
    direction = vectors(np.array(centre[0]), np.array(centre[1]))
    east, north = tangents(direction)
    half = math.tan(math.radians(side_arcsec / 3600) / 2)
    corners = ((1, -1), (1, 1), (-1, 1), (-1, -1))
    return ring(np.array([direction + half * (x * east + y * north) for x, y in corners]))


def degrees_of(value: object, *, is_hours: bool) -> float:
    """Angle from a number in degrees, or from text like "19:09:17.956" (hours if `is_hours`) or "-12 20 54.6".

    Raises UsageError for anything else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        raise UsageError(f"the coordinate {value!r} is neither a number nor text: correct the header.")
    unit_deg = 15.0 if is_hours else 1.0
    if _DECIMAL.fullmatch(value):
        return float(value) * unit_deg
    match = _SEXAGESIMAL.fullmatch(value)
    if match is None:
        raise UsageError(f"the coordinate {value!r} can not be read: write it as 12:34:56.7.")
    sign, whole, minutes, seconds = match.groups(default="0")
    size = int(whole) + float(minutes) / 60 + float(seconds) / 3600
    return (-size if sign == "-" else size) * unit_deg
