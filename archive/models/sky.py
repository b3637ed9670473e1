"""Degrees to geometry and back. The only place that knows the SRID."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.contrib.gis.geos import GEOSException, GEOSGeometry, Point, Polygon
from django.db.models import BinaryField, F, FloatField, Func

from archive.errors import UsageError

# Geography columns take longitude and latitude; RA stands for longitude on the celestial sphere.
SRID = 4326
WKB_POLYGON = 3
LONGEST_REGION = 100_000

# Well-known binary of a polygon: byte order, type and number of rings come before the first ring.
RING_OFFSET = 1 + 4 + 4
RING_SIZE = struct.Struct("<I")

Ring = Sequence[tuple[float, float]]
Vector = tuple[float, float, float]


class PointRA(Func):
    """Right ascension of a geography point, 0 to 360 degrees."""

    template = "CASE WHEN ST_X(%(expressions)s::geometry) < 0 THEN ST_X(%(expressions)s::geometry) + 360 "
    template += "ELSE ST_X(%(expressions)s::geometry) END"
    output_field = FloatField()


class PointDec(Func):
    """Declination of a geography point, degrees."""

    template = "ST_Y(%(expressions)s::geometry)"
    output_field = FloatField()


def longitude(ra_deg: float) -> float:
    """RA, degrees, as -180 to 180: what geography columns hold and clients of the OCS expect."""
    return (ra_deg + 180.0) % 360.0 - 180.0


def polygon_of(ring: Ring) -> Polygon:
    """Footprint of a closed ring of (RA, Dec), degrees; its edges are great circles.

    Raises UsageError when a vertex is no direction on the sky or the ring is as wide as a hemisphere: on the sphere
    such a polygon would silently stand for the rest of the sky.
    """
    for ra_deg, dec_deg in ring:
        if not (math.isfinite(ra_deg) and math.isfinite(dec_deg) and -90.0 <= dec_deg <= 90.0):
            raise UsageError(f"footprint vertex ({ra_deg}, {dec_deg}) is no RA and Dec in degrees.")
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise UsageError("a footprint is a closed ring: at least three vertices, the first again at the end.")
    refuse_hemispheres(ring)
    numbers = [number for ra_deg, dec_deg in ring for number in (longitude(ra_deg), dec_deg)]
    # Well-known binary, little-endian, a polygon of one ring: GEOS reads it at once, where Django goes by each vertex.
    wkb = struct.pack(f"<BIII{len(numbers)}d", 1, WKB_POLYGON, 1, len(ring), *numbers)
    return cast("Polygon", GEOSGeometry(memoryview(wkb), srid=SRID))


def refuse_hemispheres(ring: Ring) -> None:
    """Raise UsageError unless every vertex lies within 90° of the ring's middle."""
    vectors = [_vector(*vertex) for vertex in ring[:-1]]
    middle = _sum(vectors)
    if any(_dot(vector, middle) <= 0.0 for vector in vectors):
        raise UsageError("the footprint is as wide as a hemisphere or wider: split it.")


def centre_of(ring: Ring) -> Point:
    """Direction of the mean of the ring's vertices."""
    x, y, z = _sum([_vector(*vertex) for vertex in ring[:-1]])
    ra_deg = math.degrees(math.atan2(y, x))
    return Point(longitude(ra_deg), math.degrees(math.atan2(z, math.hypot(x, y))), srid=SRID)


def ring_of_geojson(area: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """Outer ring of a GeoJSON polygon.

    Raises UsageError when it is something else.
    """
    try:
        if area["type"] != "Polygon":
            raise UsageError(f"area is a {area['type']}; give a GeoJSON Polygon.")
        outer, *holes = area["coordinates"]
        ring = tuple((float(vertex[0]), float(vertex[1])) for vertex in outer)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UsageError("area is no GeoJSON Polygon: give {type: Polygon, coordinates: [[[ra, dec], …]]}.") from error
    if holes:
        raise UsageError("area has holes; give one outer ring.")
    return ring


def point_of(ra_deg: float, dec_deg: float) -> Point:
    """A direction, degrees."""
    return Point(longitude(ra_deg), dec_deg, srid=SRID)


def geojson_of(area: Polygon | None) -> dict[str, Any] | None:
    """GeoJSON with longitudes of -180 to 180."""
    if area is None:
        return None
    return {"type": "Polygon", "coordinates": [[list(vertex) for vertex in ring] for ring in area.coords]}


def as_binary(column: str) -> Func:
    """A geography column as well-known binary: without the cost of a geometry object for each row of a list."""
    return Func(F(column), function="ST_AsBinary", output_field=BinaryField())


def geojson_of_binary(wkb: bytes | memoryview | None) -> dict[str, Any] | None:
    """GeoJSON, longitudes of -180 to 180, of what `as_binary` gives for a footprint: one ring, little-endian."""
    if wkb is None:
        return None
    (n_vertices,) = RING_SIZE.unpack_from(wkb, RING_OFFSET)
    numbers = struct.unpack_from(f"<{2 * n_vertices}d", wkb, RING_OFFSET + RING_SIZE.size)
    ring = [list(vertex) for vertex in zip(numbers[::2], numbers[1::2], strict=True)]
    return {"type": "Polygon", "coordinates": [ring]}


def region_of(text: str) -> Point | Polygon:
    """Region that a reader typed: WKT, EWKT, HEXEWKB or GeoJSON; degrees, any longitude.

    Raises UsageError when it can not be read.
    """
    if len(text) > LONGEST_REGION:
        raise UsageError(f"the region has more than {LONGEST_REGION} characters: give a simpler one.")
    geometry = _geojson_region(text) if text.lstrip().startswith("{") else _geos_region(text)
    if geometry.srid not in {None, SRID}:
        raise UsageError(f"SRID {geometry.srid} is not known here: give degrees without an SRID.")
    if isinstance(geometry, Point):
        return _checked_point(geometry)
    if isinstance(geometry, Polygon) and not geometry.empty:
        return polygon_of(tuple((x, y) for x, y, *_ in geometry.exterior_ring.coords))
    raise UsageError(f"a {geometry.geom_type} can not be searched for: give a POINT or a POLYGON.")


def _geos_region(text: str) -> GEOSGeometry:
    try:
        return GEOSGeometry(text)
    except (ValueError, TypeError, GEOSException) as error:
        raise UsageError(f"{text!r} is no region: give POINT(RA DEC) or POLYGON((RA DEC, …)), in degrees.") from error


def _geojson_region(text: str) -> Point | Polygon:
    """GeoJSON without GDAL, which would follow a reference system of the sender's to files and networks."""
    try:
        region = json.loads(text)
        if region["type"] == "Point":
            ra_deg, dec_deg = (float(value) for value in region["coordinates"][:2])
            return Point(ra_deg, dec_deg)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError("the region is no GeoJSON Point or Polygon.") from error
    return polygon_of(ring_of_geojson(region))


def _checked_point(point: Point) -> Point:
    if point.empty or not (math.isfinite(point.x) and math.isfinite(point.y) and -90.0 <= point.y <= 90.0):
        raise UsageError("the point is no RA and Dec in degrees: Dec lies between -90 and 90.")
    return Point(longitude(point.x), point.y, srid=SRID)


def _vector(ra_deg: float, dec_deg: float) -> Vector:
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    return math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec)


def _sum(vectors: Sequence[Vector]) -> Vector:
    return sum(v[0] for v in vectors), sum(v[1] for v in vectors), sum(v[2] for v in vectors)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
