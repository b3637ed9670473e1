"""Where the frames of a list lie on the sky: their centres, all of them or a sample, and few of their footprints."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from archive.domain.limited import at_most
from archive.domain.listing import Listing
from archive.models import sky
from archive.models.sky import PointDec, PointRA

MOST_CENTRES = 100_000
MOST_FOOTPRINTS = 2_000
# Pages of the table are sampled where that reads few of them; PostgreSQL draws them by chance.
LARGEST_SHARE = 0.05
FROM = 'FROM "archive_frame"'


@dataclass(frozen=True, slots=True)
class Centres:
    """Right ascensions and declinations, degrees. `is_sample`: of some of the frames only."""

    ra_deg: list[float]
    dec_deg: list[float]
    is_sample: bool


def centres(listing: Listing, *, n_frames: int, timeout_ms: int) -> Centres:
    """Centres of the frames of a list, which are `n_frames`; of more than MOST_CENTRES a sample.

    Raises TransientError when it takes longer than `timeout_ms`.
    """
    share = MOST_CENTRES / max(n_frames, 1)
    with at_most(timeout_ms, using=listing.using):
        found = list(_sampled(listing, share) if share <= LARGEST_SHARE else _first(listing))
    return Centres([ra for ra, _ in found], [dec for _, dec in found], is_sample=share < 1)


def footprints(listing: Listing, *, timeout_ms: int, most: int = MOST_FOOTPRINTS) -> list[list[list[float]]]:
    """Corners of up to `most` footprints: RA from -180 to 180 and Dec, degrees."""
    rings: list[list[list[float]]] = []
    with at_most(timeout_ms, using=listing.using):
        for part in listing.parts:
            areas = listing.frames_of(part).filter(area__isnull=False).values_list(sky.as_binary("area"), flat=True)
            found = (sky.geojson_of_binary(area) for area in areas[: most - len(rings)])
            rings += [polygon["coordinates"][0] for polygon in found if polygon]
    return rings


def _centres(listing: Listing) -> Iterator[QuerySet[Any, Any]]:
    for part in listing.parts:
        frames = listing.frames_of(part).filter(centre__isnull=False)
        yield frames.order_by().values_list(PointRA("centre"), PointDec("centre"))


def _first(listing: Listing) -> Iterator[tuple[float, float]]:
    """As many as the database finds first."""
    left = MOST_CENTRES
    for rows in _centres(listing):
        found = list(rows[:left])
        left -= len(found)
        yield from found


def _sampled(listing: Listing, share: float) -> Iterator[tuple[float, float]]:
    """Of pages of the table that are drawn by chance."""
    for rows in _centres(listing):
        statement, parameters = rows.query.get_compiler(listing.using).as_sql()
        sampled = statement.replace(FROM, f"{FROM} TABLESAMPLE SYSTEM ({100 * share:.6f})", 1)
        with connections[listing.using].cursor() as cursor:
            cursor.execute(sampled, parameters)
            yield from cursor
