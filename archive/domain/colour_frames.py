"""Frames that colour pictures can be made of, and targets of which there are new ones."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef

from archive.domain.colour_choice import Candidate, place_of
from archive.domain.target_names import spellings_of
from archive.models import Frame, FrameQuerySet, ProductFile, Version
from ingest.names import FITS_EXTENSIONS
from pipeline.arrays.passbands import passband_of

SCIENCE = "EXPOSE"
MOST_FRAMES = 1_000  # of a target, the newest
MOST_TARGETS = 2_000  # looked at in one run
COLUMNS = (
    "pk",
    "target_name",
    "site_id",
    "instrument_id",
    "primary_optical_element",
    "observation_date",
    "exposure_time",
    "reduction_level",
    "area",
)


def candidates_of(target_name: str, *, at: datetime) -> list[Candidate]:
    """Public science frames of a target, however its name is written, that have a place, a file and a known filter."""
    frames = _science(at=at).filter(target_name__in=spellings_of(target_name), area__isnull=False, exposure_time__gt=0)
    rows = list(frames.order_by("-observation_date", "-pk").values_list(*COLUMNS)[:MOST_FRAMES])
    versions = _newest_versions([row[0] for row in rows])
    return [made for row in rows if (made := _candidate(row, versions)) is not None]


def targets_since(moment: datetime, *, at: datetime) -> list[str]:
    """Names of targets of which science frames came, or became public, between `moment` and `at`."""
    known = _science(at=at).exclude(target_name="")
    became_public = known.filter(public_date__gt=moment)
    came = Version.objects.filter(created__gt=moment, created__lte=at).values("frame")
    names = [
        list(found.order_by("target_name").values_list("target_name", flat=True).distinct()[:MOST_TARGETS])
        for found in (became_public, known.filter(pk__in=came))
    ]
    return sorted(set().union(*names))


def targets(*, at: datetime) -> Iterator[str]:
    """Names of all targets of public science frames: for the command, which may take its time."""
    known = _science(at=at).exclude(target_name="")
    return known.order_by("target_name").values_list("target_name", flat=True).distinct().iterator()


def _science(*, at: datetime) -> FrameQuerySet:
    """What everybody sees, without products of reductions: of these a star's image is no picture of the sky."""
    of_products = Exists(ProductFile.objects.filter(version__frame=OuterRef("pk")))
    seen = Frame.objects.listed().visible_to(AnonymousUser(), at=at)
    return seen.filter(~of_products, is_public__in=[True, False], configuration_type=SCIENCE, raw_file=None)


def _newest_versions(frame_ids: Sequence[int]) -> dict[int, int]:
    """The bytes that stand for each frame, where these are a FITS file without a known fault."""
    newest: dict[int, int] = {}
    known = Version.objects.filter(frame__any_of=list(frame_ids)).order_by("created", "pk")
    for frame_id, version_id, extension, fault in known.values_list("frame_id", "pk", "extension", "object__fault"):
        newest.pop(frame_id, None)
        if not fault and extension.lower() in FITS_EXTENSIONS:
            newest[frame_id] = version_id
    return newest


def _candidate(row: Sequence[Any], versions: dict[int, int]) -> Candidate | None:
    frame_id, target_name, site_id, instrument_id, filter_name, observed_at, exposure_s, level, area = row
    passband, version_id = passband_of(filter_name), versions.get(frame_id)
    place = place_of(area.coords[0][:-1])
    if passband is None or version_id is None or place is None:
        return None
    middle, reach_deg = place
    return Candidate(
        frame_id, version_id, target_name, site_id, instrument_id, passband, observed_at, exposure_s, level,
        middle, reach_deg,
    )  # fmt: skip
