"""Telemetry in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from telemetry.queries.binned import KINDS
from telemetry.queries.exposure import RULES
from telemetry.queries.reasons import REASONS

TIME = "UTC, with nine decimals"


def _text(says: str, *, allow_null: bool = False) -> serializers.CharField:
    return serializers.CharField(help_text=says, allow_null=allow_null)


def _list(says: str, child: serializers.Field | None = None, **how: Any) -> serializers.ListField:  # type: ignore[type-arg]
    return serializers.ListField(child=child or serializers.IntegerField(), help_text=says, **how)


def _numbers(says: str) -> serializers.ListField:
    return _list(says, serializers.FloatField(allow_null=True), required=False)


def _channel() -> dict[str, serializers.Field]:  # type: ignore[type-arg]
    return {"device": _text("Device"), "event": _text("Event type")}


def _record() -> dict[str, serializers.Field]:  # type: ignore[type-arg]
    return {
        "ts": _text(TIME),
        **_channel(),
        "priority": serializers.IntegerField(help_text="0 EMER to 8 DBG2, 64 TELM"),
        "prio": _text("The same as a word of four letters"),
        "msg": serializers.JSONField(
            help_text="The message; null when it is not decoded; absent when keys are asked for"
        ),
        "values": serializers.DictField(help_text="Values of the keys that were asked for", required=False),
        "nonfinite": serializers.DictField(help_text="Keys whose null is nan, inf or -inf"),
        "undecoded": serializers.BooleanField(help_text="No bundle has decoded it yet"),
        "recording": serializers.IntegerField(help_text="Sequence of records that it is of"),
        "seq": serializers.IntegerField(help_text="Offset of its first byte there, bytes"),
        "raw_base64": serializers.CharField(
            help_text="With raw=true: its message's bytes", required=False, allow_null=True
        ),
    }


def _results(name: str, fields: dict[str, serializers.Field]) -> serializers.Serializer:  # type: ignore[type-arg]
    return inline_serializer(name, {"results": inline_serializer(f"{name}Row", fields, many=True)})


RecordsSchema = inline_serializer(
    "TelemetryRecords",
    {
        "next": _text("The page after this one", allow_null=True),
        "results": inline_serializer("TelemetryRecord", _record(), many=True),
    },
)
LatestSchema = _results("TelemetryLatest", {**_record(), "age_s": serializers.FloatField(help_text="How old it is, s")})
ChannelsSchema = _results(
    "TelemetryChannels",
    {
        **_channel(),
        "latest": _text(f"Its latest record. {TIME}"),
        "undecoded": serializers.BooleanField(help_text="That record is not decoded, so its keys are not known"),
        "keys": inline_serializer(
            "TelemetryKey",
            {"key": _text("As it is asked for"), "type": _text("number, integer, boolean, string, vector or null")},
            many=True,
        ),
    },
)
BinnedSchema = inline_serializer(
    "TelemetryBinned",
    {
        "start": _text(TIME),
        "end": _text(TIME),
        "bin_s": serializers.FloatField(help_text="Length of a bin, s"),
        "series": inline_serializer(
            "TelemetrySeries",
            {
                **_channel(),
                "key": _text("Key"),
                "kind": serializers.ChoiceField(
                    KINDS, help_text="A number has min, max, mean and nonfinite; a state first, last and changes"
                ),
                "start_unix_s": _list("Starts of the bins that hold a record, Unix s", serializers.FloatField()),
                "count": _list("Values of each bin"),
                "undecoded": _list("Records of each bin that are not decoded"),
                "nonfinite": _list("Values that are nan, inf or -inf", required=False),
                "min": _numbers("Least of each bin"),
                "max": _numbers("Greatest of each bin"),
                "mean": _numbers("Mean of each bin"),
                "first": _list("First state of each bin", serializers.JSONField(), required=False),
                "last": _list("Last state of each bin", serializers.JSONField(), required=False),
                "changes": _list("States that differ from the one before", required=False),
            },
            many=True,
        ),
    },
)
ExposureSchema = inline_serializer(
    "TelemetryAtExposure",
    {
        "start": _text(TIME),
        "end": _text(TIME),
        "results": inline_serializer(
            "TelemetryValue",
            {
                **_channel(),
                "key": _text("Key"),
                "rule": serializers.ChoiceField(RULES, help_text="By which the value was found"),
                "value": serializers.JSONField(help_text="null when it is invalid"),
                "invalid": serializers.BooleanField(help_text="There is no value"),
                "reason": _text("Why it is invalid"),
                "nonfinite": _text("nan, inf or -inf where that is why", allow_null=True),
                "changed": serializers.BooleanField(help_text="A state that changed during the exposure"),
                "at": _list("Times of the records it follows from", serializers.CharField()),
            },
            many=True,
        ),
    },
)
GapsSchema = _results(
    "TelemetryGaps",
    {
        **_channel(),
        "start": _text("Last record before it; null: there is none", allow_null=True),
        "end": _text("First record after it; null: none has come", allow_null=True),
        "duration_s": serializers.FloatField(help_text="Up to the time asked for where a record is missing, s"),
        "reason": serializers.ChoiceField(REASONS),
        "says": _text("The same as a sentence"),
    },
)
SpansSchema = _results(
    "TelemetrySpans",
    {
        "start": _text(TIME),
        "end": _text("null: it goes on", allow_null=True),
        "email": _text("Who observed; null for all but staff", allow_null=True),
        "title": _text("Their name for it; the same", allow_null=True),
    },
)
