"""/telemetry/…: what follows from records: bins for plots, values at an exposure, gaps, spans."""

from datetime import timedelta

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api import telemetry_asked as asked
from archive.api.telemetry import TelemetryView
from archive.api.telemetry_asked import (
    DEVICE,
    END_NEEDED,
    EVENT,
    MAX_AGE,
    NAMED_KEYS,
    RULE,
    START_NEEDED,
)
from archive.api.telemetry_forms import binned_form, exposure_form, gap_form, span_form
from archive.api.telemetry_schemas import BinnedSchema, ExposureSchema, GapsSchema, SpansSchema
from archive.domain import search, telemetry_access
from archive.domain.telemetry_at import exposure_of, opened
from archive.enums import ExpiringKind
from archive.errors import UsageError
from telemetry.queries.binned import KINDS, MOST_BINS, USUAL_BINS, Binning, Series, binned, binning
from telemetry.queries.channels import Channel, Channels, require_key
from telemetry.queries.exposure import RULES, Exposure, Value, at_exposure
from telemetry.queries.gaps import USUAL_THRESHOLD_S, gaps, heartbeats
from telemetry.queries.keys import Key
from telemetry.queries.spans import spans
from telemetry.queries.times import Window, ns_of

MOST_SERIES = 24
LONGEST_SPANS = timedelta(days=400)


class BinnedView(TelemetryView):
    """Keys in bins, for plots."""

    @extend_schema(
        summary="Keys in bins: least, greatest and mean of numbers, changes of states",
        operation_id="telemetry_binned",
        responses=BinnedSchema,
        parameters=[
            NAMED_KEYS, DEVICE, EVENT, START_NEEDED, END_NEEDED,
            OpenApiParameter("bins", int, description=f"How many, 1 to {MOST_BINS}; {USUAL_BINS} when not given"),
            OpenApiParameter("bin_s", float, description="Or how long each is, s"),
            OpenApiParameter("kind", enum=list(KINDS), description="Taken for a number or a state; else by its values"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        kind = asked.chosen(request, "kind", KINDS)
        bins, bin_s = asked.whole(request, "bins", least=0), asked.number(request, "bin_s", least=0)
        into = binning(asked.window(request), bins=bins, bin_s=bin_s)

        def question(known: Channels) -> list[Series]:
            return [
                _binned(channel, key, into, kind=kind, using=known.using) for channel, key in _plain(request, known)
            ]

        found = telemetry_access.asked(question, request.user, at=timezone.now())
        return Response(binned_form(found, into))


class AtView(TelemetryView):
    """Values at an exposure that start and end say."""

    @extend_schema(
        summary="Values of keys at an exposure, by the rule of states or of continuous quantities",
        operation_id="telemetry_at",
        responses=ExposureSchema,
        parameters=[NAMED_KEYS, DEVICE, EVENT, START_NEEDED, END_NEEDED, RULE, MAX_AGE],
    )
    def get(self, request: Request) -> Response:
        return _answer_at(request, asked.exposure(request))


class FrameTelemetryView(APIView):
    """Values at the exposure of one frame. Whoever sees the frame sees them, whatever TELEMETRY_READERS says."""

    gone_kind = ExpiringKind.FRAME

    @extend_schema(
        summary="Telemetry at the exposure of a frame",
        operation_id="frames_telemetry",
        responses=ExposureSchema,
        parameters=[NAMED_KEYS, DEVICE, EVENT, RULE, MAX_AGE],
    )
    def get(self, request: Request, pk: int) -> Response:
        frame = get_object_or_404(search.frames_for(request.user, at=timezone.now()), pk=pk)
        return _answer_at(request, exposure_of(frame, max_age_s=asked.max_age_s(request)))


class GapsView(TelemetryView):
    """Silences."""

    @extend_schema(
        summary="Silences of devices, and why",
        operation_id="telemetry_gaps",
        responses=GapsSchema,
        parameters=[
            DEVICE, EVENT, START_NEEDED, END_NEEDED,
            OpenApiParameter("threshold_s", float, description=f"Longer than this, s; else {USUAL_THRESHOLD_S:g}"),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        now = timezone.now()
        threshold_s = asked.number(request, "threshold_s", least=0)
        start_ns, end_ns = asked.window(request).bounds()
        window = Window(start_ns, max(start_ns, min(end_ns, ns_of(now))))  # nobody was silent tomorrow

        def question(known: Channels) -> list[dict[str, object]]:
            wanted = asked.channels(request, known)
            if not asked.words(request, "event"):
                wanted = heartbeats(wanted, window, using=known.using)
            usual = USUAL_THRESHOLD_S if threshold_s is None else threshold_s
            return [gap_form(gap) for gap in gaps(wanted, window, threshold_s=usual, using=known.using)]

        return Response({"results": telemetry_access.asked(question, request.user, at=now)})


class SpansView(TelemetryView):
    """Observation spans."""

    @extend_schema(
        summary="Spans of observations; who observed and under which title is for staff",
        operation_id="telemetry_spans",
        responses=SpansSchema,
        parameters=[START_NEEDED, END_NEEDED],
    )
    def get(self, request: Request) -> Response:
        window = asked.window(request)
        if window.length_ns > LONGEST_SPANS // timedelta(microseconds=1) * 1000:
            raise UsageError(f"ask for the spans of at most {LONGEST_SPANS.days} days at once.")
        found = telemetry_access.asked(lambda known: spans(window, using=known.using), request.user, at=timezone.now())
        return Response({"results": [span_form(telemetry_access.shown_span(request.user, span)) for span in found]})


def _binned(channel: Channel, key: Key, into: Binning, *, kind: str | None, using: str) -> Series:
    found = binned(channel, key, into, kind=kind, using=using)
    if not found.bins:
        require_key(channel, key, using=using)
    return found


def _plain(request: Request, known: Channels) -> list[tuple[Channel, Key]]:
    """Keys that the request names, each of one channel. Raises UsageError."""
    found = known.named(asked.named_keys(request))
    plain = [(channel, key) for channel, key in found if key is not None]
    if not plain or len(plain) < len(found):
        raise UsageError("give keys as device:event:key with commas between, such as keys=camsci1:telem_stdcam:fps.")
    if len(plain) > MOST_SERIES:
        raise UsageError(f"{len(plain)} keys are too many for one plot: give at most {MOST_SERIES}.")
    return plain


def _answer_at(request: Request, exposure: Exposure) -> Response:
    rule = asked.chosen(request, "rule", RULES)

    def question(known: Channels) -> list[Value]:
        wanted = opened(_channels_and_keys(request, known), exposure, using=known.using)
        return at_exposure(wanted, exposure, rule=rule, using=known.using)

    return Response(exposure_form(exposure, telemetry_access.asked(question, request.user, at=timezone.now())))


def _channels_and_keys(request: Request, known: Channels) -> list[tuple[Channel, Key | None]]:
    if names := asked.named_keys(request):
        return known.named(names)
    return [(channel, None) for channel in asked.channels(request, known)]
