"""Ways to a frame's bytes: links for a time, and open streams."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings

from archive.domain.store import store_named, the_store
from archive.errors import ConflictError, NotFoundError
from archive.models import Frame, StoredObject, Version
from ingest.stores.links import LinkSigner


def url_of(stored: StoredObject, *, lifetime: timedelta | None = None) -> str:
    """A link of the store itself for whoever holds it, for LINK_HOURS or `lifetime`."""
    expires_in = lifetime or settings.LINK_LIFETIME
    return store_named(stored.store).signed_url(stored.path, stored.version_id, expires_in=expires_in)


class Links:
    """Links to bytes for whoever holds them, for LINK_HOURS; one of these per answer makes many.

    They lead to the archive's own route of stored files, which sends the bytes or, where S3 holds them, redirects: to
    sign a link for S3 takes a hundred times as long, and most links of a list are never followed.
    """

    def __init__(self, base_url: str) -> None:
        """`base_url` is the archive's own; FILESYSTEM_STORAGE_BASE_URL stands above it for the local store."""
        self._store = the_store()
        self._expires_at = datetime.now(UTC) + settings.LINK_LIFETIME
        self._signer = own_signer(base_url if self._store.name == "s3" else settings.STORE.base_url)

    def to(self, store: str, path: str, version_id: str) -> str:
        if store != self._store.name or store == "dummy":
            return store_named(store).signed_url(path, version_id, expires_in=settings.LINK_LIFETIME)
        return self._signer.link(path, version_id, expires_at=self._expires_at)

    def to_object(self, stored: StoredObject) -> str:
        return self.to(stored.store, stored.path, stored.version_id)


def own_signer(base_url: str = "") -> LinkSigner:
    """What makes and checks links to the archive's own route of stored files."""
    return LinkSigner(base_url=base_url, signing_key=settings.STORE.signing_key)


def newest_version(frame: Frame) -> Version:
    """The bytes that now stand for a frame.

    Raises NotFoundError when it has none, ConflictError when they are known to be damaged.
    """
    version = frame.versions.select_related("object").first()
    if version is None:
        raise NotFoundError("this frame has no file.")
    return _sound(version)


def version_of(frame: Frame, asked: str) -> Version:
    """One version of a frame, by its id as somebody wrote it.

    Raises NotFoundError when the frame has no such version, ConflictError when its bytes are known to be damaged.
    """
    is_number = asked.isascii() and asked.isdecimal() and int(asked[:20]) < 1 << 63
    version = frame.versions.select_related("object").filter(pk=int(asked[:20])).first() if is_number else None
    if version is None:
        raise NotFoundError(f"this frame has no version {asked[:40]!r}.")
    return _sound(version)


def _sound(version: Version) -> Version:
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
