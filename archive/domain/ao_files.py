"""What the newest version of a frame holds of adaptive optics, whatever its instrument."""

from collections.abc import Collection

from django.db.models import QuerySet

from archive.models import AoFile


def newest_of(frame_ids: Collection[int], *, kind: str | None = None) -> "QuerySet[AoFile]":
    """The newest of each of these frames that has one, of any kind or of this one."""
    files = AoFile.objects.filter(version__frame__in=frame_ids).select_related("version__object")
    of_kind = files if kind is None else files.filter(kind=kind)
    return of_kind.order_by("version__frame", "-version__created", "-version").distinct("version__frame")
