"""Telemetry as JSON."""

import base64
from collections.abc import Iterable
from typing import Any

from telemetry.queries.binned import NUMBER, Binning, Series
from telemetry.queries.channels import Channel, Described, parsed
from telemetry.queries.exposure import Exposure, Value
from telemetry.queries.gaps import Gap
from telemetry.queries.keys import leaves_of
from telemetry.queries.records import Record, Selection
from telemetry.queries.spans import Span
from telemetry.queries.times import NS_PER_S, iso, iso_of

# A series' columns in JSON, and the attributes of its bins.
NUMBER_COLUMNS = {
    "min": "least", "max": "greatest", "mean": "mean",
    "count": "n", "nonfinite": "n_nonfinite", "undecoded": "n_undecoded",
}  # fmt: skip
STATE_COLUMNS = {"first": "first", "last": "last", "changes": "changes", "count": "n", "undecoded": "n_undecoded"}


def record_form(record: Record, selection: Selection, *, raw: bool, msg: Any = None) -> dict[str, Any]:
    """One record. With keys only their values; `msg` where its JSON is at hand in another form."""
    told: dict[str, Any] = {
        "ts": record.ts, **channel_form(record.channel), "priority": record.priority, "prio": record.prio,
    }  # fmt: skip
    if selection.keys:
        told["values"] = {str(key): value for key, value in zip(selection.keys, record.values, strict=True)}
    else:
        told["msg"] = msg if msg is not None else parsed(record.msg)
    told |= {"nonfinite": record.nonfinite, "undecoded": record.msg is None}
    told |= {"recording": record.place.recording, "seq": record.place.seq}
    if raw:
        told["raw_base64"] = None if record.raw is None else base64.b64encode(record.raw).decode()
    return told


def channel_form(channel: Channel) -> dict[str, Any]:
    return {"device": channel.device, "event": channel.event}


def described_form(found: Described) -> dict[str, Any]:
    """A channel with the keys of its latest record and their types."""
    leaves = leaves_of(found.msg)
    told = [{"key": str(key), "type": _type_of(value, found.nonfinite.get(key.plain))} for key, value in leaves]
    latest = iso_of(found.ts, found.ns)
    return {**channel_form(found.channel), "latest": latest, "undecoded": found.is_undecoded, "keys": told}


def _type_of(value: Any, nonfinite: str | None) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "vector"}
    return "number" if nonfinite else kinds.get(type(value), "null")


def binned_form(series: Iterable[Series], into: Binning) -> dict[str, Any]:
    """Bins by columns, as plots want them."""
    start_ns, end_ns = into.window.bounds()
    return {
        "start": iso(start_ns),
        "end": iso(end_ns),
        "bin_s": into.width_s,
        "series": [_series_form(each) for each in series],
    }


def _series_form(series: Series) -> dict[str, Any]:
    columns = NUMBER_COLUMNS if series.kind == NUMBER else STATE_COLUMNS
    told = {name: [getattr(each, column) for each in series.bins] for name, column in columns.items()}
    start_unix_s = [each.start_ns / NS_PER_S for each in series.bins]
    return {
        **channel_form(series.channel),
        "key": str(series.key),
        "kind": series.kind,
        "start_unix_s": start_unix_s,
        **told,
    }


def exposure_form(exposure: Exposure, values: Iterable[Value]) -> dict[str, Any]:
    return {
        "start": iso(exposure.start_ns),
        "end": iso(exposure.end_ns),
        "results": [_value_form(value) for value in values],
    }


def _value_form(value: Value) -> dict[str, Any]:
    return {
        **channel_form(value.channel),
        "key": str(value.key),
        "rule": value.rule,
        "value": value.value,
        "invalid": bool(value.invalid),
        "reason": value.invalid,
        "nonfinite": value.nonfinite,
        "changed": value.changed,
        "at": [iso(at_ns) for at_ns in value.at_ns],
    }


def gap_form(gap: Gap) -> dict[str, Any]:
    return {
        **channel_form(gap.channel),
        "start": _iso(gap.start_ns),
        "end": _iso(gap.end_ns),
        "duration_s": gap.duration_s,
        "reason": gap.reason,
        "says": gap.says,
    }


def span_form(span: Span) -> dict[str, Any]:
    return {"start": iso(span.start_ns), "end": _iso(span.end_ns), "email": span.email, "title": span.title}


def _iso(at_ns: int | None) -> str | None:
    return None if at_ns is None else iso(at_ns)
