"""Notices of saved searches on their way to the owners: each search by itself, its notices in order.

Whoever delivers a notice claims it first, by counting the attempt and putting the next one off; no row is locked while
a receiver takes its time. Of several who come at once one gets the claim. One that dies leaves a notice that is tried
again when its time comes, under the same id, so that a receiver can tell what it heard twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef

from archive.errors import TransientError
from archive.models import Frame, FrameQuerySet, SavedSearch, SearchNotice

logger = structlog.get_logger(__name__)

MOST_SEARCHES = 500  # that are asked for at a time
MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=1)  # doubled after each attempt; twice that is longer than any attempt may last
KEPT_FOR = timedelta(days=30)  # notices that were delivered


@dataclass(frozen=True, slots=True)
class News:
    """What an owner is to be told."""

    notice: SearchNotice
    frames: FrameQuerySet  # those that the owner may see now, in the order in which they came

    @property
    def search(self) -> SavedSearch:
        return self.notice.search


Deliver = Callable[[News], None]  # raises TransientError


def due(*, at: datetime) -> Sequence[int]:
    """Searches whose next notice is due, those that wait longest first."""
    earlier = SearchNotice.objects.filter(search=OuterRef("search"), delivered_at=None, pk__lt=OuterRef("pk"))
    waiting = SearchNotice.objects.filter(delivered_at=None, not_before__lte=at, search__is_active=True)
    first = waiting.filter(~Exists(earlier)).order_by("not_before", "pk")
    return list(first.values_list("search_id", flat=True)[:MOST_SEARCHES])


def deliver_next(search_id: int, ways: dict[str, Deliver], *, at: datetime) -> bool:
    """Deliver the next notice of a search; False when none went, so that there is no use in going on now."""
    notice = _claimed(search_id, at=at)
    if notice is None:
        return False
    # What its owner may not see any more, or is gone, is left out.
    frames = Frame.objects.visible_to(notice.search.owner, at=at).listed().filter(pk__in=notice.frame_ids)
    news = News(notice, frames.order_by("pk"))
    try:
        if news.frames.exists():
            ways[notice.search.way](news)
    except TransientError as error:
        _note_failure(notice, str(error))
        return False
    SearchNotice.objects.filter(pk=notice.pk).update(delivered_at=at)
    SavedSearch.objects.filter(pk=search_id).exclude(fault="").update(fault="")
    return True


def pause(search: SavedSearch, fault: str) -> None:
    """Let a search rest until its owner has looked."""
    SavedSearch.objects.filter(pk=search.pk).update(is_active=False, fault=fault)
    logger.warning("search_paused", search_id=search.pk, reason=fault)


def forget_delivered(*, at: datetime) -> None:
    """Forget notices that were delivered long ago."""
    SearchNotice.objects.filter(delivered_at__lt=at - KEPT_FOR).delete()


def _claimed(search_id: int, *, at: datetime) -> SearchNotice | None:
    """The next notice of a search, if it is due and nobody else has it."""
    waiting = SearchNotice.objects.filter(search=search_id, search__is_active=True, delivered_at=None)
    notice = waiting.select_related("search__owner").order_by("pk").first()
    if notice is None or notice.not_before > at:
        return None
    if notice.attempts >= MOST_ATTEMPTS:  # of the last one nobody has told what came of it
        pause(notice.search, f"it was tried {MOST_ATTEMPTS} times, and each attempt broke off.")
        return None
    mine = SearchNotice.objects.filter(pk=notice.pk, delivered_at=None, attempts=notice.attempts)
    notice.attempts += 1
    if not mine.update(attempts=notice.attempts, not_before=at + FIRST_PAUSE * 2**notice.attempts):
        return None
    return notice


def _note_failure(notice: SearchNotice, reason: str) -> None:
    logger.warning("notice_not_delivered", search_id=notice.search_id, attempts=notice.attempts, reason=reason)
    if notice.attempts >= MOST_ATTEMPTS:
        pause(notice.search, f"it was tried {MOST_ATTEMPTS} times: {reason}")
    else:
        SavedSearch.objects.filter(pk=notice.search_id).update(fault=reason)
