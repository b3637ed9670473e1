"""Frames of one place brought to common pixels, by what their headers say of the sky."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS, NoConvergence
from numpy.typing import NDArray
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.planes import Pixels, finite_median, without_infinities
from pipeline.arrays.shrink import area_mean

Numbers = NDArray[np.float64]
Plane = NDArray[np.float32]  # (ny, nx); NaN where there is no value

NODE_PX = 16  # apart, the places at which the WCS itself is asked; straight lines between
EDGE_POINTS = 9  # of each side of a frame: distortions bend it
SHRINK_ABOVE = 1.5  # source pixels across a new one: beyond, pixels would be left out unless they are averaged first
LEAST_SIDE_PX = 64
LEAST_VALID = 0.999  # share of a new pixel that comes of pixels with a value


@dataclass(frozen=True, slots=True)
class Grid:
    """Common pixels: a tangent plane with east to the left of north.

    `up_deg` is the position angle of the y axis, north through east, from -45 to 45.
    """

    wcs: WCS
    shape: tuple[int, int]
    pixel_arcsec: float
    up_deg: float


@dataclass(frozen=True, slots=True)
class Outlined:
    """Where a frame's pixels lie."""

    wcs: WCS
    shape: tuple[int, int]


def grid_for(frames: Sequence[Outlined], *, longest_px: int) -> Grid:
    """The smallest rectangle that holds what all frames show, in pixels as fine as the finest frame's.

    It stands as the first frame stands, turned by quarters until north is nearly up, so that a frame fills the picture
    whatever way its camera was mounted. At most `longest_px` a side: then pixels are larger.

    Raises UsageError where the frames share less than LEAST_SIDE_PX a side, or one has no place on the sky.
    """
    centre_deg = _centre_deg(frames[0])
    plane = _tangent_plane(centre_deg)
    up_deg = (_up_deg(frames[0], plane) + 45.0) % 90.0 - 45.0
    turn = _axes(up_deg)
    rectangles = np.array([_rectangle(frame, plane, turn) for frame in frames])  # (frames, low and high, right and up)
    low, high = rectangles[:, 0].max(axis=0), rectangles[:, 1].min(axis=0)
    finest_deg = min(_pixel_deg(frame) for frame in frames)
    width_deg, height_deg = (float(extent) for extent in high - low)
    step_deg = max(finest_deg, width_deg / longest_px, height_deg / longest_px)
    ny, nx = round(height_deg / step_deg), round(width_deg / step_deg)
    if min(ny, nx) < LEAST_SIDE_PX:
        raise UsageError("These frames show no common part of the sky, or too small a one: choose others.")
    wcs = _tangent_plane(centre_deg)
    wcs.wcs.cd = turn * step_deg
    wcs.wcs.crpix = 0.5 - low / step_deg
    wcs.wcs.set()
    return Grid(wcs, (ny, nx), step_deg * 3600.0, up_deg)


def resampled(image: Pixels, frame: Outlined, grid: Grid) -> Plane:
    """The frame's image on the grid, in what it had a pixel of its own, times how many of those a new pixel covers.

    Places come from both WCS with their distortions at every 16th pixel and from straight lines between; values by
    cubic splines. Finer pixels are averaged before, so that none is left out. Outside the frame, and where it has no
    value, is NaN.
    """
    pixels_across = grid.pixel_arcsec / 3600.0 / _pixel_deg(frame)
    small = _shrunk(image, pixels_across)
    y, x = (
        (places + 0.5) * (new / old) - 0.5
        for places, old, new in zip(_places(frame, grid), frame.shape, small.shape, strict=True)
    )
    values = _interpolated(small, y, x)
    values *= np.float32(pixels_across**2)
    return values


def _shrunk(image: Pixels, pixels_across: float) -> Pixels:
    if pixels_across <= SHRINK_ABOVE:
        return image
    ny, nx = image.shape
    return area_mean(image, (max(1, round(ny / pixels_across)), max(1, round(nx / pixels_across))))


def _interpolated(image: Pixels, y: Numbers, x: Numbers) -> Plane:
    ny, nx = image.shape
    values = without_infinities(image.astype(np.float32))
    has_value = np.isfinite(values)
    is_whole = bool(has_value.all())
    if not is_whole:
        sky = finite_median(values)
        values = np.where(has_value, values, np.float32(sky if np.isfinite(sky) else 0.0))
    made: Plane = ndimage.map_coordinates(values, [y, x], order=3, mode="nearest", output=np.float32)
    made[~((y >= -0.5) & (y <= ny - 0.5) & (x >= -0.5) & (x <= nx - 0.5))] = np.nan
    if not is_whole:
        shares = ndimage.map_coordinates(has_value.astype(np.float32), [y, x], order=1, mode="nearest")
        made[shares < LEAST_VALID] = np.nan
    return made


def _places(frame: Outlined, grid: Grid) -> tuple[Numbers, Numbers]:
    """Where each pixel of the grid lies in the frame, y and x from zero; NaN where it lies nowhere."""
    ny, nx = grid.shape
    nodes_y, nodes_x = _nodes(ny), _nodes(nx)
    at_x, at_y = np.meshgrid(nodes_x, nodes_y)
    ra_deg, dec_deg = grid.wcs.all_pix2world(at_x.ravel(), at_y.ravel(), 0)
    x, y = _pixels_of(frame.wcs, ra_deg, dec_deg)
    weights_y, weights_x = _hats(nodes_y, ny), _hats(nodes_x, nx)
    shape = (len(nodes_y), len(nodes_x))
    return weights_y @ y.reshape(shape) @ weights_x.T, weights_y @ x.reshape(shape) @ weights_x.T


def _pixels_of(wcs: WCS, ra_deg: Numbers, dec_deg: Numbers) -> tuple[Numbers, Numbers]:
    """Pixels of places; where distortions run wild, beyond the frame, the best that was found."""
    try:
        x, y = wcs.all_world2pix(ra_deg, dec_deg, 0)
    except NoConvergence as error:
        x, y = error.best_solution.T
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def _nodes(length: int) -> Numbers:
    return np.linspace(0.0, length - 1, max(2, -(-length // NODE_PX) + 1))


def _hats(nodes: Numbers, length: int) -> Numbers:
    """Weight of each node (column) at each pixel (row), by straight lines between nodes."""
    step = nodes[1] - nodes[0]
    return np.asarray(np.clip(1 - np.abs(np.arange(length)[:, None] - nodes[None, :]) / step, 0, None))


def _axes(up_deg: float) -> Numbers:
    """East and north of one step to the right, and of one upwards: columns of a matrix."""
    angle = np.radians(up_deg)
    return np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _tangent_plane(centre_deg: tuple[float, float]) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = list(centre_deg)
    wcs.wcs.crpix = [0.0, 0.0]
    wcs.wcs.cd = np.eye(2)
    wcs.wcs.set()
    return wcs


def _centre_deg(frame: Outlined) -> tuple[float, float]:
    ny, nx = frame.shape
    ra_deg, dec_deg = (float(value) for value in frame.wcs.all_pix2world((nx - 1) / 2, (ny - 1) / 2, 0))
    if not np.isfinite([ra_deg, dec_deg]).all():
        raise UsageError("A frame has no place on the sky: choose others.")
    return ra_deg % 360.0, dec_deg


def _on_plane(frame: Outlined, plane: WCS, x: Any, y: Any) -> Numbers:
    """East and north of pixels on the tangent plane, deg: (2, n). Raises UsageError where they are not on it."""
    ra_deg, dec_deg = frame.wcs.all_pix2world(np.asarray(x, dtype=float), np.asarray(y, dtype=float), 0)
    # Beyond a right angle the plane shows nothing, or the other side of the sky.
    centre = np.radians(plane.wcs.crval)
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    height = np.sin(dec) * np.sin(centre[1]) + np.cos(dec) * np.cos(centre[1]) * np.cos(ra - centre[0])
    if not (height > 0.1).all():
        raise UsageError("These frames show no common part of the sky: choose others.")
    return np.array(plane.wcs_world2pix(ra_deg, dec_deg, 1))


def _up_deg(frame: Outlined, plane: WCS) -> float:
    """Position angle of the frame's y axis in its middle."""
    ny, nx = frame.shape
    east, north = _on_plane(frame, plane, [(nx - 1) / 2] * 2, [(ny - 1) / 2 - 1, (ny - 1) / 2 + 1])
    return float(np.degrees(np.arctan2(east[1] - east[0], north[1] - north[0])))


def _rectangle(frame: Outlined, plane: WCS, turn: Numbers) -> Numbers:
    """Least and greatest place of the frame's edge, to the right and upwards, deg: (2, 2)."""
    ny, nx = frame.shape
    along = np.linspace(0.0, 1.0, EDGE_POINTS)
    x = np.concatenate([along, along, np.zeros(EDGE_POINTS), np.ones(EDGE_POINTS)]) * nx - 0.5
    y = np.concatenate([np.zeros(EDGE_POINTS), np.ones(EDGE_POINTS), along, along]) * ny - 0.5
    places = turn.T @ _on_plane(frame, plane, x, y)  # the axes stand at right angles: the inverse is the transpose
    return np.array([places.min(axis=1), places.max(axis=1)])


def _pixel_deg(frame: Outlined) -> float:
    """Side of a square as large as the pixel in the middle of the frame."""
    ny, nx = frame.shape
    x, y = (nx - 1) / 2, (ny - 1) / 2
    plane = _tangent_plane(_centre_deg(frame))
    east, north = _on_plane(frame, plane, [x - 1, x + 1, x, x], [y, y, y - 1, y + 1])
    area = abs((east[1] - east[0]) * (north[3] - north[2]) - (east[3] - east[2]) * (north[1] - north[0])) / 4
    if not area > 0:
        raise UsageError("The pixels of a frame have no size on the sky: choose others.")
    return float(np.sqrt(area))
