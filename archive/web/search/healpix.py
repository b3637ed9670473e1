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
