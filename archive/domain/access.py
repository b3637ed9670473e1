"""Ways to a frame's bytes: links for a time, and open streams."""

from collections.abc import Iterator

from django.conf import settings

from archive.domain.store import store_named
from archive.errors import ConflictError, NotFoundError
from archive.models import Frame, StoredObject, Version


def url_of(stored: StoredObject) -> str:
    """A link to the bytes for whoever holds it, for LINK_HOURS."""
    return store_named(stored.store).signed_url(stored.path, stored.version_id, expires_in=settings.LINK_LIFETIME)


def newest_version(frame: Frame) -> Version:
    """The bytes that now stand for a frame.

    Raises NotFoundError when it has none, ConflictError when they are known to be damaged.
    """
    version = frame.versions.select_related("object").first()
    if version is None:
        raise NotFoundError("this frame has no file.")
    if version.object.fault:
        raise ConflictError(f"the file of this frame is not what was posted ({version.object.fault}): tell the staff.")
    return version


def size_of(stored: StoredObject) -> int:
    """Size, bytes; asked of the store while nobody has read the bytes yet."""
    if stored.size_bytes is not None:
        return stored.size_bytes
    return store_named(stored.store).head(stored.path, stored.version_id).size_bytes


def stream_of(stored: StoredObject, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Bytes `start` up to, not including, `stop`, in blocks."""
    return store_named(stored.store).stream(stored.path, stored.version_id, start=start, stop=stop)
