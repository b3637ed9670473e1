"""How files expire that were made for a download: each notes its own end, which its last use put off."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from archive.domain import cached_images
from archive.domain.expiring import Due, Fate
from archive.domain.removal import Cause
from archive.enums import ExpiringKind
from archive.errors import NotFoundError
from archive.models import CachedImage

CAUSE = Cause("cache", "Nobody has asked for it for as long as the rule of caches says, or its file is gone.")


class Caches:
    """They can be made again, so no tombstone stays of them, and an upload never speaks of them."""

    kind = ExpiringKind.CACHE

    def due(self, *, at: datetime) -> Iterator[Due]:
        images = CachedImage.objects.filter(cached_images.over(at=at)).order_by("pk")
        for image_id, path in images.values_list("pk", "object__path").iterator():
            yield Due(self.kind, image_id, path, CAUSE)

    def expire(self, batch: Sequence[Due], *, at: datetime) -> list[Due]:
        gone = set(cached_images.forget([due.thing_id for due in batch], at=at))
        return [due for due in batch if due.thing_id in gone]

    def forget_unused(self, *, before: datetime) -> None:
        """Nothing to forget."""

    def fate_of(self, name: str) -> Fate:
        image = CachedImage.objects.filter(object__path=name).first()
        if image is None:
            raise NotFoundError(f"there is no cached file at {name!r}.")
        return Fate(CAUSE.rule, image.expires_at + cached_images.GRACE, "Each use puts the end off.")


CACHES = Caches()
