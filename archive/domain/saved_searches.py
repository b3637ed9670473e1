"""Searches that people keep: looked at when events come, and told by mail or to a webhook when new frames match.

What matches is written down as a notice, in the same transaction as the position up to which events were looked at;
notices are delivered afterwards (`delivering`). So whatever dies, nothing is lost, and a webhook sees the
same id when it hears twice.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import QueryDict

from archive.domain import delivering, sight, stream
from archive.domain.sight import Ear
from archive.domain.stream import ForgottenError
from archive.enums import EventName, NoticeWay
from archive.errors import ArchiveError, ConflictError, NotFoundError, UsageError
from archive.models import Event, SavedSearch, SearchNotice

MOST_SEARCHES = 50  # of one user
MOST_EVENTS = 20_000  # that one run looks at
LOOK_LOCK = 7_365_209  # advisory lock of PostgreSQL

EarOf = Callable[[User, QueryDict], Ear]


def keep(
    *, owner: User, name: str, query: str, way: NoticeWay, address: str, site_url: str, at: datetime
) -> SavedSearch:
    """Keep a search whose terms were read before; it hears of what comes from now on.

    Raises UsageError for too many or a way that is not open to its owner, ConflictError for a name that is taken.
    """
    require_way(owner, way, address)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if SavedSearch.objects.filter(owner=owner).count() >= MOST_SEARCHES:
            raise UsageError(f"you keep {MOST_SEARCHES} searches already: delete one first.")
        if SavedSearch.objects.filter(owner=owner, name=name).exists():
            raise ConflictError(f"you keep a search {name!r} already: give another name.")
        return SavedSearch.objects.create(
            owner=owner,
            name=name,
            query=query,
            way=way,
            address=address,
            secret=secrets.token_hex(32),
            site_url=site_url,
            position=stream.last_position(),
            created_at=at,
        )


def require_way(owner: User, way: NoticeWay, address: str) -> None:
    """Raise UsageError when an owner can not be told in this way."""
    if way is NoticeWay.EMAIL and not owner.email:
        raise UsageError("your account has no e-mail address: ask the archive's staff to add it, or choose a webhook.")
    if way is NoticeWay.WEBHOOK and not address.startswith(("https://", "http://")):
        raise UsageError("address is that of the webhook: give one that begins with https://.")


def search_of(owner: User, search_id: int) -> SavedSearch:
    """The search of this id. Raises NotFoundError when there is none or it is another user's."""
    found = SavedSearch.objects.filter(owner=owner, pk=search_id).first()
    if found is None:
        raise NotFoundError("there is no such search of yours.")
    return found


def set_active(search: SavedSearch, *, is_active: bool) -> None:
    """Pause a search, or let it hear of what comes from now on; what came in between is let go."""
    if search.is_active == is_active:
        return
    with transaction.atomic():
        SearchNotice.objects.filter(search=search, delivered_at=None).delete()
        search.is_active, search.fault = is_active, ""
        search.position = stream.last_position()
        search.save(update_fields=["is_active", "fault", "position"])


def look(ear_of: EarOf, *, at: datetime) -> int:
    """Look at new events for every search; answers how many notices were written. One process at a time does."""
    n_notices = 0
    for _ in range(MOST_EVENTS // stream.BATCH_SIZE):
        with transaction.atomic():
            written = _look_at_batch(ear_of, at=at)
        if written is None:
            break
        n_notices += written
    return n_notices


def _look_at_batch(ear_of: EarOf, *, at: datetime) -> int | None:
    """The next events after the search that is furthest behind; None when there are none, or another process looks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOOK_LOCK])
        if not cursor.fetchone()[0]:
            return None
    searches = SavedSearch.objects.select_for_update(no_key=True, of=("self",)).select_related("owner")
    waiting = list(searches.filter(is_active=True, position__lt=stream.last_position()).order_by("position"))
    if not waiting:
        return None
    try:
        events = stream.events_from(waiting[0].position, most=stream.BATCH_SIZE)
    except ForgottenError:
        oldest = stream.oldest_position()
        SavedSearch.objects.filter(is_active=True, position__lt=oldest).update(position=oldest)
        return 0
    if not events:
        return None
    last = events[-1].position or 0
    of_bytes = [event for event in events if event.name == EventName.FRAME_INGESTED]
    behind = [search for search in waiting if search.position < last]
    notices = _notices(behind, of_bytes, ear_of, position=last, at=at) if of_bytes else []
    SearchNotice.objects.bulk_create(notices, ignore_conflicts=True)
    SavedSearch.objects.filter(pk__in=[search.pk for search in behind]).update(position=last)
    return len(notices)


def _notices(
    searches: Sequence[SavedSearch], events: Sequence[Event], ear_of: EarOf, *, position: int, at: datetime
) -> list[SearchNotice]:
    ears: dict[int, Ear] = {}
    for search in searches:
        try:
            ears[search.pk] = ear_of(search.owner, QueryDict(search.query))
        except ArchiveError as error:
            delivering.pause(search, f"its terms can not be read any more: {error}")
    told = sight.told(events, set(ears.values()), at=at)
    found = []
    for search in searches:
        heard = [each.event for each in told.get(ears[search.pk], [])] if search.pk in ears else []
        new = (event.frame_id for event in heard if (event.position or 0) > search.position)
        ids = list(dict.fromkeys(number for number in new if number is not None))
        if ids and search.way != NoticeWay.NONE:
            found.append(SearchNotice(search=search, position=position, frame_ids=ids, not_before=at))
    return found
