"""/frame/<id>/: everything that a reader may see of one frame. Each byte and each name passes the rule of frames."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import telemetry_at
from archive.domain.access import Links
from archive.models import AoFile, ColourPicture, Frame, ProductFile, Thumbnail, Version
from archive.web.cart.holder import those_in
from archive.web.frame.asked import asked_frame
from archive.web.frame.cards import header_of
from archive.web.frame.kin import around
from archive.web.frame.viewer import viewer_of
from archive.web.gallery.cards import card_of
from archive.web.policy import strict_policy
from archive.web.words import embargo_words

PAGE, CARDS = "archive/web/frame/page.html", "archive/web/frame/cards.html"
FUNPACKED = ".fits.fz"
MOST_COLOUR_PICTURES = 6


@strict_policy
@require_safe
def frame_page(request: HttpRequest, frame_id: int) -> HttpResponseBase:
    """The page; 404 for a frame that is not there or that the reader may not see. `?q=` narrows the header."""
    at = timezone.now()
    frame = asked_frame(request, frame_id, at=at)
    is_part = "HX-Request" in request.headers
    context = header_of(frame.pk, request.GET) if is_part else _context(request, frame, at=at)
    answer = render(request, CARDS if is_part else PAGE, context)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _context(request: HttpRequest, frame: Frame, *, at: datetime) -> dict[str, Any]:
    links = Links(request.build_absolute_uri("/"))
    of_it = ColourPicture.objects.of_version(OuterRef("pk"))
    versions = list(frame.versions.select_related("object").annotate(is_in_colour=Exists(of_it)))
    others = around(frame, request.user, links, at=at)
    return {
        "frame": frame,
        "embargo": embargo_words(frame.public_date, at=at),
        "centre": None if frame.centre is None else {"ra_deg": frame.centre.x % 360.0, "dec_deg": frame.centre.y},
        "pictures": _pictures(frame, links),
        "versions": _versions(frame, versions, links),
        "downloads": _downloads(request, frame, versions[:1]),
        "is_in_cart": bool(those_in(request, [frame.pk])),
        "tables": _tables(versions[:1]),
        "colour_pictures": _colour_pictures(frame, at=at) if any(each.is_in_colour for each in versions) else [],
        "has_telemetry": telemetry_at.is_there(frame, request.user, at=at),
        "viewer": viewer_of(versions[:1], others),
        **others,
        **header_of(frame.pk, request.GET),
    }


def _pictures(frame: Frame, links: Links) -> dict[str, str]:
    """Address of the picture of each size."""
    found = Thumbnail.objects.select_related("object").filter(frame=frame, object__fault="").order_by("pk")
    return {picture.size: links.to_object(picture.object) for picture in found}


def _colour_pictures(frame: Frame, *, at: datetime) -> list[dict[str, Any]]:
    """What the gallery has of it, newest first."""
    of_it = ColourPicture.objects.of_frames([frame.pk]).shown(at=at)
    return [card_of(picture) for picture in of_it.with_frames().order_by("-made_at", "-pk")[:MOST_COLOUR_PICTURES]]


def _versions(frame: Frame, versions: Sequence[Version], links: Links) -> list[dict[str, Any]]:
    """Newest first, each with when the next one took its place, and the reduction that it came of."""
    files = ProductFile.objects.filter(version__in=versions).select_related("product").order_by("product")
    made_by = {file.version_id: file.product for file in files}
    later = [None, *(version.created for version in versions)]
    return [
        {**_version(frame, version, links), "until": until, "made_by": made_by.get(version.pk)}
        for version, until in zip(versions, later, strict=False)
    ]


def _version(frame: Frame, version: Version, links: Links) -> dict[str, Any]:
    stored = version.object
    return {
        "filename": frame.basename + version.extension,
        "created": version.created,
        "size_bytes": stored.size_bytes,
        "md5": version.md5,
        "sha256": stored.sha256,
        "address": "" if stored.fault else links.to_object(stored),
        "fault": stored.fault,
        "is_read": stored.verified_at is not None,
    }


def _downloads(request: HttpRequest, frame: Frame, newest: Sequence[Version]) -> dict[str, str]:
    """Ways to the bytes that now stand for the frame; none when there are none."""
    if not newest or newest[0].object.fault:
        return {}
    found = {
        "file": request.build_absolute_uri(reverse("frame-download", args=[frame.pk])),
        "filename": frame.basename + newest[0].extension,
        "api": reverse("frame-detail", args=[frame.pk]),
    }
    if newest[0].extension == FUNPACKED:
        found["unpacked"] = reverse("frame-funpack", args=[frame.pk])
    return found


def _tables(newest: Sequence[Version]) -> list[dict[str, Any]]:
    """Names of adaptive-optics tables, with how many rows and columns they have."""
    file = AoFile.objects.filter(version__in=newest).only("tables").first()
    found = [] if file is None else file.tables.values()
    return [{"name": each["name"], "n_rows": each["n_rows"], "n_columns": len(each["columns"])} for each in found]
