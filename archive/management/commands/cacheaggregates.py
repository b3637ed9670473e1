"""`manage.py cacheaggregates`: look up what there is to choose from, so that readers need not wait for it."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from archive.domain.aggregates import fill_cache


class Command(BaseCommand):
    help = (
        "Fill the cache of /frames/aggregate/ for a day; run it every hour, say, where that takes longer than readers "
        "like to wait. Needs CACHE_LOC: a cache of this process alone ends with it."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        for kind, found in fill_cache(at=timezone.now()).items():
            counts = ", ".join(f"{len(values)} {name}" for name, values in found.values.items())
            self.stdout.write(f"{kind} frames: {counts}")
