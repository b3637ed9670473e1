"""What readers ask, with values drawn from what the archive holds."""

import math
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import cycle
from types import MappingProxyType
from typing import Any

from archive.api import cursor
from archive.domain.order import NEWEST_FIRST
from archive.models import Frame
from benchmarks.population.world import N_SUBMITTERS, submitter
from benchmarks.speed.asks import Ask, Who
from benchmarks.speed.truth import Truth

LIST = "/frames/"
NOTHING: Mapping[str, str] = MappingProxyType({})
DEEP = 500_000
VERTICES = 32  # of a circle, as astroquery draws it
# Columns by which lists are asked for; None is a list of everything.
COLUMNS = (None, "site_id", "telescope_id", "instrument_id", "primary_optical_element", "configuration_type")
HALVES = (True, True, True, False, False, False)
LIKE_SPECIAL = str.maketrans({"%": r"\%", "_": r"\_"})


def lists(truth: Truth, who: Who = Who.ANYBODY, params: Mapping[str, str] = NOTHING) -> Iterator[Ask]:
    """The newest frames: of all, or of one value of a column."""
    for frame, column in zip(truth.frames(), cycle(COLUMNS), strict=False):
        if column is None:
            yield Ask(LIST, params, who)
        else:
            value = getattr(frame, column)
            yield Ask(LIST, {**params, column: value}, who, f"{column} = %s", (value,))


def start_of(frame: Frame) -> datetime:
    """When its observation began, which all frames here tell."""
    assert frame.observation_date is not None
    return frame.observation_date


def counts(truth: Truth) -> Iterator[Ask]:
    """One row, for the sake of the count: of all and by site, for every reader."""
    for frame, who, by_site in zip(truth.frames(), cycle(Who), cycle(HALVES), strict=False):
        params = {"site_id": frame.site_id} if by_site else {}
        where, values = ("site_id = %s", (frame.site_id,)) if by_site else ("true", ())
        yield Ask(LIST, {"limit": "1", **params}, who, where, values)


def proposals(truth: Truth) -> Iterator[Ask]:
    """Sixty days of a proposal."""
    for frame in truth.frames(request_id__isnull=False):
        start = start_of(frame) - timedelta(days=truth.random.uniform(0, 60))
        end = start + timedelta(days=60)
        params = {"proposal_id": frame.proposal_id, "start": start.isoformat(), "end": end.isoformat()}
        where = "proposal_id = %s AND observation_date BETWEEN %s AND %s"
        yield Ask(LIST, params, where=where, values=(frame.proposal_id, start, end))


def target_parts(truth: Truth) -> Iterator[Ask]:
    """A target as people type it, in any case: its whole name, or its first word, or the end of its name."""
    for frame, kind in zip(truth.frames(request_id__isnull=False), cycle(range(3)), strict=False):
        name = frame.target_name
        part = (name.lower(), name.split()[0].upper(), name[-4:].strip())[kind]
        where = "upper(target_name) LIKE upper(%s)"
        yield Ask(LIST, {"target_name": part}, where=where, values=(f"%{part.translate(LIKE_SPECIAL)}%",))


def name_parts(truth: Truth) -> Iterator[Ask]:
    """A part of the file name that up to a thousand share: a night of an instrument, or one exposure."""

    def ask(frame: Frame) -> Ask:
        pieces = frame.basename.split("-")
        part = "-".join(pieces[1:3] if frame.pk % 2 else pieces[:4])
        values = (f"%{part.translate(LIKE_SPECIAL)}%",)
        return Ask(LIST, {"basename": part}, where="upper(basename) LIKE upper(%s)", values=values)

    return truth.between(1, 1000, ask, reduction_level=0)


def places(truth: Truth) -> Iterator[Ask]:
    """A place that ten to three hundred footprints cover."""

    def ask(frame: Frame) -> Ask:
        assert frame.centre is not None
        point = f"POINT({frame.centre.x!r} {frame.centre.y!r})"
        return Ask(LIST, {"covers": point}, where="ST_Covers(area, %s::geography)", values=(f"SRID=4326;{point}",))

    return truth.between(10, 300, ask, centre__isnull=False)


def regions(truth: Truth) -> Iterator[Ask]:
    """A circle of one degree across, which ten to three hundred footprints touch."""

    def ask(frame: Frame) -> Ask:
        assert frame.centre is not None
        polygon = _circle(frame.centre.x, frame.centre.y, 0.5)
        where = "ST_Intersects(area, %s::geography)"
        return Ask(LIST, {"intersects": polygon}, where=where, values=(f"SRID=4326;{polygon}",))

    return truth.between(10, 300, ask, centre__isnull=False)


def deep_pages(truth: Truth) -> Iterator[Ask]:
    """Pages half a million rows down, or in the middle of a smaller archive."""
    deep = min(DEEP, truth.n_public // 2)
    while True:
        yield Ask(LIST, {"offset": str(deep + truth.random.randint(-deep // 50, deep // 50))})


def middles(truth: Truth) -> Iterator[Ask]:
    """The page after a row of a walk through everything, not among the last ones."""
    for frame in truth.frames(pk__gt=truth.largest_id // 10):
        place = cursor.Place((frame.observation_date, frame.pk))
        yield Ask(LIST, {"pagination_style": "cursor", "cursor": cursor.written(place, NEWEST_FIRST)})


def headers(truth: Truth) -> Iterator[Ask]:
    for frame in truth.frames(headers__isnull=False):
        yield Ask(f"/frames/{frame.pk}/headers/", frame_id=frame.pk)


def singles(truth: Truth) -> Iterator[Ask]:
    for frame in truth.frames():
        yield Ask(f"/frames/{frame.pk}/", frame_id=frame.pk)


def md5s(truth: Truth) -> Iterator[Ask]:
    """What an ingester asks before each file; every second one is new."""
    for place, frame in enumerate(truth.frames()):
        md5 = frame.versions.all()[0].md5 if place % 2 else secrets.token_hex(16)
        where = "id IN (SELECT frame_id FROM archive_version WHERE md5 = %s)"
        yield Ask("/versions/", {"md5": md5}, Who.ADMIN, where, (md5,))


def submitters(truth: Truth) -> Iterator[Ask]:
    while True:
        name = submitter(truth.random.randrange(N_SUBMITTERS))
        yield Ask(LIST, {"submitter": name}, where="submitter = %s", values=(name,))


def aggregates(truth: Truth) -> Iterator[Ask]:
    """Numbers of every value: of all frames, of a site, of a year, of a year at a site."""
    for frame, kind in zip(truth.frames(), cycle(range(4)), strict=False):
        params = {"counts": "true", "public": "true"}
        where, values = "true", tuple[Any, ...]()
        if kind in {1, 3}:
            params |= {"site_id": frame.site_id}
            where, values = "site_id = %s", (frame.site_id,)
        if kind in {2, 3}:
            start = start_of(frame)
            end = start + timedelta(days=365)
            params |= {"start": start.isoformat(), "end": end.isoformat()}
            where, values = f"{where} AND observation_date BETWEEN %s AND %s", (*values, start, end)
        yield Ask("/frames/aggregate/", params, where=where, values=values)


def requests_of(truth: Truth) -> Iterator[Ask]:
    """All frames of an observing request."""
    for frame in truth.frames(request_id__isnull=False):
        yield Ask(LIST, {"REQNUM": str(frame.request_id)}, where="request_id = %s", values=(frame.request_id,))


def targets(truth: Truth) -> Iterator[Ask]:
    """All frames of a target."""
    for frame in truth.frames(request_id__isnull=False):
        name = frame.target_name
        yield Ask(LIST, {"target_name_exact": name}, where="target_name = %s", values=(name,))


def _circle(ra_deg: float, dec_deg: float, radius_deg: float) -> str:
    """A circle on the sphere as a polygon."""
    ra, dec, radius = math.radians(ra_deg), math.radians(dec_deg), math.tan(math.radians(radius_deg))
    corners = []
    for vertex in range(VERTICES):
        x, y = radius * math.sin(math.tau * vertex / VERTICES), radius * math.cos(math.tau * vertex / VERTICES)
        down = math.cos(dec) - y * math.sin(dec)
        corner_ra = math.degrees(ra + math.atan2(x, down))
        corner_dec = math.degrees(math.atan2(math.sin(dec) + y * math.cos(dec), math.hypot(x, down)))
        corners.append(f"{(corner_ra + 180) % 360 - 180!r} {corner_dec!r}")
    return f"POLYGON(({', '.join([*corners, corners[0]])}))"
