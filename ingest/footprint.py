"""Outline of a frame on the sky: a closed ring of (RA, Dec), degrees, ICRS, from its headers alone.

In this order, the first that applies:

1. Images with a celestial WCS. If there is one, or exactly one has EXTNAME SCI: the centres of its corner pixels
   (1, 1), (1, NAXIS2), (NAXIS1, NAXIS2), (NAXIS1, 1), distortion included. Otherwise the convex hull of all of them.
2. Amplifiers of one detector: images without a WCS that tell their DETSEC, under an empty primary HDU whose WCS counts
   pixels of the assembled, binned mosaic.
3. RA, DEC and RADIUS: a circle's polygon. Its vertices lie on the circle, so it is inscribed.

A header that gives no sound outline (broken or unknown WCS, a corner that is not on the sky, wider than a hemisphere,
folded over itself) gives none and is logged: the frame itself is not refused for it.
"""

from collections.abc import Sequence
from functools import partial
from math import prod

import numpy as np
import structlog
from scipy.spatial import ConvexHull, QhullError

from archive.errors import UsageError
from ingest import sky_wcs, sphere
from ingest.headers.record import Ring
from ingest.inspection import CircleKeys
from ingest.sky_wcs import Header
from ingest.sphere import Vectors

logger = structlog.get_logger(__name__)

SCIENCE = "SCI"
MAX_RADIUS_ARCSEC = 90 * 3600.0


def footprint_of(headers: Sequence[Header], *, circle: CircleKeys = CircleKeys()) -> Ring | None:  # noqa: B008 - frozen
    """Outline of the frame whose HDUs have these headers, the primary first. Never raises for what they say."""
    for outline_of in (_outline_of_images, _outline_of_mosaic, partial(_outline_of_circle, circle)):
        try:
            vertices = outline_of(headers)
        except UsageError as error:
            logger.warning("footprint_refused", reason=str(error))
            return None
        if vertices is not None:
            return sphere.ring(vertices)
    return None


def _outline_of_images(headers: Sequence[Header]) -> Vectors | None:
    """(n, 3) unit vectors, not closed. One image whose WCS is unsound does not take away the others'."""
    found: list[tuple[Header, Vectors]] = []
    refused: UsageError | None = None
    for header in headers:
        try:
            outline = sky_wcs.outline_of_image(header)
        except UsageError as error:
            refused = error
            continue
        if outline is not None:
            found.append((header, outline))
    if not found:
        if refused is not None:
            raise refused
        return None
    science = [outline for header, outline in found if header.get("EXTNAME") == SCIENCE]
    if len(found) == 1 or len(science) == 1:
        return (science or [found[0][1]])[0]
    return convex_hull(np.concatenate([outline for _, outline in found]))


def convex_hull(points: Vectors) -> Vectors:
    """Vertices, among `points`, of their convex hull on the sphere.

    Parameters
    ----------
    points : (n, 3) unit vectors.

    Raises
    ------
    UsageError : the points reach further than a hemisphere, or lie on one great circle.
    """
    centre = sphere.mean_direction(points)
    east_north = sphere.gnomonic(points, centre=centre)
    try:
        hull = ConvexHull(east_north)
    except QhullError as error:
        raise UsageError("the images cover no area on the sky: correct their WCS.") from error
    return points[hull.vertices]


def _outline_of_mosaic(headers: Sequence[Header]) -> Vectors | None:
    if not headers or prod(sky_wcs.image_axes(headers[0])) > 0:
        return None
    sections = [section for header in headers[1:] if (section := sky_wcs.detector_section(header)) is not None]
    if not sections:
        return None
    wcs = sky_wcs.wcs_of(headers[0])
    if wcs is None:
        return None
    return sky_wcs.outline(wcs, axes=sky_wcs.mosaic_axes(sections))


def _outline_of_circle(keys: CircleKeys, headers: Sequence[Header]) -> Vectors | None:
    for header in headers:
        radius_arcsec = header.get(keys.radius)
        if not isinstance(radius_arcsec, (int, float)) or isinstance(radius_arcsec, bool):
            continue
        if header.get(keys.ra) in {None, ""} or header.get(keys.dec) in {None, ""}:
            continue
        if not 0 < radius_arcsec < MAX_RADIUS_ARCSEC:
            raise UsageError(
                f"{keys.radius} is {radius_arcsec} arcsec, not between 0 and {MAX_RADIUS_ARCSEC}: correct it."
            )
        ra_deg = sphere.degrees_of(header[keys.ra], is_hours=isinstance(header[keys.ra], str))
        dec_deg = sphere.degrees_of(header[keys.dec], is_hours=False)
        centre = sky_wcs.direction(ra_deg, dec_deg, header)
        return sphere.circle(centre, radius_deg=radius_arcsec / 3600)
    return None
