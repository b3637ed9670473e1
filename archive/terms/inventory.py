"""Terms of the inventory of files; all must hold."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from archive.domain import inventory
from archive.terms.fields import ChoicesFilter, FlagFilter, InstantFilter
from telemetry.formats import names
from telemetry.models import File

KINDS = (*names.KINDS, "other")
STATES = ("new", "ok", "incomplete", "partial", "bad")


@extend_schema_field(bool)
class GoneFilter(FlagFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        return qs if value is None else qs.filter(gone_at__isnull=not value)


@extend_schema_field(bool)
class WaitingFilter(FlagFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        return qs if value is None else inventory.waiting(qs, is_waiting=value)


@extend_schema_field(bool)
class OnePlaceFilter(FlagFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        return inventory.in_places(qs, 1) if value else qs


@extend_schema_field(bool)
class NoPlaceFilter(FlagFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        return inventory.in_places(qs, 0) if value else qs


class NotCopiedFilter(filters.CharFilter):
    def filter(self, qs: Any, value: Any) -> Any:
        return inventory.not_copied_to(qs, value) if value else qs


class FileFilter(filters.FilterSet):
    """Terms of `/files/`."""

    host = filters.CharFilter("host", help_text="Instrument computer")
    device = filters.CharFilter("device", help_text="Device, by the file's name")
    path = filters.CharFilter("path", "contains", max_length=300, help_text="Part of the path")
    kind = ChoicesFilter(field_name="kind", choices=[(each, each) for each in KINDS], help_text="Kinds of files")
    state = ChoicesFilter(
        field_name="recording__state",
        choices=[(each, each) for each in STATES],
        help_text="How reading ended: ok; incomplete: torn at its end; partial: records are missing; bad: none came",
    )
    gone = GoneFilter(help_text="true: it is no longer at its place; false: it is")
    waiting = WaitingFilter(help_text="true: telemetry that is not read to the end; false: that is")
    only_in_one_place = OnePlaceFilter(help_text="true: the file alone, or one copy of a file that is gone")
    in_no_place = NoPlaceFilter(help_text="true: gone, without a copy")
    not_copied_to = NotCopiedFilter(help_text="Files there of which this location has no copy as they are now")
    changed_since = InstantFilter("changed_at", "gte", help_text="The inventory saw a change at or after, UTC")

    class Meta:
        model = File
        fields: tuple[str, ...] = ()
