"""Questions about the sky that the database answers: distance on the sphere, boxes in RA and Dec."""

import math
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models import PointField, PolygonField
from django.db.models import Lookup

from archive.errors import UsageError
from archive.models.sky import SRID, longitude

# PostGIS measures without the spheroid on a sphere of the mean radius of WGS84, m: (2a + b) / 3.
SPHERE_RADIUS_M = (2 * 6378137.0 + 6356752.314245179) / 3


@dataclass(frozen=True, slots=True)
class Cone:
    """Everything within `radius_deg` of a direction."""

    ra_deg: float
    dec_deg: float
    radius_deg: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.ra_deg, self.dec_deg, self.radius_deg))):
            raise UsageError("give three finite numbers: RA, Dec, radius, in degrees.")
        if not -90.0 <= self.dec_deg <= 90.0:
            raise UsageError("Dec lies between -90 and 90 degrees.")
        if not 0.0 <= self.radius_deg <= 180.0:
            raise UsageError("the radius lies between 0 and 180 degrees.")


@dataclass(frozen=True, slots=True)
class Box:
    """Between two declinations and, eastwards, from one right ascension to another; degrees, borders included."""

    ra_min_deg: float
    ra_max_deg: float
    dec_min_deg: float
    dec_max_deg: float


@PointField.register_lookup
class InBox(Lookup[Any]):
    """`centre__in_box=Box(…)`: between two declinations and two right ascensions; from 350 to 10 is across RA 0.

    The envelopes are what an index can be asked for; it rounds them outwards, so the borders are compared once more.
    """

    lookup_name = "in_box"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        box: Box = self.rhs
        parts, values = [], []
        for first, last in _longitudes(box):
            envelope = f"ST_MakeEnvelope(%s, %s, %s, %s, {SRID})"
            parts.append(
                f"({left}::geometry(GEOMETRY,{SRID}) && {envelope} AND ST_X({left}::geometry) BETWEEN %s AND %s "
                f"AND ST_Y({left}::geometry) BETWEEN %s AND %s)"
            )
            borders = (first, box.dec_min_deg, last, box.dec_max_deg)
            values += [*params, *borders, *params, first, last, *params, box.dec_min_deg, box.dec_max_deg]
        return f"({' OR '.join(parts)})", tuple(values)


def _longitudes(box: Box) -> list[tuple[float, float]]:
    """Right ascensions of a box as longitudes of -180 to 180: two ranges where it crosses their border."""
    if box.ra_max_deg - box.ra_min_deg >= 360.0:
        return [(-180.0, 180.0)]
    first, last = longitude(box.ra_min_deg), longitude(box.ra_max_deg)
    return [(first, last)] if first <= last else [(first, 180.0), (-180.0, last)]


@PolygonField.register_lookup
@PointField.register_lookup
class Touches(Lookup[Any]):
    """`area__touches_cone=Cone(…)`: the distance on the sphere is no larger than the cone's radius.

    The lookups of GeoDjango measure geographies on a spheroid, which the sky is not.
    """

    lookup_name = "touches_cone"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        cone: Cone = self.rhs
        place = f"SRID={SRID};POINT({longitude(cone.ra_deg)!r} {cone.dec_deg!r})"
        radius_m = math.radians(cone.radius_deg) * SPHERE_RADIUS_M
        return f"ST_DWithin({left}, %s::geography, %s, false)", (*params, place, radius_m)
