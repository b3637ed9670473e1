"""A view for each event type: typed columns, no error whatever a record says, and an index for its times."""

from typing import Any

import pytest
from django.db import connection

from telemetry import bundles
from telemetry.views import make_views
from tests.telemetry.shapes import BUNDLE, SHAPES

pytestmark = pytest.mark.django_db


def ask(question: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, values or None)
        return cursor.fetchall() if cursor.description else []


def add(event: str, *messages: str | None, device: str = "camsci1") -> None:
    """Records of one event type, one a second from 2026-11-28 on."""
    [(channel,)] = ask("INSERT INTO telemetry.channel (device, event) VALUES (%s, %s) RETURNING id", device, event)
    for second, message in enumerate(messages):
        ask(
            "INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq, msg)"
            " VALUES (timestamptz '2026-11-28 00:00+00' + %s * interval '1 s', %s, 5, 64, %s, %s, %s)",
            second, channel, channel, second, message,
        )  # fmt: skip


def columns(view: str) -> dict[str, str]:
    return dict(
        ask(
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = ('telemetry.' || quote_ident(%s))::regclass AND attnum > 0 AND NOT attisdropped",
            view,
        )
    )


def test_a_binary_events_columns_follow_from_its_schema():
    bundles.add(BUNDLE)
    made = make_views()
    kinds = bundles.current().types.values()
    assert {kind.name for kind in kinds if kind.reader or kind.is_empty} == {*made}
    types = {
        "f32": "real",
        "f64": "double precision",
        "u8": "smallint",
        "i8": "smallint",
        "i32": "integer",
        "bool": "boolean",
    }
    types |= {"str": "text", "i16": "smallint", "u16": "integer", "u32": "bigint", "i64": "bigint", "u64": "numeric"}
    first = {"ts": "timestamp with time zone", "ns": "smallint", "device": "text", "priority": "smallint"}
    for kind in kinds:
        if kind.reader:
            assert columns(kind.name) == {**first, **dict(leaves(SHAPES[kind.schema], types))}


def leaves(shape, types, before=""):
    """Columns of a shape, which knows nothing of `.fbs` texts."""
    for name, kind in shape.items():
        if isinstance(kind, dict):
            yield from leaves(kind, types, f"{before}{name}_")
        elif isinstance(kind, list):
            yield before + name, "jsonb" if isinstance(kind[0], dict) else types[kind[0]] + "[]"
        else:
            yield before + name, types[kind.partition("=")[0]]


def test_values_come_back_as_they_are_and_what_is_none_as_null():
    bundles.add(BUNDLE)
    add("telem_telpos", '{"ra": 111.575541666667, "epoch": 0.0}', '{"ra": null}', None, '{"ra": "high"}', "[1]")
    make_views()
    rows = ask("SELECT ra, epoch, device, ns, priority FROM telemetry.telem_telpos ORDER BY ts")
    assert rows[0] == (111.575541666667, 0.0, "camsci1", 5, 64)
    assert [ra for ra, *_ in rows[1:]] == [None] * 4


def test_other_events_have_the_keys_that_their_records_have():
    add(
        "lab_note",
        '{"value": 1, "text": "a", "on": true, "ts": "said", "elements": {"x": 1}, "mixed": 1}',
        '{"value": null, "mixed": "two", "later": 2.5}',
    )
    make_views()
    found = columns("lab_note")
    assert {name: found[name] for name in ("value", "text", "on", "msg_ts", "elements", "mixed", "later")} == {
        "value": "double precision", "text": "text", "on": "boolean", "msg_ts": "text", "elements": "jsonb",
        "mixed": "jsonb", "later": "double precision",
    }  # fmt: skip
    assert ask('SELECT value, text, "on", msg_ts, later FROM telemetry.lab_note ORDER BY ts') == [
        (1.0, "a", True, "said", None),
        (None, None, None, None, 2.5),
    ]


def test_a_second_time_makes_nothing_and_a_new_key_makes_one_view_anew():
    add("lab_note", '{"value": 1}')
    assert make_views() == ["lab_note"]
    assert make_views() == []
    add("lab_note", '{"other": 1}', device="camsci2")
    assert make_views() == ["lab_note"]
    assert {"value", "other"} <= set(columns("lab_note"))


@pytest.mark.parametrize("event", ["record", "telem", 'a"b; DROP TABLE telemetry.file', "é" * 60, "file_place", "%s"])
def test_no_name_of_an_event_harms_a_table_or_another_name(event):
    before = ask("SELECT count(*) FROM pg_class WHERE relnamespace = 'telemetry'::regnamespace")[0][0]
    add(event, '{"%s": 1, "a\\"b": 2, "": 3, "ts": 4, "%(x)s": 5}')
    [name] = make_views()
    assert ask("SELECT count(*) FROM pg_class WHERE relnamespace = 'telemetry'::regnamespace")[0][0] == before + 1
    assert len(columns(name)) == 4 + 5
    assert make_views() == []


def test_a_time_range_of_a_view_is_read_by_the_index_on_channel_and_time():
    bundles.add(BUNDLE)
    add("telem_telpos", '{"ra": 1}')
    ask(
        "INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq, msg)"
        " SELECT timestamptz '2026-11-01 00:00+00' + n * interval '1 minute', 1000 + n % 200, 0, 64, 9, n, '{}' FROM generate_series(1, 20000) n"
    )
    ask("ANALYZE telemetry.record; ANALYZE telemetry.channel")
    make_views()
    plan = "\n".join(
        line
        for (line,) in ask(
            "EXPLAIN SELECT ts, ra FROM telemetry.telem_telpos WHERE ts BETWEEN '2026-11-28' AND '2026-11-29'"
        )
    )
    assert "channel_id_ts_ns_idx" in plan or "record_channel_time" in plan
    assert "Seq Scan on record" not in plan
