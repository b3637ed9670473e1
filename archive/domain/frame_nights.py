"""Nights by their frames, of whatever instrument: how many of each, and what came when."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

from django.db.models import Count

from archive.domain.listing import Listing
from archive.domain.order import NEWEST_FIRST
from archive.models import Frame

MOST_FRAMES = 5000  # of one night that are told one by one
LONGEST_GAP = timedelta(minutes=10)  # longer silences of an instrument are told


@dataclass(frozen=True, slots=True)
class Exposed:
    """One frame of a night. Its end is its beginning where no exposure time is known; times are UTC."""

    frame_id: int
    basename: str
    site_id: str
    proposal_id: str
    instrument_id: str
    primary_optical_element: str
    target_name: str
    begun_at: datetime
    ended_at: datetime
    reduction_level: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence of an instrument between two of its exposures."""

    instrument_id: str
    begun_at: datetime
    ended_at: datetime


def latest_night(listing: Listing) -> date | None:
    """The night of the newest frame; None when there is none."""
    newest = [row[-1] for row in listing.keys(NEWEST_FIRST, most=1)]
    return Frame.objects.using(listing.using).filter(pk__in=newest).values_list("observation_day", flat=True).first()


def counts_between(listing: Listing, first: date, last: date) -> dict[date, Counter[str]]:
    """Numbers of frames by instrument for each night of these that has some."""
    found: dict[date, Counter[str]] = {}
    for part in listing.parts:
        frames = listing.frames_of(part).filter(observation_day__range=(first, last)).order_by()
        for night, instrument, n in frames.values_list("observation_day", "instrument_id").annotate(n=Count("*")):
            found.setdefault(night, Counter())[instrument] += n
    return found


def frames_of_night(listing: Listing, night: date) -> list[Exposed]:
    """Frames of a night in the order of time, up to 5000."""
    columns = (
        "pk",
        "basename",
        "site_id",
        "proposal_id",
        "instrument_id",
        "primary_optical_element",
        "target_name",
        "observation_date",
        "exposure_time",
        "reduction_level",
    )
    found = []
    for part in listing.parts:
        frames = listing.frames_of(part).filter(observation_day=night).order_by("observation_date", "pk")
        for *named, begun_at, exposure_s, level in map(list, frames.values_list(*columns)[:MOST_FRAMES]):
            pk, basename, site_id, proposal_id, instrument_id, filter_name, target_name = named
            ended_at = begun_at + timedelta(seconds=exposure_s or 0)
            of_whom = (site_id, proposal_id, instrument_id, filter_name, target_name)
            found.append(Exposed(pk, basename, *of_whom, begun_at, ended_at, level))
    return sorted(found, key=attrgetter("begun_at", "frame_id"))[:MOST_FRAMES]


def gaps_of(frames: Sequence[Exposed]) -> list[Gap]:
    """Silences of more than ten minutes of each instrument, the longest first. Reductions open no shutter."""
    last: dict[str, datetime] = {}
    found = []
    for frame in frames:
        if frame.reduction_level:
            continue
        before = last.get(frame.instrument_id)
        if before is not None and frame.begun_at - before > LONGEST_GAP:
            found.append(Gap(frame.instrument_id, before, frame.begun_at))
        last[frame.instrument_id] = max(before or frame.ended_at, frame.ended_at)
    return sorted(found, key=lambda gap: gap.begun_at - gap.ended_at)
