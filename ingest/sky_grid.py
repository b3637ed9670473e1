"""Directions of the pixels of an image on a coarse grid, between which one may interpolate; runs in a child process.

The error of bilinear interpolation between directions v, unit vectors, in a cell of h by k pixels is at most
h²/8 max|v_xx| + k²/8 max|v_yy|: along x first, whose error is the first term, then between its two ends. The middle of
an edge shows h²/8 |v_xx| there, so the greatest distance between v and the mean of its neighbours, over the middles of
all edges of both kinds, is that bound as far as the second derivatives do not change within a cell. They do a little:
twice the sum is told.
For a gnomonic image of s radians a pixel |v_xx| is at most 2/√3 s², so the bound is s² (h² + k²) / (4 √3) radians.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import ICRS, SkyCoord
from astropy.wcs import WCS, NoConvergence, WcsError
from astropy.wcs.utils import wcs_to_celestial_frame

from archive.errors import UsageError
from ingest import sphere
from ingest.sky_wcs import KNOWN_FRAMES, Header, wcs_of
from ingest.sphere import Vectors

MOST_CELLS = 64  # along each axis
FINE_ENOUGH_PX = 0.02  # of the image's own pixels
MARGIN = 2.0
DIGITS = 13  # of a unit vector: 2e-8 arcsec
ARCSEC = np.degrees(1.0) * 3600.0


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a direction lies in an image, pixels from zero, and how large pixels are there."""

    x: float
    y: float
    scale_arcsec: float


def sky_grid(header: Header, *, x0: int, y0: int, width: int, height: int) -> dict[str, Any] | None:
    """Directions, ICRS, at nodes from the outer corner of a region's first pixel (`x0`, `y0`, from zero) to its end.

    As plain data: `x` and `y` are where the nodes are, pixels from zero (a corner is at -0.5); `vectors` a row after
    the other, null where a node is not on the sky; `error_arcsec` bounds what bilinear interpolation gets wrong. None
    for an image without a celestial WCS on its first two axes.

    Raises UsageError if its WCS can not be used.
    """
    wcs = _wcs(header)
    if wcs is None:
        return None
    n_x, n_y = min(4, max(width, 1)), min(4, max(height, 1))
    while True:
        found = _Grid.of(wcs, (x0, y0), (width, height), (n_x, n_y))
        across, along = found.errors_arcsec()
        enough = FINE_ENOUGH_PX * found.pixel_arcsec() / (2 * MARGIN)
        finer_x, finer_y = across > enough and n_x < MOST_CELLS, along > enough and n_y < MOST_CELLS
        if not (finer_x or finer_y):
            return found.to_plain(MARGIN * (across + along))
        n_x, n_y = n_x * (2 if finer_x else 1), n_y * (2 if finer_y else 1)


def spot_of(header: Header, *, ra_deg: float, dec_deg: float) -> Spot:
    """Where a direction, ICRS, lies in an image. Raises UsageError when its WCS does not tell."""
    wcs = _wcs(header)
    if wcs is None:
        raise UsageError("this image has no WCS: ask for pixels by x0, y0, width and height.")
    place = SkyCoord(ra_deg * u.deg, dec_deg * u.deg, frame="icrs")
    nowhere = "this place is not on the image's side of the sky: ask for another, or for pixels by x0 and y0."
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            own = place.transform_to(_frame(wcs)).spherical
            world = np.zeros((1, wcs.naxis))
            world[0, wcs.wcs.lng], world[0, wcs.wcs.lat] = own.lon.deg, own.lat.deg
            x, y = wcs.all_world2pix(world, 0)[0, :2]
        except NoConvergence as error:
            raise UsageError(nowhere) from error
        except (WcsError, ValueError) as error:
            raise UsageError(nowhere) from error
        if not np.isfinite([x, y]).all() or max(abs(x), abs(y)) > 1e9:
            raise UsageError(nowhere)
        cross = _directions(wcs, np.array([[x - 0.5, y], [x + 0.5, y], [x, y - 0.5], [x, y + 0.5]]))
    sides = [np.linalg.norm(cross[1] - cross[0]), np.linalg.norm(cross[3] - cross[2])]
    scale_arcsec = float(np.sqrt(sides[0] * sides[1])) * ARCSEC
    if not scale_arcsec > 0:
        raise UsageError(nowhere)
    return Spot(float(x), float(y), scale_arcsec)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Directions at twice the density that is told: at nodes, and amid them."""

    x: Vectors
    y: Vectors
    fine: Vectors  # (2 ny + 1, 2 nx + 1, 3)

    @classmethod
    def of(cls, wcs: WCS, first: tuple[int, int], size: tuple[int, int], cells: tuple[int, int]) -> "_Grid":
        x, y = (
            np.linspace(start - 0.5, start + extent - 0.5, 2 * n + 1)
            for start, extent, n in zip(first, size, cells, strict=True)
        )
        pixels = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return cls(x, y, _directions(wcs, pixels).reshape(len(y), len(x), 3))

    def errors_arcsec(self) -> tuple[float, float]:
        """Greatest distance between the middle of an edge and the mean of its ends, along x and along y."""
        rows, columns = self.fine, self.fine.swapaxes(0, 1)
        return _worst(rows), _worst(columns)

    def pixel_arcsec(self) -> float:
        """Smallest median size of a pixel along either axis."""
        steps = [
            np.linalg.norm(np.diff(self.fine, axis=1), axis=-1) / (self.x[1] - self.x[0]),
            np.linalg.norm(np.diff(self.fine, axis=0), axis=-1) / (self.y[1] - self.y[0]),
        ]
        known = [each[np.isfinite(each)] for each in steps]
        return min((float(np.median(each)) * ARCSEC for each in known if each.size), default=np.inf)

    def to_plain(self, error_arcsec: float) -> dict[str, Any]:
        nodes = self.fine[::2, ::2]
        vectors = [
            None if not np.isfinite(node).all() else [round(float(each), DIGITS) for each in node]
            for node in nodes.reshape(-1, 3)
        ]
        return {
            "x": [float(each) for each in self.x[::2]],
            "y": [float(each) for each in self.y[::2]],
            "vectors": vectors,
            "error_arcsec": error_arcsec,
        }


def _worst(rows: Vectors) -> float:
    middles = (rows[:, :-2:2] + rows[:, 2::2]) / 2
    apart = np.linalg.norm(rows[:, 1::2] - middles, axis=-1)
    return float(np.nanmax(apart)) * ARCSEC if np.isfinite(apart).any() else 0.0


def _wcs(header: Header) -> WCS | None:
    wcs = wcs_of(header)
    if wcs is None:
        return None
    return wcs if {wcs.wcs.lng, wcs.wcs.lat} == {0, 1} else None


def _frame(wcs: WCS) -> Any:
    frame = wcs_to_celestial_frame(wcs)
    if not isinstance(frame, KNOWN_FRAMES):
        raise UsageError(f"its WCS is in {frame.name}, which is not fixed to the sky: ask for pixels.")
    return frame


def _directions(wcs: WCS, pixels: Vectors) -> Vectors:
    """(n, 2) pixels from zero to (n, 3) unit vectors, ICRS; NaN for those that are not on the sky."""
    all_axes = np.zeros((len(pixels), wcs.naxis))
    all_axes[:, :2] = pixels
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            world = wcs.all_pix2world(all_axes, 0)
        except (WcsError, ValueError) as error:
            raise UsageError("its WCS can not be used: ask for pixels by x0, y0, width and height.") from error
        lon, lat = world[:, wcs.wcs.lng], world[:, wcs.wcs.lat]
        on_sky = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
        found = np.full((len(pixels), 3), np.nan)
        frame = _frame(wcs)
        lon, lat = lon[on_sky], lat[on_sky]
        if not isinstance(frame, ICRS):
            icrs = SkyCoord(lon * u.deg, lat * u.deg, frame=frame).icrs
            lon, lat = icrs.ra.deg, icrs.dec.deg
        found[on_sky] = sphere.vectors(lon, lat)
    return found
