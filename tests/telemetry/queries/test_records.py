"""Records by device, event, key and time: to the nanosecond, none lost, none twice, by pages or as a stream."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telemetry.errors import NotFoundError, UsageError
from telemetry.queries.channels import Channels, described, require_key
from telemetry.queries.keys import key_of
from telemetry.queries.latest import latest
from telemetry.queries.records import Selection, page, place_of, stream
from telemetry.queries.times import EPOCH, Window, columns_of, iso
from tests.telemetry.rows import T0, S


def walk(selection, most):
    """All records by pages, through the text of their cursors."""
    found, after = [], None
    while batch := page(selection, after=after, most=most):
        found += batch
        after = place_of(str(batch[-1].place))
    return found


def names(records):
    return [(record.place.at_ns, record.place.recording, record.place.seq) for record in records]


def test_two_records_of_one_microsecond_and_two_of_one_nanosecond_are_all_there(rows):
    times = [T0 + 144_220_040, T0 + 144_220_852, T0 + 144_220_852, T0 + 144_221_000]  # 812 ns apart, as real ones were
    for at_ns in times:
        rows.say("ktrack", "text_log", at_ns, {"message": str(at_ns)})
    selection = Selection(Channels().of(["ktrack"]), Window())
    found = page(selection, after=None, most=10)
    assert [record.ts for record in found] == [iso(at_ns) for at_ns in times]
    assert found[0].ts == "2024-04-15T22:30:00.144220040Z"
    assert [json.loads(record.msg)["message"] for record in found] == [str(at_ns) for at_ns in times]
    inside = Window(T0 + 144_220_041, T0 + 144_221_000)
    assert [r.place.at_ns for r in page(Selection(selection.channels, inside), after=None, most=10)] == times[1:3]


@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_any_length_and_the_stream_give_each_record_once_in_order(rows, descending):
    laid = []
    for number in range(30):  # three channels, two recordings, many equal times, one month's border
        at_ns = 1_714_521_599_999_999_000 + (number // 4) * 500  # 2024-04-30T23:59:59.999999
        device = f"dev{number % 3}"
        laid.append((at_ns, *rows.say(device, "telem_x", at_ns, {"n": number})))
    selection = Selection(Channels().of(), Window(), descending=descending)
    expected = sorted(laid, reverse=descending)
    for most in (1, 7, 100):
        assert names(walk(selection, most)) == expected
    assert names(stream(selection)) == expected


def test_keys_of_tables_vectors_and_names_with_dots(rows):
    rows.say("cam", "telem_stdcam", T0, {"roi": {"xcen": 511.5}, "temps": [1.5, 2.5], "a.b": True})
    rows.say("cam", "telem_stdcam", T0 + S, {"other": 1})
    keys = tuple(map(key_of, ("roi.xcen", "temps[1]", '"a.b"', "temps[9]")))
    (found,) = page(Selection(Channels().of(["cam"]), Window(), keys), after=None, most=10)
    assert found.values == (511.5, 2.5, True, None)


def test_large_integers_and_small_numbers_are_exact(rows):
    rows.say("cam", "saving_start", T0, {"frameNo": 2**64 - 1, "jitter": 1.2e-13})
    (found,) = page(Selection(Channels().of(), Window(), (key_of("frameNo"), key_of("jitter"))), after=None, most=1)
    assert found.values == (2**64 - 1, 1.2e-13)


def test_nan_is_told_and_what_is_not_decoded_too(rows):
    rows.say("stage", "telem_position", T0, {"pos": None}, nonfinite={"pos": "nan"})
    rows.say("stage", "telem_position", T0 + S, None, raw=b"\x01\x02")
    keys = (key_of("pos"),)
    first, second = page(Selection(Channels().of(), Window(), keys), after=None, most=10)
    assert (first.values, first.nonfinite, first.msg is None) == ((None,), {"pos": "nan"}, False)
    assert (second.values, second.raw, second.msg) == ((None,), b"\x01\x02", None)


def test_keys_that_are_not_finite_are_named_as_readers_name_them(rows):
    named = {"roi.x": "inf", "temps[1]": "nan", "a.b": "-inf"}
    rows.say("cam", "telem_x", T0, {"roi": {"x": None}, "temps": [1.0, None], "a.b": None}, nonfinite=named)
    keys = tuple(map(key_of, ("roi.x", "temps[1]", '"a.b"')))
    (found,) = page(Selection(Channels().of(), Window(), keys), after=None, most=1)
    assert [found.nonfinite[key.plain] for key in keys] == ["inf", "nan", "-inf"]


def test_an_empty_window_and_a_window_without_records_give_nothing(rows):
    rows.say("a", "telem_x", T0, {"n": 1})
    for window in (Window(T0, T0), Window(T0 + 1, T0 + S), Window(0, T0)):
        assert page(Selection(Channels().of(), window), after=None, most=5) == []
        assert list(stream(Selection(Channels().of(), window))) == []
    assert list(stream(Selection([], Window()))) == []


def test_hidden_events_are_as_if_they_did_not_exist(rows):
    rows.say("observers", "telem_observer", T0, {"email": "a@b"})
    rows.say("observers", "telem_other", T0, {"n": 1})
    hidden = Channels(hidden_events=("telem_observer",))
    assert [channel.event for channel in hidden.of(["observers"])] == ["telem_other"]
    with pytest.raises(NotFoundError, match="no telemetry of observers, telem_observer together"):
        hidden.of(["observers"], ["telem_observer"])
    with pytest.raises(NotFoundError, match="no telemetry of nobody"):
        hidden.of(["nobody"])


def test_an_unknown_key_names_those_that_there_are(rows):
    rows.say("cam", "telem_stdcam", T0, {"roi": {"xcen": 1.0}, "fps": 3.0})
    (channel,) = Channels().of()
    require_key(channel, key_of("roi.xcen"))
    with pytest.raises(NotFoundError, match=r"no key 'roi.ycen'. It has: fps, roi.xcen"):
        require_key(channel, key_of("roi.ycen"))


def test_the_latest_of_each_channel_is_not_hidden_by_a_clock_that_ran_ahead(rows):
    for number in range(3):
        rows.say("a", "telem_x", T0 + number, {"n": number})
    rows.say("a", "telem_y", T0 + 5 * S, {"n": 9})
    rows.say("a", "telem_y", 2_000_000_000 * S, {"n": "2033"})
    at = columns_of(T0 + 10 * S)[0]
    found = latest(Channels().of(), at=at)
    assert [(record.channel.event, json.loads(record.msg)["n"]) for record in found] == [("telem_x", 2), ("telem_y", 9)]
    assert latest(Channels().of(), at=EPOCH) == []


def test_channels_are_described_by_their_latest_record(rows):
    rows.say("a", "telem_x", T0, {"n": 1})
    rows.say("a", "telem_x", T0 + 1, {"n": 2})
    rows.say("b", "unknown_65000", T0, None, raw=b"\0")
    first, second = described(Channels().of())
    assert (first.msg, first.ns, first.is_undecoded, second.is_undecoded) == ({"n": 2}, 1, False, True)


@pytest.mark.parametrize(
    "text", ["", "1", "1-2", "a-b-c", "1-2-3-4", "99999999999999999999-1-1", "9223372036854775808-1-1", "1-2-3\n"]
)
def test_a_cursor_that_nobody_gave_is_refused(text):
    with pytest.raises(UsageError, match="cursor"):
        place_of(text)


def test_too_many_keys_are_refused():
    with pytest.raises(UsageError, match="at most 200"):
        Selection([], Window(), tuple(key_of(f"k{n}") for n in range(201)))


def test_a_page_is_one_question_however_many_channels(rows):
    for number in range(12):
        rows.say(f"dev{number}", "telem_x", T0 + number, {"n": number})
    for wanted in (Channels().of(["dev1"]), Channels().of()):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(Selection(wanted, Window()), after=None, most=5)
        assert len([q for q in asked.captured_queries if "telemetry.record" in q["sql"]]) == 1


def test_an_hour_of_one_key_is_found_by_the_index_in_its_month_alone(rows):
    rows.run("SELECT telemetry.ensure_month('2024-03-01Z'), telemetry.ensure_month('2024-05-01Z')")
    for number in range(3):
        rows.say("a", "telem_x", T0 + number * S, {"n": number})
    rows.run("SET LOCAL enable_seqscan = off")  # the table is tiny: the question is whether the index can serve
    selection = Selection(Channels().of(), Window(T0, T0 + 3600 * S), (key_of("n"),))
    with CaptureQueriesContext(connection) as asked:
        page(selection, after=None, most=100)
    (question,) = [q["sql"] for q in asked.captured_queries if "telemetry.record" in q["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {question}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "record_2024_04" in plan
    assert "Index Cond: ((channel_id = asked.id) AND (ts >=" in plan
    for other in ("record_2024_03", "record_2024_05", "record_other"):
        assert other not in plan
