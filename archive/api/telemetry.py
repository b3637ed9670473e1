"""/telemetry/: records, channels and latest values."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from archive.api import telemetry_asked as asked
from archive.api.renderers import FastJSON, PicturePages
from archive.api.telemetry_asked import DEVICE, END, EVENT, KEYS, START, ReadsTelemetry
from archive.api.telemetry_forms import described_form, record_form
from archive.api.telemetry_schemas import ChannelsSchema, LatestSchema, RecordsSchema
from archive.api.telemetry_streams import RENDERERS, STREAMED
from archive.domain import telemetry_access
from telemetry.queries.channels import Channels, described, require_key
from telemetry.queries.latest import latest
from telemetry.queries.records import Place, Record, Selection, page
from telemetry.queries.times import NS_PER_S, ns_of

FORMATS = ["json", "api", "csv", "ndjson", "parquet"]
ORDERS = ("time", "-time")
RAW = OpenApiParameter("raw", bool, description="true adds the bytes of records that are not wholly decoded")


class TelemetryView(APIView):
    """What whoever TELEMETRY_READERS names may read; events that name people are for staff."""

    permission_classes = (ReadsTelemetry,)


class RecordsView(TelemetryView):
    """Records in the order of their time."""

    renderer_classes = (FastJSON, PicturePages, *RENDERERS)

    @extend_schema(
        summary="Records, by pages; as CSV, NDJSON or Parquet all at once",
        operation_id="telemetry_records",
        responses=RecordsSchema,
        parameters=[
            DEVICE, EVENT, KEYS, START, END, RAW,
            OpenApiParameter("order", enum=list(ORDERS), description="-time: the newest first"),
            OpenApiParameter("limit", int, description="Records of a page"),
            OpenApiParameter("cursor", str, description="Place to go on from, out of `next`"),
            OpenApiParameter("format", enum=FORMATS, description="csv, ndjson, parquet: all that meets the terms"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        raw = asked.flag(request, "raw")
        after, most = asked.cursor(request), asked.limit(request)
        if request.accepted_renderer.format in STREAMED:
            # Of the primary: a replica may have to break off what takes long.
            selection = self._selection(request, telemetry_access.channels_for(request.user))
            return STREAMED[request.accepted_renderer.format](selection, raw=raw)

        def question(known: Channels) -> tuple[Selection, list[Record]]:
            selection = self._selection(request, known)
            found = page(selection, after=after, most=most + 1)
            if not found and after is None:
                _require_keys(selection)
            return selection, found

        selection, found = telemetry_access.asked(question, request.user, at=timezone.now())
        more = _link(request, found[most - 1].place) if len(found) > most else None
        rows = [record_form(record, selection, raw=raw) for record in found[:most]]
        return Response({"next": more, "results": rows})

    @staticmethod
    def _selection(request: Request, known: Channels) -> Selection:
        return Selection(
            asked.channels(request, known),
            asked.window(request),
            asked.keys(request),
            descending=asked.chosen(request, "order", ORDERS) == "-time",
            using=known.using,
        )


class ChannelsView(TelemetryView):
    """Devices and their events, with the keys of the latest record of each."""

    @extend_schema(
        summary="Channels: devices, their events and keys",
        operation_id="telemetry_channels",
        responses=ChannelsSchema,
        parameters=[DEVICE, EVENT],
    )
    def get(self, request: Request) -> Response:
        found = telemetry_access.asked(
            lambda known: described(asked.channels(request, known), using=known.using), request.user, at=timezone.now()
        )
        return Response({"results": [described_form(each) for each in found]})


class LatestView(TelemetryView):
    """The latest record of each channel."""

    @extend_schema(
        summary="The latest record of each channel, and how old it is",
        operation_id="telemetry_latest",
        responses=LatestSchema,
        parameters=[DEVICE, EVENT, RAW],
    )
    def get(self, request: Request) -> Response:
        now, raw = timezone.now(), asked.flag(request, "raw")

        def question(known: Channels) -> tuple[Selection, list[Record]]:
            selection = Selection(asked.channels(request, known), asked.window(request))
            return selection, latest(selection.channels, at=now, using=known.using)

        selection, found = telemetry_access.asked(question, request.user, at=now)
        return Response({"results": [_with_age(record, selection, raw=raw, now_ns=ns_of(now)) for record in found]})


def _with_age(record: Record, selection: Selection, *, raw: bool, now_ns: int) -> dict[str, Any]:
    age_s = (now_ns - record.place.at_ns) / NS_PER_S
    return {**record_form(record, selection, raw=raw), "age_s": age_s}


def _require_keys(selection: Selection) -> None:
    """Raise NotFoundError where there is one channel, and it has none of the keys: most likely a slip of the pen."""
    if len(selection.channels) == 1:
        for key in selection.keys:
            require_key(selection.channels[0], key, using=selection.using)


def _link(request: Request, place: Place) -> str:
    return str(replace_query_param(request.build_absolute_uri(), "cursor", str(place)))
