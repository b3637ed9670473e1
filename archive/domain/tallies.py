"""Upkeep of the tallies, and of the flag that says which frames are public."""

from django.db import connection, transaction
from django.db.models.functions import Now

from archive.models import Frame

# Below the views that the models read.
TABLES = ("archive_setuptally", "archive_proposaltally", "archive_proposaltimetally", "archive_targettally")
FOLDED_AT_ONCE = 50_000
TURNED_AT_ONCE = 5_000


def fold() -> int:
    """Fold what has gathered in the delta into the tables; answers how many rows that were."""
    folded = 0
    while batch := _called("archive_fold_tallies", FOLDED_AT_ONCE):
        folded += batch
        if batch < FOLDED_AT_ONCE:
            break
    return folded


def recount() -> int:
    """Forget the tallies and count the frames themselves, while their writers wait; readers wait for the end of it."""
    with transaction.atomic():
        counted = _called("archive_recount_tallies")
        _lay_in_order()
    return counted


def turn_public() -> int:
    """Set the flag of frames whose public date has come by the database's clock; answers how many they were."""
    turned = 0
    while True:
        with transaction.atomic():
            due = Frame.objects.filter(is_public=False, public_date__lte=Now()).order_by("pk")
            ids = due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
            batch = Frame.objects.filter(pk__in=list(ids[:TURNED_AT_ONCE])).update(is_public=True)
        turned += batch
        if batch < TURNED_AT_ONCE:
            return turned


def _lay_in_order() -> None:
    """Write the tallies in the order of their keys, in which they are summed; rows that were deleted go too.

    As frames come, their days lie together by themselves. Counted all at once they would be strewn about: the sum of a
    year then reads a page for every second row, at ten million frames for 60 ms in place of 15.
    """
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CLUSTER {table} USING {table}_pkey")


def _called(function: str, *arguments: int) -> int:
    with connection.cursor() as cursor:
        cursor.callproc(function, arguments)
        row: tuple[int] = cursor.fetchone()
    return row[0]
