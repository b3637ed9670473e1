"""HEALPix: cells of equal area on the sky, in the ring order (Górski et al. 2005, ApJ 622, 759, section 4.1).

client/src/lib/healpix.ts is the same for one place; both are held against what astropy_healpix gives.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Cells = NDArray[np.int64]
Numbers = NDArray[np.float64]


def cells_of(ra_deg: ArrayLike, dec_deg: ArrayLike, *, order: int) -> Cells:
    """Cells that places lie in: (n,) right ascensions and declinations, degrees, to (n,) numbers.

    `order` is the logarithm to base 2 of the parts of a side of one of the twelve first cells.
    """
    nside = 2**order
    z = np.sin(np.radians(np.asarray(dec_deg, dtype=np.float64)))
    quarters = np.asarray(ra_deg, dtype=np.float64) / 90.0 % 4.0  # right ascension in quarters of a turn
    return np.where(np.abs(z) <= 2 / 3, _equatorial(z, quarters, nside), _polar(z, quarters, nside))


def _equatorial(z: Numbers, quarters: Numbers, nside: int) -> Cells:
    around, slope = nside * (0.5 + quarters), nside * z * 0.75
    rising, falling = np.floor(around - slope).astype(np.int64), np.floor(around + slope).astype(np.int64)
    ring = nside + 1 + rising - falling  # from z = 2/3 on, the first is 1
    shift = 1 - (ring & 1)
    in_ring = (rising + falling - nside + shift + 1) // 2 % (4 * nside)
    found: Cells = 2 * nside * (nside - 1) + (ring - 1) * 4 * nside + in_ring
    return found


def _polar(z: Numbers, quarters: Numbers, nside: int) -> Cells:
    within, size = quarters % 1.0, nside * np.sqrt(3.0 * (1.0 - np.abs(z)))
    ring = np.floor(within * size).astype(np.int64) + np.floor((1.0 - within) * size).astype(np.int64) + 1
    in_ring = np.floor(quarters * ring).astype(np.int64) % (4 * ring)  # `ring` counts from the pole on
    found: Cells = np.where(z > 0, 2 * ring * (ring - 1), 12 * nside * nside - 2 * ring * (ring + 1)) + in_ring
    return found


def nested_cells_of(ra_deg: ArrayLike, dec_deg: ArrayLike, *, order: int) -> Cells:
    """The same in the nested order, in which the four parts of a cell follow each other (ibid., section 4.2)."""
    nside = 2**order
    z = np.sin(np.radians(np.asarray(dec_deg, dtype=np.float64)))
    quarters = np.asarray(ra_deg, dtype=np.float64) / 90.0 % 4.0
    quarters = np.where(quarters >= 4.0, 0.0, quarters)  # a right ascension a hair below zero
    at_equator = _face_and_place_equatorial(z, quarters, nside)
    at_pole = _face_and_place_polar(z, quarters, nside)
    face, x, y = (np.where(np.abs(z) <= 2 / 3, *each) for each in zip(at_equator, at_pole, strict=True))
    found: Cells = face * nside * nside + _spread(x) + 2 * _spread(y)
    return found


def _face_and_place_equatorial(z: Numbers, quarters: Numbers, nside: int) -> tuple[Cells, Cells, Cells]:
    around, slope = nside * (0.5 + quarters), nside * z * 0.75
    rising, falling = np.floor(around - slope).astype(np.int64), np.floor(around + slope).astype(np.int64)
    face_rising, face_falling = rising // nside, falling // nside
    face = np.where(face_rising < face_falling, face_rising, face_falling + 8)
    face = np.where(face_rising == face_falling, face_falling % 4 + 4, face)
    return face, falling % nside, nside - 1 - rising % nside


def _face_and_place_polar(z: Numbers, quarters: Numbers, nside: int) -> tuple[Cells, Cells, Cells]:
    face = np.minimum(quarters.astype(np.int64), 3)
    within, size = quarters - face, nside * np.sqrt(3.0 * (1.0 - np.abs(z)))
    rising = np.minimum((within * size).astype(np.int64), nside - 1)
    falling = np.minimum(((1.0 - within) * size).astype(np.int64), nside - 1)
    is_north = z > 0
    x = np.where(is_north, nside - 1 - falling, rising)
    y = np.where(is_north, nside - 1 - rising, falling)
    return np.where(is_north, face, face + 8), x, y


def _spread(numbers: Cells) -> Cells:
    """Bits with a zero between each two."""
    spread = numbers.astype(np.int64)
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F)):
        spread = (spread | (spread << shift)) & mask
    for shift, mask in ((2, 0x3333333333333333), (1, 0x5555555555555555)):
        spread = (spread | (spread << shift)) & mask
    return spread
