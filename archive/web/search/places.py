"""Places as people write them: coordinates in any usual form, or names of targets that the archive has frames of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from archive.domain.listing import listing_for
from archive.domain.order import NEWEST_FIRST
from archive.domain.target_names import spellings_of
from archive.errors import NotFoundError, UsageError
from archive.models import Frame, Reader
from archive.models.sky import PointDec, PointRA
from archive.terms.asked import asked_terms
from archive.terms.fields import MOST_CONES
from archive.terms.places import DEG_PER_UNIT, declination_deg, right_ascension_deg

UNITS = ("arcsec", "arcmin", "deg")
DEFAULT_RADIUS, DEFAULT_UNIT = "10", "arcmin"
FRAMES_LOOKED_AT = 20  # the newest of a name: calibrations among them have no place


@dataclass(frozen=True, slots=True)
class Place:
    """What was written, and where that is; ICRS, degrees."""

    text: str
    ra_deg: float
    dec_deg: float


def lines_of(text: str) -> list[str]:
    """Places with line ends or semicolons between."""
    return [line.strip() for line in re.split(r"[\r\n;]+", text) if line.strip()]


def radius_deg(text: str, unit: str) -> float:
    """Raises UsageError for what is no radius."""
    try:
        radius = float(text) * DEG_PER_UNIT[unit]
    except (ValueError, KeyError) as error:
        raise UsageError(f"{text[:20]!r} {unit[:10]} is no radius: give a number, and {', '.join(UNITS)}.") from error
    if not 0.0 <= radius <= 180.0:
        raise UsageError("The radius lies between 0 and 180 degrees.")
    return radius


def found_places(lines: Sequence[str], reader: Reader, *, at: datetime, using: str) -> list[Place]:
    """Where these are. Of a name it is where the newest frame of it that `reader` sees points.

    Raises UsageError for too many of them, NotFoundError for a name that no frame has.
    """
    if len(lines) > MOST_CONES:
        raise UsageError(f"{len(lines)} places are too many: give at most {MOST_CONES}.")
    return [_written(line) or _named(line, reader, at=at, using=using) for line in lines]


def _written(line: str) -> Place | None:
    """Coordinates; None for a name. Raises UsageError for numbers that are no coordinates."""
    halves = _halves(line)
    if halves is None:
        return None
    try:
        return Place(line, right_ascension_deg(halves[0]) % 360.0, declination_deg(halves[1]))
    except UsageError:
        if re.search(r"[a-z]{2}|^[^\d+.-]", line, re.IGNORECASE):
            return None
        raise


def _halves(line: str) -> tuple[str, str] | None:
    words = line.split()
    if "," in line:
        first, _, second = line.partition(",")
        return first, second
    if len(words) % 2:
        return None
    middle = len(words) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])


def _named(name: str, reader: Reader, *, at: datetime, using: str) -> Place:
    for spelling in spellings_of(name):
        for ra_deg, dec_deg in _centres_of(spelling, reader, at=at, using=using):
            return Place(name, ra_deg, dec_deg)
    raise NotFoundError(f"No frame that you may see is of a target {name[:60]!r}: give its coordinates.")


def _centres_of(spelling: str, reader: Reader, *, at: datetime, using: str) -> Iterator[tuple[float, float]]:
    wanted = QueryDict(mutable=True)
    wanted["target_name_exact"] = spelling
    listing = listing_for(reader, asked_terms(wanted), at=at, using=using)
    place = [term.column for term in NEWEST_FIRST].index("id")
    ids = [key[place] for key in listing.keys(NEWEST_FIRST, most=FRAMES_LOOKED_AT)]
    pointed = Frame.objects.filter(pk__in=ids, target_name=spelling, centre__isnull=False).order_by("-observation_date")
    yield from pointed.values_list(PointRA("centre"), PointDec("centre"))[:1]
