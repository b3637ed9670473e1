"""Upkeep of the tallies, and of the flag that says which frames are public."""

from django.db import connection, transaction
from django.db.models.functions import Now

from archive.models import Frame

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
    """Forget the tallies and count the frames themselves, while their writers wait."""
    return _called("archive_recount_tallies")


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


def _called(function: str, *arguments: int) -> int:
    with connection.cursor() as cursor:
        cursor.callproc(function, arguments)
        row: tuple[int] = cursor.fetchone()
    return row[0]
