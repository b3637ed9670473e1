"""The log of recent uploads: an entry for each, for a while."""

from datetime import datetime

from django.conf import settings

from archive.models import Exposure, Frame, UploadEntry


def record_upload(
    *,
    filename: str,
    size_bytes: int,
    at: datetime,
    site_id: str = "",
    frame: Frame | None = None,
    exposure: Exposure | None = None,
) -> UploadEntry:
    """Write an entry in the caller's transaction. Any number may have the same site and time."""
    return UploadEntry.objects.create(
        site_id=site_id,
        filename=filename,
        size_bytes=size_bytes,
        uploaded_at=at,
        expires_at=at + settings.UPLOADS_LOG_LIFETIME,
        frame=frame,
        exposure=exposure,
    )


def forget_expired(*, at: datetime) -> int:
    """Delete entries whose life time is over; answers how many."""
    return UploadEntry.objects.filter(expires_at__lte=at).delete()[0]
