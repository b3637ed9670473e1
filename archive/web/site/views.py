"""/site/: every site with its newest picture. /site/<code>/: info images, latest pictures, tonight's times, uploads."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import info_images, sites
from archive.domain.access import Links
from archive.domain.almanac import TWILIGHTS_DEG, Night
from archive.domain.calendar import calendar_of
from archive.domain.family_rows import FamilyRow, families_for, newest_pictures, rows_of
from archive.domain.listing import listing_for
from archive.domain.nightlog import notes_for
from archive.domain.order import NEWEST_FIRST
from archive.domain.rows import Parts
from archive.domain.rows import rows_of as frames_of
from archive.enums import ExposureKind
from archive.errors import ArchiveError, NotFoundError
from archive.models import ExposureFile, InfoImage, Reader, SetupTally, UploadEntry
from archive.models.tally import Span
from archive.terms.asked import asked_terms
from archive.web.policy import strict_policy
from archive.web.words import embargo_words

CHANNELS = (1, 2, 3)
PICTURES_AT_ONCE = 24
UPLOADS_AT_ONCE = 30
REFRESH_S = 15


@strict_policy
@require_safe
def site_list(request: HttpRequest) -> HttpResponseBase:
    """Sites that have a configuration, frames or pictures."""
    at = timezone.now()
    links = Links(request.build_absolute_uri("/"))
    named = {each.site_id: str((each.configuration or {}).get("name", "")) for each in sites.current()}
    pictures = {each.exposure.site_id: _link(each, links) for each in newest_pictures(request.user, at=at)}
    counted = SetupTally.objects.filter(span=Span.ALL, is_public=True).order_by().values_list("site_id")
    counts = {code: n for code, n in counted.annotate(n=Sum("n_frames")) if n > 0 and code}
    codes = sorted({*named, *pictures, *counts})
    shown = [
        {"code": code, "name": named.get(code, ""), "n_frames": counts.get(code, 0), "picture": pictures.get(code, "")}
        for code in codes
    ]
    return render(request, "archive/web/site/list.html", {"sites": shown})


@strict_policy
@require_safe
def site_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """One site as it is now; htmx asks for the pictures anew every few seconds."""
    if "\0" in code:
        raise Http404("no site has a null character in its code.")
    at = timezone.now()
    links = Links(request.build_absolute_uri("/"))
    context: dict[str, Any] = {"code": code, "refresh_s": REFRESH_S, **_pictures(code, request.user, links, at=at)}
    is_part = "HX-Request" in request.headers
    if not is_part:
        context |= _site(code, request.user, at=at)
        if not (context["name"] or context["pictures"] or context["infos"] or context["uploads"]):
            raise Http404("there is no such site, or it has nothing that you may see.")
    answer = render(request, "archive/web/site/pictures.html" if is_part else "archive/web/site/page.html", context)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _site(code: str, reader: Reader, *, at: datetime) -> dict[str, Any]:
    """Name, times of the night, notes, uploads."""
    entries = UploadEntry.objects.visible_to(reader, at=at).filter(site_id=code, expires_at__gt=at)
    found: dict[str, Any] = {
        "name": "",
        "uploads": list(entries.order_by("-uploaded_at", "-pk")[:UPLOADS_AT_ONCE]),
        "notes": list(notes_for(reader, site_id=code, at=at)[:20]),
    }
    try:
        found["name"] = str((sites.configuration_of(code).configuration or {}).get("name", code))
        night, place, times = calendar_of(code, None, at=at)
    except ArchiveError:
        return found
    return found | {"night": night, "place": place, "times": _times(times), "moon": times.moon_illumination * 100}


def _times(night: Night) -> list[tuple[str, datetime]]:
    """What happens in the night, in the order of time."""
    sunset = night.sun["sunset"].below
    found = {"Sunset": sunset.start, "Sunrise": sunset.end, "Moonrise": night.moonrise, "Moonset": night.moonset}
    for name in TWILIGHTS_DEG:
        found[f"{name.capitalize()} dusk"] = night.sun[name].below.start
        found[f"{name.capitalize()} dawn"] = night.sun[name].below.end
    return sorted(((what, when) for what, when in found.items() if when is not None), key=itemgetter(1))


def _pictures(code: str, reader: Reader, links: Links, *, at: datetime) -> dict[str, Any]:
    """Info images first, then the newest pictures of families, and of frames where the site has no families."""
    families = families_for(reader, kind=ExposureKind.PHOTON_RANCH, at=at).filter(site_id=code, jpg_medium_exists=True)
    rows = rows_of(list(families.values_list("pk", flat=True)[:PICTURES_AT_ONCE]), reader, at=at)
    shown = [_family(row, links) for row in rows] or _frames(code, reader, links, at=at)
    return {"infos": list(_infos(code, reader, links, at=at)), "pictures": shown}


def _infos(code: str, reader: Reader, links: Links, *, at: datetime) -> Iterator[dict[str, Any]]:
    images = [image for channel in CHANNELS if (image := _shown(code, channel, at=at)) is not None]
    rows = {row.values["id"]: row for row in rows_of([image.exposure_id or 0 for image in images], reader, at=at)}
    for image in images:
        if image.exposure_id in rows:
            yield {"channel": image.channel, **_family(rows[image.exposure_id], links)}


def _shown(code: str, channel: int, *, at: datetime) -> InfoImage | None:
    try:
        return info_images.shown(site=code, channel=channel, at=at)
    except NotFoundError:
        return None


def _family(row: FamilyRow, links: Links) -> dict[str, Any]:
    values = row.values
    return {
        "name": values["name"],
        "picture": _link(row.small_picture or row.medium_picture, links),
        "large": _link(row.medium_picture, links),
        "observed_at": values.get("observation_date"),
        "filter": values.get("primary_optical_element", ""),
        "header": reverse("fitsheader", args=[values["name"]]),
        "frame": next((file.frame_id for file in row.files if file.frame_id), None),
        "embargo": "",
    }


def _frames(code: str, reader: Reader, links: Links, *, at: datetime) -> Sequence[dict[str, Any]]:
    terms = QueryDict(mutable=True)
    terms["site_id"] = code
    listing = listing_for(reader, asked_terms(terms), at=at)
    ids = [row[-1] for row in listing.keys(NEWEST_FIRST, most=PICTURES_AT_ONCE)]
    found = []
    for row in frames_of(ids, reader, at=at, parts=Parts(related=False, thumbnails=True)):
        pictures = {each.size: links.to(each.store, each.path, each.version_id) for each in row.thumbnails}
        columns = row.columns
        found.append(
            {
                "name": columns["basename"],
                "picture": pictures.get("small", ""),
                "observed_at": columns["observation_date"],
                "filter": columns["primary_optical_element"],
                "frame": columns["id"],
                "embargo": embargo_words(columns["public_date"], at=at),
            }
        )
    return found


def _link(file: ExposureFile | None, links: Links) -> str:
    return "" if file is None else links.to_object(file.object)
