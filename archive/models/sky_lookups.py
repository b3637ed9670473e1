"""Questions about the sky that the database answers: distance on the sphere, boxes in RA and Dec."""

import math
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models import PointField, PolygonField
from django.db.models import F, FloatField, Func, Lookup, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

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

    def holds_centre(self) -> Q:
        """Frames whose footprint's centre lies in the box. From 350 to 10 is across RA 0."""
        ra, dec = _part("ST_X"), _part("ST_Y")
        in_dec = Q(GreaterThanOrEqual(dec, self.dec_min_deg)) & Q(LessThanOrEqual(dec, self.dec_max_deg))
        if self.ra_max_deg - self.ra_min_deg >= 360.0:
            return in_dec
        first, last = longitude(self.ra_min_deg), longitude(self.ra_max_deg)
        from_first, to_last = Q(GreaterThanOrEqual(ra, first)), Q(LessThanOrEqual(ra, last))
        return in_dec & (from_first & to_last if first <= last else from_first | to_last)


def _part(function: str) -> Func:
    """Longitude (ST_X) or declination (ST_Y) of a footprint's centre."""
    return Func(
        F("centre"), function=function, template="%(function)s(%(expressions)s::geometry)", output_field=FloatField()
    )


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
