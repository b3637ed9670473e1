"""/files/ and /replicas/: the inventory of instrument computers, and copies of it. For staff: host names and paths."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.permissions import StaffOnly
from archive.domain import inventory
from archive.terms.inventory import KINDS, STATES, FileFilter
from archive.terms.observations import narrowed
from telemetry.formats.names import TELEMETRY
from telemetry.locations import Lag
from telemetry.models import Damage, File, Recording, Replica
from telemetry.queries import inventory as counted
from telemetry.queries.inventory import HostLag
from telemetry.queries.times import iso

MOST_DAMAGES = 1000
COPY_STATES = ("ok", "differs", "missing")
TIME = "UTC, with nine decimals"


class RecordingSchema(serializers.Serializer[Any]):
    """What was read of a file."""

    id = serializers.IntegerField(help_text="`recording` of its records")
    state = serializers.ChoiceField(STATES, help_text="How reading ended")
    reason = serializers.CharField(help_text="Of a state other than ok")
    first = serializers.CharField(allow_null=True, help_text=f"Time of its earliest record. {TIME}")
    last = serializers.CharField(allow_null=True, help_text=f"Time of its latest record. {TIME}")
    n_records = serializers.IntegerField()
    n_bad = serializers.IntegerField(help_text="Places whose bytes gave no record")
    n_undecoded = serializers.IntegerField(help_text="Records kept as bytes until a bundle knows them")
    n_unknown_fields = serializers.IntegerField(help_text="Fields newer than the bundle's schema")
    bytes_consumed = serializers.IntegerField(help_text="Uncompressed bytes that were read")
    generation = serializers.IntegerField(help_text="Grows each time that the file was written anew")
    bundle_digest = serializers.CharField(help_text="The bundle that decoded it last, SHA-256")
    ingested_at = serializers.DateTimeField(allow_null=True)


class InstrumentFileSchema(serializers.Serializer[Any]):
    """A file that is or was on an instrument computer."""

    id = serializers.IntegerField()
    host = serializers.CharField(help_text="Instrument computer")
    path = serializers.CharField(help_text="Absolute path there; bytes that are no UTF-8 as \\xNN")
    device = serializers.CharField(help_text="By its name; empty where that has none")
    kind = serializers.ChoiceField(KINDS)
    size_bytes = serializers.IntegerField()
    created = serializers.CharField(help_text=f"By its name, else of its inode. {TIME}")
    modified = serializers.CharField(help_text=TIME)
    sha256 = serializers.CharField(allow_null=True, help_text="Of the whole file, when it was last computed")
    waiting = serializers.BooleanField(help_text="Telemetry that is not read to the end that the file has now")
    listed_at = serializers.DateTimeField(help_text="When the inventory first had it")
    changed_at = serializers.DateTimeField(help_text="When the inventory last saw a change")
    gone_at = serializers.DateTimeField(allow_null=True, help_text="Since when it is not at its place")
    n_copies = serializers.IntegerField(help_text="Current copies, beside the file itself")
    recording = RecordingSchema(allow_null=True, help_text="null: nothing was read of it")


class DamageSchema(serializers.Serializer[Any]):
    """Bytes that gave no record."""

    seq = serializers.IntegerField(help_text="Offset in the uncompressed bytes")
    length = serializers.IntegerField(help_text="Bytes")
    reason = serializers.CharField()


class CopySchema(serializers.Serializer[Any]):
    """A copy of a file."""

    location = serializers.CharField(help_text="Where it is kept")
    path = serializers.CharField(help_text="Path there")
    state = serializers.ChoiceField(COPY_STATES, help_text="By the last look at it")
    is_current = serializers.BooleanField(help_text="It is of the file as that is now")
    origin_size_bytes = serializers.IntegerField(help_text="Of the file when it was copied")
    origin_modified = serializers.CharField(help_text=f"The same. {TIME}")
    sha256 = serializers.CharField(help_text="Of the bytes that were copied")
    copied_at = serializers.DateTimeField()
    verified_at = serializers.DateTimeField(allow_null=True)


class WholeFileSchema(InstrumentFileSchema):
    """One file with its damages and copies."""

    damages = DamageSchema(many=True, help_text=f"The first {MOST_DAMAGES}")
    copies = CopySchema(many=True)


class HostLagSchema(serializers.Serializer[Any]):
    """How far the files of a host are read."""

    host = serializers.CharField()
    n_files = serializers.IntegerField()
    n_gone = serializers.IntegerField(help_text="No longer at their places")
    n_waiting = serializers.IntegerField(help_text="Telemetry files that are not read to their ends")
    waiting_bytes = serializers.IntegerField(help_text="Their sizes together")
    oldest_waiting = serializers.CharField(allow_null=True, help_text=f"Last change of the oldest of these. {TIME}")
    newest_record = serializers.CharField(allow_null=True, help_text=TIME)


class LocationSchema(serializers.Serializer[Any]):
    """A location, its copies by state, and what it lacks."""

    location = serializers.CharField()
    prefix = serializers.CharField(help_text="Folder under which <host>/<path> lies")
    is_local = serializers.BooleanField(help_text="The database's computer reads it as a folder")
    n_ok = serializers.IntegerField()
    n_differs = serializers.IntegerField(help_text="Copies with other bytes than were copied")
    n_missing = serializers.IntegerField(help_text="Copies that are no longer there")
    size_bytes = serializers.IntegerField(help_text="Of copies that are ok")
    n_not_copied = serializers.IntegerField(help_text="Files that it has no copy of")
    n_older = serializers.IntegerField(
        help_text="Files that it has a copy of as they were before, or one that is not ok"
    )


class FilesView(generics.ListAPIView[File]):
    """The inventory, by host and path."""

    permission_classes = (StaffOnly,)
    queryset = File.objects.none()
    serializer_class = InstrumentFileSchema
    filterset_class = FileFilter

    def get_queryset(self) -> QuerySet[File]:
        return inventory.files()

    @extend_schema(summary="Files of instrument computers", operation_id="files_list", responses=InstrumentFileSchema)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        found = narrowed(self.get_queryset(), FileFilter, request.query_params)
        return self.get_paginated_response([file_form(file) for file in self.paginate_queryset(found) or []])


class FileView(APIView):
    """One file with what was read of it, what could not be read, and its copies."""

    permission_classes = (StaffOnly,)

    @extend_schema(summary="One file, its damages and copies", operation_id="files_retrieve", responses=WholeFileSchema)
    def get(self, request: Request, pk: int) -> Response:  # noqa: ARG002 - DRF's signature
        file = inventory.file_numbered(pk)
        damages = Damage.objects.filter(recording=file.recording_id).order_by("seq")[:MOST_DAMAGES]
        copies = file.replicas.select_related("location").order_by("location__name")
        return Response(
            {
                **file_form(file),
                "damages": [{"seq": each.seq, "length": each.length, "reason": each.reason} for each in damages],
                "copies": [_copy_form(copy, file) for copy in copies],
            }
        )


class LagView(APIView):
    """How far reading and copying lag behind."""

    permission_classes = (StaffOnly,)

    @extend_schema(
        summary="What waits to be read of each host, and to be copied to each location",
        operation_id="files_lag",
        responses=inline_serializer(
            "FilesLag", {"hosts": HostLagSchema(many=True), "locations": LocationSchema(many=True)}
        ),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        hosts, locations = counted.hosts(), counted.locations()
        return Response(
            {"hosts": list(map(_host_form, hosts)), "locations": [_location_form(each) for each in locations]}
        )


class ReplicasView(APIView):
    """Where copies are kept."""

    permission_classes = (StaffOnly,)

    @extend_schema(
        summary="Locations of copies, and how many are whole",
        operation_id="replicas_list",
        responses=inline_serializer("Locations", {"results": LocationSchema(many=True)}),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return Response({"results": [_location_form(each) for each in counted.locations()]})


def file_form(file: File) -> dict[str, Any]:
    """A file as lists show it. It has `n_copies`."""
    told = {name: getattr(file, name) for name in ("id", "host", "path", "device", "kind", "size_bytes")}
    ingested = file.ingested_size_bytes, file.ingested_modified_ns
    is_telemetry = file.kind in TELEMETRY
    return {
        **told,
        "created": iso(file.created_ns),
        "modified": iso(file.modified_ns),
        "sha256": _hex(file.sha256),
        "waiting": is_telemetry and ingested != (file.size_bytes, file.modified_ns),
        "listed_at": file.listed_at,
        "changed_at": file.changed_at,
        "gone_at": file.gone_at,
        "n_copies": getattr(file, "n_copies", 0),
        "recording": None if file.recording is None else _recording_form(file.recording),
    }


def _recording_form(recording: Recording) -> dict[str, Any]:
    names = ("id", "state", "reason", "n_records", "n_bad", "n_undecoded", "n_unknown_fields", "bytes_consumed")
    return {
        **{name: getattr(recording, name) for name in names},
        "generation": recording.generation,
        "bundle_digest": recording.bundle_digest,
        "first": _iso(recording.first_ns),
        "last": _iso(recording.last_ns),
        "ingested_at": recording.ingested_at,
    }


def _copy_form(copy: Replica, file: File) -> dict[str, Any]:
    of_now = (copy.origin_size_bytes, copy.origin_modified_ns) == (file.size_bytes, file.modified_ns)
    return {
        "location": copy.location.name,
        "path": copy.path,
        "state": copy.state,
        "is_current": copy.state == "ok" and of_now,
        "origin_size_bytes": copy.origin_size_bytes,
        "origin_modified": iso(copy.origin_modified_ns),
        "sha256": _hex(copy.sha256),
        "copied_at": copy.copied_at,
        "verified_at": copy.verified_at,
    }


def _host_form(lag: HostLag) -> dict[str, Any]:
    return {
        "host": lag.host,
        "n_files": lag.n_files,
        "n_gone": lag.n_gone,
        "n_waiting": lag.n_waiting,
        "waiting_bytes": lag.waiting_bytes,
        "oldest_waiting": _iso(lag.oldest_waiting_ns),
        "newest_record": _iso(lag.newest_record_ns),
    }


def _location_form(lag: Lag) -> dict[str, Any]:
    return {
        "location": lag.place.name,
        "prefix": lag.place.prefix,
        "is_local": lag.place.is_local,
        "n_ok": lag.n_ok,
        "n_differs": lag.n_differs,
        "n_missing": lag.n_missing,
        "size_bytes": lag.size_bytes,
        "n_not_copied": lag.n_not_copied,
        "n_older": lag.n_older,
    }


def _iso(at_ns: int | None) -> str | None:
    return None if at_ns is None else iso(at_ns)


def _hex(digest: Any) -> str | None:
    return None if digest is None else bytes(digest).hex()
