"""Files of instrument computers, and in how many places each is."""

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from archive.errors import NotFoundError
from telemetry.formats.names import TELEMETRY
from telemetry.models import File, Replica


def current_copies() -> QuerySet[Replica]:
    """Copies of the file of an outer query that were whole at the last look, and are of it as it is now."""
    return Replica.objects.filter(
        file=OuterRef("pk"),
        state="ok",
        origin_size_bytes=OuterRef("size_bytes"),
        origin_modified_ns=OuterRef("modified_ns"),
    )


def files() -> QuerySet[File]:
    """All files by host and path, each with `n_copies`: how many current copies there are beside the file itself."""
    counted = current_copies().order_by().values("file").annotate(n=Count("pk")).values("n")
    n_copies = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    return File.objects.select_related("recording").annotate(n_copies=n_copies).order_by("host", "path", "pk")


def in_places(rows: QuerySet[File], n_places: int) -> QuerySet[File]:
    """Files that are in so many places: at their own, while they are not gone, and in current copies."""
    at_home, gone = (
        {"gone_at__isnull": True, "n_copies": n_places - 1},
        {"gone_at__isnull": False, "n_copies": n_places},
    )
    return rows.filter(Q(**at_home) | Q(**gone))


def not_copied_to(rows: QuerySet[File], location: str) -> QuerySet[File]:
    """Files that are there and of which a location has no current copy."""
    return rows.filter(gone_at__isnull=True).exclude(Exists(current_copies().filter(location__name=location)))


def waiting(rows: QuerySet[File], *, is_waiting: bool) -> QuerySet[File]:
    """Telemetry files that were not read to the end that they have now, or were."""
    telemetry = rows.filter(kind__in=TELEMETRY)
    read = telemetry.filter(ingested_size_bytes=F("size_bytes"), ingested_modified_ns=F("modified_ns"))
    return telemetry.exclude(pk__in=read.values("pk")) if is_waiting else read


def file_numbered(pk: int) -> File:
    """Raises NotFoundError."""
    found = files().filter(pk=pk).first()
    if found is None:
        raise NotFoundError(f"The inventory has no file {pk}.")
    return found
