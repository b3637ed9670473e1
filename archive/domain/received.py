"""Objects that others put into the store, as rows: heard of any number of times, taken in once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from archive.enums import ReceivedState
from archive.models import ReceivedObject
from archive.models.upload import GIVEN_UP

# Advisory locks of PostgreSQL have two halves: this number is the archive's own, the other one is a path's.
PATH_LOCK = 7_365_203
MOST_OF_NAME = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message says of an object. Nothing of it is believed before the store was asked."""

    path: str
    version_id: str = ""  # empty: the message names none
    sequencer: str = ""


def hear(objects: Iterable[Heard], *, store: str, at: datetime) -> list[int]:
    """Note objects as rows; answers those that are to be taken in."""
    rows = [heard_of(heard, store=store, at=at) for heard in objects]
    return [row.pk for row in rows if row.state == ReceivedState.WAITING]


def heard_of(heard: Heard, *, store: str, at: datetime) -> ReceivedObject:
    """The row of an object; made when nobody has told of it before."""
    row, _is_new = ReceivedObject.objects.get_or_create(
        store=store,
        path=heard.path,
        version_id=heard.version_id,
        defaults={"sequencer": heard.sequencer, "heard_at": at},
    )
    return row


def locked(received_id: int) -> ReceivedObject | None:
    """The row, with its path locked to the end of the transaction: versions of one path are taken in one by one."""
    row = ReceivedObject.objects.filter(pk=received_id).first()
    if row is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [PATH_LOCK, row.path])
    return ReceivedObject.objects.select_for_update().filter(pk=received_id).first()


def settle(row: ReceivedObject, state: ReceivedState, *, at: datetime, reason: str = "") -> None:
    """Say what became of an object; it is not tried again."""
    row.state, row.reason, row.settled_at = state, reason, at
    row.save(update_fields=["state", "reason", "settled_at", "size_bytes", "attempts"])


def wait_again(rows: Iterable[ReceivedObject]) -> None:
    """Let objects that were given up be tried once more, now that a person has looked."""
    ids = [row.pk for row in rows]
    ReceivedObject.objects.filter(pk__in=ids).update(state=ReceivedState.WAITING, settled_at=None, attempts=0)


def of_name(filename: str) -> list[ReceivedObject]:
    """Objects whose path ends in this file name, and that were not taken in: a few, whatever their number."""
    given_up = ReceivedObject.objects.filter(state__in=[state.value for state in GIVEN_UP])
    rows = given_up.filter(Q(path=filename) | Q(path__endswith=f"/{filename}")).order_by("-heard_at")
    return list(rows[:MOST_OF_NAME])


def comes_before(sequencer: str, other: str) -> bool | None:
    """Whether an event came before another of the same path; None when one of them does not say.

    Sequencers are hexadecimal; the shorter one is filled with zeros on its right.
    """
    if not sequencer or not other:
        return None
    length = max(len(sequencer), len(other))
    return sequencer.ljust(length, "0").lower() < other.ljust(length, "0").lower()


def waiting_since(*, older_than: timedelta, at: datetime, most: int) -> list[int]:
    """Objects whose task got lost: a safety net, empty when all is well."""
    late = ReceivedObject.objects.filter(state=ReceivedState.WAITING, heard_at__lt=at - older_than)
    return list(late.order_by("heard_at").values_list("pk", flat=True)[:most])
