"""Coverage maps (MOC, IVOA recommendation 2.0): the part of the sky that footprints cover, as HEALPix cells.

A footprint is told by points on it, closer to each other than half a cell: a cell of which it covers no more than a
corner may be missing. Cells are whole: the map is never smaller than the footprints by more than that.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from archive.web.search.healpix import Cells, Numbers, nested_cells_of

FINEST = 9  # cells of 6.9 arcmin
CELL_DEG = 58.6  # side of a cell of order 0
MOST_STEPS = 64  # along a triangle of a footprint: larger ones are told by larger cells
MOST_POINTS = 2_000_000  # of all footprints of as many corners: where it would be more, all are told by larger cells
AT_ONCE = 500_000
Ranges = NDArray[np.int64]  # (n, 2): first cell of FINEST and the one after the last, in order, apart from each other


def ranges_of(rings: Sequence[Sequence[Sequence[float]]]) -> Ranges:
    """Cells that convex polygons cover: rings of RA and Dec, degrees, closed. Edges are great circles."""
    found: list[Ranges] = []
    by_corners: dict[int, list[Sequence[Sequence[float]]]] = {}
    for ring in rings:
        by_corners.setdefault(len(ring) - 1, []).append(ring[:-1])
    for same in by_corners.values():
        corners = _vectors(np.unique(np.asarray(same, dtype=np.float64), axis=0))  # many frames are of one field
        found += [_ranges_at(order, points) for order, points in _points_on(corners)]
    return _joined(np.concatenate(found)) if found else np.empty((0, 2), dtype=np.int64)


def ranges_of_cells(cells: Cells, *, order: int) -> Ranges:
    """The same of cells in nested order."""
    wide = np.int64(4) ** (FINEST - order)
    return _joined(np.stack([cells * wide, (cells + 1) * wide], axis=1))


def share_of(ranges: Ranges) -> float:
    """Part of the whole sky, 0 to 1."""
    return float((ranges[:, 1] - ranges[:, 0]).sum() / (12 * 4**FINEST))


def by_order(ranges: Ranges) -> dict[int, list[int]]:
    """As few cells as there can be, nested, by their orders."""
    left = ranges
    found: dict[int, list[int]] = {}
    for order in range(FINEST + 1):
        wide = np.int64(4) ** (FINEST - order)
        first, end = -(-left[:, 0] // wide), left[:, 1] // wide
        whole = first < end
        cells: list[Cells] = [np.arange(pair[0], pair[1]) for pair in zip(first[whole], end[whole], strict=True)]
        if cells:
            found[order] = np.concatenate(cells).tolist()
        before = np.stack([left[whole, 0], first[whole] * wide], axis=1)
        after = np.stack([end[whole] * wide, left[whole, 1]], axis=1)
        rest = np.concatenate([left[~whole], before, after])
        left = rest[rest[:, 0] < rest[:, 1]]
    return found


def as_json(ranges: Ranges) -> str:
    """MOC as JSON. Its finest order stands in it also where it has no cell: that is how fine the map is."""
    told: dict[int, list[int]] = {FINEST: [], **by_order(ranges)}
    return json.dumps({str(order): cells for order, cells in told.items()})


def as_fits(ranges: Ranges, **cards: Any) -> fits.HDUList:
    """MOC as a table of cells, numbered over all orders (UNIQ, version 1 of the recommendation)."""
    unique = [4 * 4**order + np.asarray(cells, dtype=np.int64) for order, cells in by_order(ranges).items()]
    numbers = np.concatenate(unique) if unique else np.empty(0, dtype=np.int64)
    table = fits.BinTableHDU.from_columns([fits.Column(name="UNIQ", format="K", array=numbers)])
    said = {"PIXTYPE": "HEALPIX", "ORDERING": "NUNIQ", "COORDSYS": "C", "MOCORDER": FINEST, "MOCTOOL": "archive"}
    table.header.update({**said, **cards})
    return fits.HDUList([fits.PrimaryHDU(), table])


def _vectors(places_deg: Numbers) -> Numbers:
    """(…, 2) right ascensions and declinations, degrees, to (…, 3) vectors of length one."""
    ra, dec = np.radians(places_deg[..., 0]), np.radians(places_deg[..., 1])
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _points_on(corners: Numbers) -> Iterator[tuple[int, Numbers]]:
    """Order, and (n, 3) points on polygons of (n, corners, 3): each is the triangles about its middle."""
    middle = corners.mean(axis=1, keepdims=True)
    middle = middle / np.linalg.norm(middle, axis=2, keepdims=True)
    edges = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2).max(axis=1)
    across = np.degrees(np.maximum(edges, np.linalg.norm(corners - middle, axis=2).max(axis=1)))
    for order, n_steps, of_these in _steps(across, n_corners=corners.shape[1]):
        shares = _shares(n_steps)
        at_once = max(1, AT_ONCE // (len(shares) * corners.shape[1]))
        for start in range(0, len(of_these), at_once):
            some = of_these[start : start + at_once]
            ends = corners[some], np.roll(corners[some], -1, axis=1)
            triangles = np.stack([np.broadcast_to(middle[some], corners[some].shape), *ends], axis=2)
            yield order, np.einsum("sk,pckx->pcsx", shares, triangles).reshape(-1, 3)


def _steps(across_deg: Numbers, *, n_corners: int) -> Iterator[tuple[int, int, Cells]]:
    """Order, steps along a triangle, and which polygons they are for: the finest that MOST_POINTS allows."""
    for finest in range(FINEST, -1, -1):
        steps = 2 ** np.ceil(np.log2(np.maximum(across_deg / (CELL_DEG / 2**finest / 2), 1.0))).astype(np.int64)
        taken = np.minimum(steps, MOST_STEPS)
        if finest == 0 or (n_corners * (taken + 1) * (taken + 2) // 2).sum() <= MOST_POINTS:
            break
    for n_steps in np.unique(steps):
        order = max(0, finest - int(np.log2(max(n_steps // MOST_STEPS, 1))))
        yield order, min(int(n_steps), MOST_STEPS), np.flatnonzero(steps == n_steps)


def _shares(n_steps: int) -> Numbers:
    """(n, 3) shares of a triangle's corners in points on it, its edges and corners with them."""
    first, second = np.meshgrid(np.arange(n_steps + 1), np.arange(n_steps + 1))
    inside = first + second <= n_steps
    pair = np.stack([first[inside], second[inside]], axis=1) / n_steps
    return np.column_stack([1.0 - pair.sum(axis=1), pair])


def _ranges_at(order: int, points: Numbers) -> Ranges:
    ra_deg = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    dec_deg = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    return ranges_of_cells(np.unique(nested_cells_of(ra_deg, dec_deg, order=order)), order=order)


def _joined(ranges: Ranges) -> Ranges:
    """In order, those that touch or overlap as one."""
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ranges[:, 1])
    begins = np.flatnonzero(np.concatenate([[True], ranges[1:, 0] > reached[:-1]]))[: len(ranges)]
    ends = np.concatenate([begins[1:] - 1, [len(ranges) - 1]])[: len(begins)]
    found: Ranges = np.stack([ranges[begins, 0], reached[ends]], axis=1)
    return found
