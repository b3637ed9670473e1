"""Notes on the nights at a site, for a time."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from archive.domain.refusals import plain_refusals
from archive.domain.sites import site_row
from archive.errors import NotFoundError
from archive.models import NightNote, Reader, is_staff

MOST_SHOWN = 200


def notes_for(reader: Reader, *, site_id: str, at: datetime) -> QuerySet[NightNote]:
    """Notes of a site that have not expired, newest first; without those for staff unless `reader` is such."""
    notes = NightNote.objects.filter(site=site_id, expires_at__gt=at)
    if not is_staff(reader):
        notes = notes.filter(audience=NightNote.Audience.ALL)
    return notes[:MOST_SHOWN]


def write_note(*, site_id: str, text: str, audience: str, by: str, at: datetime, lifetime: timedelta) -> NightNote:
    """Keep a note for `lifetime`. Raises UsageError when a text can not be stored."""
    site = site_row(site_id)
    with plain_refusals():
        return NightNote.objects.create(
            site=site, text=text, audience=audience, written_by=by, written_at=at, expires_at=at + lifetime
        )


def delete_note(*, site_id: str, note_id: int) -> None:
    """Delete a note. Raises NotFoundError when the site has no such note."""
    deleted, _ = NightNote.objects.filter(site=site_id, pk=note_id).delete()
    if not deleted:
        raise NotFoundError(f"site {site_id} has no note {note_id}.")


def forget_expired(*, at: datetime) -> int:
    """Delete notes that are no longer shown. Says how many."""
    return NightNote.objects.filter(expires_at__lte=at).delete()[0]
