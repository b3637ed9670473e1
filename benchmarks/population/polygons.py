"""Square footprints on the sphere, as the text of PostGIS: many at a time."""

import struct

import numpy as np
from numpy.typing import NDArray

from archive.models.sky import SRID
from benchmarks.population.world import Floats

# Little-endian EWKB: byte order, type with the flag of an SRID, SRID, one ring of five vertices.
POLYGON = np.frombuffer(struct.pack("<BIIII", 1, 3 | 0x20000000, SRID, 1, 5), np.uint8)
POINT = np.frombuffer(struct.pack("<BII", 1, 1 | 0x20000000, SRID), np.uint8)
CORNERS = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5)])
HEX = np.frombuffer(b"".join(b"%02X" % value for value in range(256)), np.uint16)


def squares(ra_deg: Floats, dec_deg: Floats, side_deg: Floats, angle: Floats) -> list[str]:
    """Squares about places, turned by an angle, radians. Corners are of the tangent plane: poles are no exception."""
    across, up = CORNERS[:, 0], CORNERS[:, 1]
    side = np.tan(np.radians(side_deg))[:, None]
    x = side * (across * np.cos(angle)[:, None] - up * np.sin(angle)[:, None])
    y = side * (across * np.sin(angle)[:, None] + up * np.cos(angle)[:, None])
    ra, dec = np.radians(ra_deg)[:, None], np.radians(dec_deg)[:, None]
    down = np.cos(dec) - y * np.sin(dec)
    corner_ra = ra + np.arctan2(x, down)
    corner_dec = np.arctan2(np.sin(dec) + y * np.cos(dec), np.hypot(x, down))
    return _text(POLYGON, np.stack([_longitude(np.degrees(corner_ra)), np.degrees(corner_dec)], axis=2))


def points(ra_deg: Floats, dec_deg: Floats) -> list[str]:
    return _text(POINT, np.stack([_longitude(ra_deg), dec_deg], axis=1))


def _longitude(ra_deg: Floats) -> Floats:
    return (ra_deg + 180.0) % 360.0 - 180.0


def _text(head: NDArray[np.uint8], coordinates: Floats) -> list[str]:
    n = len(coordinates)
    body = np.ascontiguousarray(coordinates, "<f8").view(np.uint8).reshape(n, -1)
    letters = HEX[np.hstack([np.broadcast_to(head, (n, len(head))), body])]
    length = 2 * letters.shape[1]
    return [text.decode("ascii") for text in np.ascontiguousarray(letters).view(f"S{length}").ravel().tolist()]
