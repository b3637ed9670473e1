"""What is in the archive, drawn at random with a seed: values to ask for."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Max
from django.utils import timezone

from archive.models import Frame
from benchmarks.speed.asks import Ask, Readers, count_of

SEED = 4
IDS_AT_ONCE = 400


class Truth:
    """Draws of one archive. The same archive gives the same draws."""

    def __init__(self, readers: Readers) -> None:
        self.random = random.Random(SEED)
        self.readers = readers
        self.largest_id: int = Frame.objects.aggregate(largest=Max("pk"))["largest"]
        self.n_public = Frame.objects.public(at=timezone.now()).listed().count()

    def frames(self, **terms: Any) -> Iterator[Frame]:
        """Public frames without end, each equally likely, of those that meet the terms."""
        while True:
            ids = [self.random.randint(1, self.largest_id) for _ in range(IDS_AT_ONCE)]
            found = Frame.objects.public(at=timezone.now()).listed().filter(pk__in=ids, **terms).in_bulk()
            yield from (found[frame_id] for frame_id in ids if frame_id in found)

    def between(self, least: int, most: int, make: Callable[[Frame], Ask], **terms: Any) -> Iterator[Ask]:
        """Questions whose answers have so many rows: the same density in a small archive and in a large one."""
        for frame in self.frames(**terms):
            ask = make(frame)
            if least <= count_of(ask, self.readers) <= most:
                yield ask
