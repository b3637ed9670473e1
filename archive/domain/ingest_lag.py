"""How long frames take from the sky into the archive, by instrument; and what is new."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db import connection

from archive.models import SetupTally, Version
from archive.models.tally import Span

ARRIVALS = 500  # newest files by which the time on the way is told
# For each instrument its newest frame, whichever value of is_public it has: both halves are read from one index.
NEWEST = """
    SELECT DISTINCT ON (asked.instrument) asked.instrument, newest.site_id, newest.observation_date,
        (SELECT min(created) FROM archive_version WHERE frame_id = newest.id)
    FROM unnest(%(instruments)s::text[]) AS asked (instrument),
        (VALUES (true), (false)) AS half (is_public),
        LATERAL (
            SELECT id, site_id, observation_date FROM archive_frame
            WHERE is_listed AND is_public = half.is_public AND instrument_id = asked.instrument
            ORDER BY observation_date DESC, id DESC LIMIT 1
        ) AS newest
    ORDER BY asked.instrument, newest.observation_date DESC
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """What came last of one instrument.

    Attributes
    ----------
    site_id, observed_at : of its newest frame.
    arrived_at : when that frame's first bytes had a row.
    typical : median time from the end of the exposure to the row, of those of the newest files that are its; None
        where none is.
    """

    instrument_id: str
    site_id: str
    observed_at: datetime
    arrived_at: datetime | None
    typical: timedelta | None


def lags() -> list[Lag]:
    """Every instrument that the archive has frames of, the one that came last first. Three statements."""
    known = SetupTally.objects.filter(span=Span.ALL).order_by().values_list("instrument_id", flat=True).distinct()
    instruments = sorted(name for name in known if name)
    typical = _typical()
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"instruments": instruments})
        rows = cursor.fetchall()
    found = [Lag(name, site, observed, arrived, typical.get(name)) for name, site, observed, arrived in rows]
    return sorted(found, key=lambda lag: lag.observed_at, reverse=True)


def _typical() -> Mapping[str, timedelta]:
    newest = Version.objects.order_by("-created", "-pk").filter(frame__observation_date__isnull=False)
    columns = ("frame__instrument_id", "frame__observation_date", "frame__exposure_time", "created")
    waited: dict[str, list[timedelta]] = defaultdict(list)
    for instrument, began, exposure_s, created in newest.values_list(*columns)[:ARRIVALS]:
        waited[instrument].append(created - began - timedelta(seconds=exposure_s or 0.0))
    return {instrument: _median(times) for instrument, times in waited.items()}


def _median(times: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(time.total_seconds() for time in times))


def last_arrival() -> datetime | None:
    """When the newest bytes of any frame had a row."""
    newest: datetime | None = Version.objects.order_by("-created", "-pk").values_list("created", flat=True).first()
    return newest
