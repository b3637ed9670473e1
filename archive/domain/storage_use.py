"""What the store holds, by site, instrument, store and class: counted now and then, for it reads every row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection

from archive.domain.limited import at_most
from archive.models import StoredObject

KEY = "storage-use"
KEPT_S = 7 * 24 * 3600
MOST_FAULTY = 200
LONGEST_MS = 60_000  # of a count; at a million objects it takes a few seconds
COUNTED = """
    SELECT coalesce(frame.site_id, ''), coalesce(frame.instrument_id, ''), stored.store, stored.storage_class,
        version.id IS NOT NULL, count(*), coalesce(sum(stored.size_bytes), 0)::bigint
    FROM archive_storedobject AS stored
    LEFT JOIN archive_version AS version ON version.object_id = stored.id
    LEFT JOIN archive_thumbnail AS thumbnail ON thumbnail.object_id = stored.id
    LEFT JOIN archive_frame AS frame ON frame.id = coalesce(version.frame_id, thumbnail.frame_id)
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY 7 DESC
"""


@dataclass(frozen=True, slots=True)
class Share:
    """Objects that are alike. `is_data`: versions of frames; else pictures and other files."""

    site_id: str
    instrument_id: str
    store: str
    storage_class: str
    is_data: bool
    n: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StorageUse:
    """Everything in the store, as it was at a time; `faulty` are objects with a fault, up to MOST_FAULTY of them."""

    at: datetime
    shares: tuple[Share, ...]
    faulty: tuple[dict[str, Any], ...]
    n_faulty: int

    @property
    def n(self) -> int:
        return sum(share.n for share in self.shares)

    @property
    def size_bytes(self) -> int:
        return sum(share.size_bytes for share in self.shares)


def known() -> StorageUse | None:
    """The last count; None when there was none yet, or the cache has lost it."""
    found: StorageUse | None = cache.get(KEY)
    return found


def count(*, at: datetime) -> StorageUse:
    """Count anew, and keep it for readers. Raises TransientError when it takes longer than a minute."""
    with at_most(LONGEST_MS), connection.cursor() as cursor:
        cursor.execute(COUNTED)
        shares = tuple(Share(*row) for row in cursor.fetchall())
        wrong = StoredObject.objects.exclude(fault="")
        columns = ("store", "path", "version_id", "fault", "size_bytes", "stored_at")
        faulty = tuple(wrong.order_by("-stored_at", "-pk").values(*columns)[:MOST_FAULTY])
        use = StorageUse(at, shares, faulty, wrong.count())
    cache.set(KEY, use, KEPT_S)
    return use
