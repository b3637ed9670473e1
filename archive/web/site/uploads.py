"""The log of a site's recent uploads: newest first, by pages, by parts of names. Staff sees what was refused, too."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from archive.enums import ExposureKind
from archive.models import ReceivedObject, UploadEntry, is_staff
from archive.models.upload import GIVEN_UP
from archive.web.paging import paged
from ingest.family_names import DIRECTORY_OF_KIND

ROWS = 25
TAKEN, NOT_TAKEN = "taken", "refused"
MOST_OF_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """One line of the log."""

    at: datetime
    filename: str
    size_bytes: int | None
    state: str
    reason: str
    address: str  # of what it became; empty where that has no page


def uploads_of(code: str, request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    """The part of the log that the address asks for: `?file=`, `?uploads=refused`, `?page=2`."""
    of_staff = is_staff(request.user)
    state = NOT_TAKEN if of_staff and request.GET.get("uploads") == NOT_TAKEN else TAKEN
    part = request.GET.get("file", "").replace("\0", "").strip()[:MOST_OF_NAME]
    rows = _refused(code, part, at=at) if state == NOT_TAKEN else _taken(code, part, request, at=at)
    found = paged(request, rows, size=ROWS)
    shown = [_not_taken(row) if isinstance(row, ReceivedObject) else _as_taken(row) for row in found.rows]
    return {"uploads": shown, "log": found, "file": part, "uploads_state": state, "shows_refused": of_staff}


def _taken(code: str, part: str, request: HttpRequest, *, at: datetime) -> QuerySet[UploadEntry]:
    entries = UploadEntry.objects.visible_to(request.user, at=at).filter(site_id=code, expires_at__gt=at)
    if part:
        entries = entries.filter(filename__icontains=part)
    return entries.select_related("exposure").defer("exposure__header").order_by("-uploaded_at", "-pk")


def _refused(code: str, part: str, *, at: datetime) -> QuerySet[ReceivedObject]:
    """Objects of this site, by their names, that came to nothing in the time that the log reaches back."""
    rows = ReceivedObject.objects.filter(
        state__in=[state.value for state in GIVEN_UP],
        heard_at__gt=at - settings.UPLOADS_LOG_LIFETIME,
        path__regex=f"^[^/]*/{re.escape(code)}-",
    )
    if part:
        rows = rows.filter(path__icontains=part)
    return rows.order_by("-heard_at", "-pk")


def _as_taken(entry: UploadEntry) -> Upload:
    address = "" if entry.frame_id is None else reverse("frame-page", args=[entry.frame_id])
    family = entry.exposure
    if not address and family is not None and family.kind in DIRECTORY_OF_KIND:
        directory = DIRECTORY_OF_KIND[ExposureKind(family.kind)]
        address = reverse("site-family", args=[family.site_id, directory, family.name])
    name = entry.filename.rpartition("/")[-1]
    return Upload(entry.uploaded_at, name, entry.size_bytes, TAKEN, "", address)


def _not_taken(row: ReceivedObject) -> Upload:
    return Upload(row.heard_at, row.path.rpartition("/")[-1], row.size_bytes, row.state, row.reason, "")
