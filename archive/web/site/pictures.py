"""Pictures of a site as they are now: the three info channels, the whole sky, and what came last."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from archive.domain import info_images
from archive.domain.access import Links
from archive.domain.family_rows import FamilyRow, families_for, rows_of
from archive.domain.listing import listing_for
from archive.domain.order import NEWEST_FIRST
from archive.domain.rows import Parts
from archive.domain.rows import rows_of as frames_of
from archive.enums import ExposureKind
from archive.models import ExposureFile, InfoImage, Reader
from archive.models.info_image import CHANNELS
from archive.terms.asked import asked_terms
from archive.web.pictures import picture_of
from archive.web.words import embargo_words
from ingest.family_names import DIRECTORY_OF_KIND

PICTURES_AT_ONCE = 24
LOOKED_THROUGH = 5  # newest frames of a site, of which the last may have no preview yet


def pictures_of(code: str, reader: Reader, links: Links, *, at: datetime) -> dict[str, Any]:
    """Info images first, then the sky, then the newest pictures: of families, and of frames where there are none."""
    latest = _families(code, ExposureKind.PHOTON_RANCH, reader, links, at=at)
    return {
        "infos": _infos(code, reader, links, at=at),
        "sky": next(iter(_families(code, ExposureKind.ALL_SKY, reader, links, at=at, most=1)), None),
        "pictures": latest or _frames(code, reader, links, at=at),
    }


def _infos(code: str, reader: Reader, links: Links, *, at: datetime) -> list[dict[str, Any]]:
    """A place for each channel, also of those that show nothing."""
    images = info_images.shown_at(code, at=at)
    ids = [image.exposure_id for image in images.values() if image.exposure_id is not None]
    rows = {row.values["id"]: row for row in rows_of(ids, reader, at=at)} if ids else {}
    found: list[dict[str, Any]] = []
    for channel in CHANNELS:
        image = images.get(channel)
        row = rows.get(image.exposure_id) if image and image.exposure_id else None
        shown = {} if row is None or image is None else _in_channel(image, family_as_shown(row, links))
        found.append({"channel": channel, **shown})
    return found


def _in_channel(image: InfoImage, shown: dict[str, Any]) -> dict[str, Any]:
    until = image.expires_at
    return {**shown, "until": until, "key": _key(shown["key"], until)}


def _families(
    code: str, kind: ExposureKind, reader: Reader, links: Links, *, at: datetime, most: int = PICTURES_AT_ONCE
) -> list[dict[str, Any]]:
    """The newest families of a kind that have a picture."""
    found = families_for(reader, kind=kind, at=at).filter(site_id=code, jpg_medium_exists=True)
    ids = list(found.values_list("pk", flat=True)[:most])
    return [family_as_shown(row, links) for row in rows_of(ids, reader, at=at)] if ids else []


def family_as_shown(row: FamilyRow, links: Links) -> dict[str, Any]:
    """A family as a picture with its words."""
    values = row.values
    directory = DIRECTORY_OF_KIND[ExposureKind(values["kind"])]
    medium = row.medium_picture
    frame = next((file.frame_id for file in row.files if file.frame_id), None)
    return {
        "key": _key(values["name"], medium and medium.pk, frame),
        "name": values["name"],
        "picture": _link(row.small_picture or medium, links),
        "large": _link(medium, links),
        "observed_at": values["sort_date"],
        "filter": values["primary_optical_element"],
        "details": reverse("site-family", args=[values["site_id"], directory, values["name"]]),
        "frame": frame,
        "embargo": "",
    }


def newest_previews(codes: Iterable[str], reader: Reader, links: Links, *, at: datetime) -> dict[str, str]:
    """Address of the newest preview of each of some sites, where one of its newest frames has one."""
    ids = [pk for code in codes for pk in _newest_ids(code, reader, at=at, most=LOOKED_THROUGH)]
    found: dict[str, str] = {}
    for row in frames_of(ids, reader, at=at, parts=Parts(related=False, thumbnails=True)):
        if picture := picture_of(row, links):
            found.setdefault(row.columns["site_id"], picture)
    return found


def _newest_ids(code: str, reader: Reader, *, at: datetime, most: int) -> list[int]:
    terms = QueryDict(mutable=True)
    terms["site_id"] = code
    listing = listing_for(reader, asked_terms(terms), at=at)
    return [row[-1] for row in listing.keys(NEWEST_FIRST, most=most)]


def _frames(code: str, reader: Reader, links: Links, *, at: datetime) -> Sequence[dict[str, Any]]:
    ids = _newest_ids(code, reader, at=at, most=PICTURES_AT_ONCE)
    found = []
    for row in frames_of(ids, reader, at=at, parts=Parts(related=False, thumbnails=True)):
        columns, picture = row.columns, picture_of(row, links)
        embargo = embargo_words(columns["public_date"], at=at)
        found.append(
            {
                "key": _key(columns["id"], bool(picture), embargo),
                "name": columns["basename"],
                "picture": picture,
                "observed_at": columns["observation_date"],
                "filter": columns["primary_optical_element"],
                "frame": columns["id"],
                "embargo": embargo,
            }
        )
    return found


def _key(*parts: object) -> str:
    """What changes with all that is shown of a picture: where it is the same, the page keeps what it has."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(map(str, parts)))


def _link(file: ExposureFile | None, links: Links) -> str:
    return "" if file is None else links.to_object(file.object)
