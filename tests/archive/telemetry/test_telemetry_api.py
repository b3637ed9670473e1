"""What the routes of telemetry answer."""

import csv
import io
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.api import telemetry_streams
from tests.telemetry.rows import T0, S

WINDOW = "start=2024-04-15T22:30:00Z&end=2024-04-15T22:31:00Z"


@pytest.fixture
def client(api, admin):
    return api(admin)


@pytest.fixture
def get(client):
    def read(address, code=200):
        answer = client.get(address)
        assert answer.status_code == code, answer.content
        return answer.json()

    return read


def content_of(client, address):
    answer = client.get(address)
    assert (answer.status_code, answer.streaming) == (200, True)
    return b"".join(answer)


@pytest.fixture
def mixed(rows):
    """Two channels; a nan, a word, a huge integer, a record that is not decoded, two in one microsecond."""
    rows.say("cam", "telem_stdcam", T0 + 220_040, {"fps": 1.5, "mode": "a", "frameNo": 2**64 - 1})
    rows.say("cam", "telem_stdcam", T0 + 220_852, {"fps": None, "mode": "b"}, nonfinite={"fps": "inf"})
    rows.say("cam", "telem_stdcam", T0 + S, None, raw=b"\x01")
    rows.say("fw", "telem_stage", T0 + 2 * S, {"presetName": 'Äpfel, "quoted"', "fps": "fast"}, priority=4)
    return rows


def test_a_record_is_told_whole_and_to_the_nanosecond(get, mixed):
    first, second, third, fourth = get("/telemetry/")["results"]
    assert first["ts"] == "2024-04-15T22:30:00.000220040Z"
    assert (first["device"], first["event"], first["prio"], first["priority"]) == ("cam", "telem_stdcam", "TELM", 64)
    assert first["msg"] == {"fps": 1.5, "mode": "a", "frameNo": 2**64 - 1}
    assert (second["ts"], second["msg"]["fps"], second["nonfinite"]) == (
        "2024-04-15T22:30:00.000220852Z", None, {"fps": "inf"},
    )  # fmt: skip
    assert (third["msg"], third["undecoded"], "raw_base64" in third) == (None, True, False)
    assert (fourth["prio"], fourth["msg"]["presetName"]) == ("WARN", 'Äpfel, "quoted"')
    assert get("/telemetry/?raw=true")["results"][2]["raw_base64"] == "AQ=="


def test_terms_narrow_by_device_event_key_and_time(get, mixed):
    assert len(get("/telemetry/?device=cam,fw")["results"]) == 4
    assert len(get("/telemetry/?device=fw&device=cam")["results"]) == 4
    assert len(get("/telemetry/?event=telem_stage")["results"]) == 1
    assert [row["values"] for row in get("/telemetry/?device=fw&keys=presetName,fps")["results"]] == [
        {"presetName": 'Äpfel, "quoted"', "fps": "fast"}
    ]
    inside = "start=2024-04-15T22:30:00.000220041Z&end=2024-04-15T22:30:01Z"
    assert [row["ts"][-11:] for row in get(f"/telemetry/?{inside}")["results"]] == [".000220852Z"]


def test_pages_lead_to_each_other_in_both_orders(get, mixed):
    for order, expected in (("time", [0, 1, 2, 3]), ("-time", [3, 2, 1, 0])):
        whole = [row["ts"] for row in get("/telemetry/")["results"]]
        found, address = [], f"/telemetry/?limit=1&order={order}"
        while address:
            page = get(address)
            found += [row["ts"] for row in page["results"]]
            address = page["next"]
        assert found == [whole[place] for place in expected]


def test_csv_has_a_column_for_each_key(client, mixed):
    text = content_of(client, "/telemetry/?format=csv&keys=fps,mode,frameNo").decode()
    head, *lines = csv.reader(io.StringIO(text))
    assert head == [
        "ts",
        "device",
        "event",
        "prio",
        "recording",
        "seq",
        "undecoded",
        "nonfinite",
        "fps",
        "mode",
        "frameNo",
    ]
    assert [line[0] for line in lines] == [
        "2024-04-15T22:30:00.000220040Z", "2024-04-15T22:30:00.000220852Z", "2024-04-15T22:30:01.000000000Z",
        "2024-04-15T22:30:02.000000000Z",
    ]  # fmt: skip
    assert [line[8:] for line in lines] == [["1.5", "a", str(2**64 - 1)], ["", "b", ""], ["", "", ""], ["fast", "", ""]]
    assert json.loads(lines[1][7]) == {"fps": "inf"}
    assert lines[2][6] == "True"


def test_lines_of_json_are_the_records_of_the_pages(client, get, mixed):
    lines = content_of(client, "/telemetry/?format=ndjson&raw=true").splitlines()
    assert list(map(json.loads, lines)) == get("/telemetry/?raw=true")["results"]


def test_parquet_keeps_nanoseconds_nan_and_what_fits_no_column(client, mixed):
    table = pq.read_table(pa.BufferReader(content_of(client, "/telemetry/?format=parquet&keys=fps,mode,frameNo")))
    assert table.schema.field("ts").type == pa.timestamp("ns", tz="UTC")
    assert table["ts"].cast(pa.int64()).to_pylist() == [T0 + 220_040, T0 + 220_852, T0 + S, T0 + 2 * S]
    assert table["fps"].to_pylist() == [1.5, math.inf, None, None]
    assert table["mode"].to_pylist() == ["a", "b", None, None]
    assert table["frameNo"].to_pylist() == [None, None, None, None]  # no double holds it
    assert [text and json.loads(text) for text in table["other"].to_pylist()] == [
        {"frameNo": 2**64 - 1}, None, None, {"fps": "fast"},
    ]  # fmt: skip
    assert table["undecoded"].to_pylist() == [False, False, True, False]


def test_parquet_without_keys_has_the_message(client, mixed, monkeypatch):
    monkeypatch.setattr(telemetry_streams, "ROWS_OF_A_GROUP", 3)
    content = content_of(client, "/telemetry/?format=parquet")
    file = pq.ParquetFile(pa.BufferReader(content))
    assert file.num_row_groups == 2
    assert json.loads(file.read()["msg"].to_pylist()[0])["frameNo"] == 2**64 - 1


@pytest.mark.parametrize("name", ["csv", "ndjson", "parquet"])
def test_streams_of_nothing_are_whole_files_and_their_errors_can_be_read(client, rows, name):
    content = content_of(client, f"/telemetry/?format={name}")
    if name == "parquet":
        assert pq.read_table(pa.BufferReader(content)).num_rows == 0
    assert len(content.splitlines()) == {"csv": 1, "ndjson": 0}.get(name, len(content.splitlines()))
    refused = client.get(f"/telemetry/?format={name}&start=yesterday")
    assert (refused.status_code, b"is no time" in refused.content) == (400, True)


def test_channels_have_their_keys(get, mixed):
    rows = get("/telemetry/channels/")["results"]
    assert [(row["device"], row["event"], row["undecoded"]) for row in rows] == [
        ("cam", "telem_stdcam", True), ("fw", "telem_stage", False),
    ]  # fmt: skip
    assert rows[1]["keys"] == [{"key": "fps", "type": "string"}, {"key": "presetName", "type": "string"}]


def test_the_latest_says_how_old_it_is(get, mixed):
    (row,) = get("/telemetry/latest/?device=fw")["results"]
    assert row["ts"] == "2024-04-15T22:30:02.000000000Z"
    assert row["age_s"] > 80 * 86400 * 365 / 365


def test_bins_come_by_columns(get, rows):
    for second in (0, 10, 40):
        rows.say("cam", "telem_stdcam", T0 + second * S, {"fps": float(second), "mode": "ab"[second > 5]})
    answer = get(f"/telemetry/binned/?keys=cam:telem_stdcam:fps,cam:telem_stdcam:mode&{WINDOW}&bin_s=30")
    number, state = answer["series"]
    assert (answer["bin_s"], number["kind"], state["kind"]) == (30.0, "number", "state")
    assert number["start_unix_s"] == [T0 / S, T0 / S + 30]
    assert (number["min"], number["max"], number["mean"]) == ([0.0, 40.0], [10.0, 40.0], [5.0, 40.0])
    assert (state["first"], state["last"], state["changes"]) == (["a", "b"], ["b", "b"], [1, 0])
    plain = get(f"/telemetry/binned/?device=cam&event=telem_stdcam&keys=fps&{WINDOW}&bin_s=30")
    assert plain["series"] == [number]


def test_values_at_an_exposure(get, rows):
    for second, mode in ((0, "a"), (20, "b"), (50, "c")):
        rows.say("cam", "telem_stdcam", T0 + second * S, {"fps": float(second), "mode": mode})
    times = "start=2024-04-15T22:30:05Z&end=2024-04-15T22:30:25Z"
    fps, mode = get(f"/telemetry/at/?{times}")["results"]
    assert (fps["rule"], fps["value"]) == ("continuous", pytest.approx(15.0, rel=1e-9))
    assert fps["at"] == ["2024-04-15T22:30:00.000000000Z", "2024-04-15T22:30:20.000000000Z"]
    assert (mode["rule"], mode["value"], mode["changed"]) == ("state", "b", True)
    (alone,) = get(f"/telemetry/at/?{times}&keys=cam:telem_stdcam:fps&rule=state")["results"]
    assert alone["value"] == 20.0
    late = "start=2025-04-15T22:30:05Z&end=2025-04-15T22:30:25Z"
    invalid, _ = get(f"/telemetry/at/?{late}")["results"]
    assert (invalid["value"], invalid["invalid"]) == (None, True)
    assert get(f"/telemetry/at/?{late}&max_age_s=60")["results"][1]["invalid"]


def test_gaps_are_told_with_their_reason(get, rows):
    for second in (0, 10, 50, 60):
        rows.say("cam", "telem_stdcam", T0 + second * S, {"fps": 1.0})
    rows.say("cam", "state_change", T0 + 12 * S, {"from": 35, "to": 4}, kind="binlog")
    (gap,) = get(f"/telemetry/gaps/?{WINDOW}")["results"]
    assert (gap["start"], gap["end"], gap["duration_s"]) == (
        "2024-04-15T22:30:10.000000000Z", "2024-04-15T22:30:50.000000000Z", 40.0,
    )  # fmt: skip
    assert (gap["reason"], "POWEROFF" in gap["says"]) == ("device_state", True)
    assert get(f"/telemetry/gaps/?{WINDOW}&threshold_s=40")["results"] == []
    assert get("/telemetry/gaps/?start=2200-01-01&end=2201-01-01")["results"] == []  # nobody was silent tomorrow


@pytest.mark.parametrize(
    ("address", "code", "says"),
    [
        ("/telemetry/?start=yesterday", 400, "is no time"),
        ("/telemetry/?start=2024-04-16&end=2024-04-15", 400, "is after end"),
        ("/telemetry/?device=nobody", 404, "/telemetry/channels/"),
        ("/telemetry/?event=nothing", 404, "/telemetry/channels/"),
        ("/telemetry/?device=cam&keys=foo", 404, "It has: fps, mode"),
        ("/telemetry/?keys=a..b", 400, "roi.xcen"),
        ("/telemetry/?cursor=x", 400, "cursor"),
        ("/telemetry/?limit=-1", 400, "at least 1"),
        ("/telemetry/?limit=1.5", 400, "whole number"),
        ("/telemetry/?limit=nan", 400, "at least 1"),
        ("/telemetry/?order=up", 400, "time, -time"),
        ("/telemetry/?raw=perhaps", 400, "true, false"),
        ("/telemetry/?device=%00", 400, "leave it out"),
        ("/telemetry/binned/?keys=cam:telem_stdcam:fps", 400, "give start and end"),
        (f"/telemetry/binned/?{WINDOW}", 400, "device:event:key"),
        (f"/telemetry/binned/?keys=fps&device=cam&{WINDOW}", 400, "device:event:key"),
        (f"/telemetry/binned/?keys=cam:telem_stdcam&{WINDOW}", 400, "device:event:key"),
        (f"/telemetry/binned/?keys=cam:telem_stdcam:foo&{WINDOW}", 404, "It has: fps"),
        (f"/telemetry/binned/?keys=cam:nothing:foo&{WINDOW}", 404, "It has: telem_stdcam"),
        (f"/telemetry/binned/?keys=cam:telem_stdcam:fps&{WINDOW}&bin_s=0.001", 400, "bin_s=0.006 or longer"),
        (f"/telemetry/binned/?keys=cam:telem_stdcam:fps&{WINDOW}&bins=20000", 400, "1 to 10000"),
        (f"/telemetry/binned/?keys=cam:telem_stdcam:fps&{WINDOW}&kind=x", 400, "number, state"),
        ("/telemetry/binned/?start=2024-04-15&end=2024-04-16&keys=" + ",".join(f"cam:telem_stdcam:k{n}" for n in range(25)), 400, "at most 24"),
        ("/telemetry/at/?start=2024-04-15", 400, "give start and end"),
        (f"/telemetry/at/?{WINDOW}&rule=x", 400, "state, continuous"),
        (f"/telemetry/gaps/?{WINDOW}&threshold_s=0", 400, "above 0"),
        ("/telemetry/gaps/?start=2024-01-01&end=2024-04-15", 400, "31 days"),
        ("/telemetry/spans/?start=2014-01-01&end=2024-04-15", 400, "400 days"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(get, rows, address, code, says):
    rows.say("cam", "telem_stdcam", T0, {"fps": 1.0, "mode": "a"})
    assert says in get(address, code)["detail"]


@pytest.mark.parametrize("n_channels", [1, 3])
def test_lists_ask_the_same_number_of_questions_however_many_channels(
    client, rows, n_channels, django_assert_num_queries
):
    for number in range(n_channels):
        rows.say(f"cam{number}", "telem_stdcam", T0, {"fps": 1.0})
        rows.say(f"cam{number}", "telem_stdcam", T0 + 50 * S, {"fps": 1.0})
    # Beside these: the user, and a time limit that is set and taken back between a savepoint's two ends.
    for address, count in (
        ("/telemetry/", 2),  # channels, records
        ("/telemetry/latest/", 2),
        ("/telemetry/channels/", 2),
        (f"/telemetry/at/?{WINDOW}", 3),  # and the keys that there are
        (f"/telemetry/spans/?{WINDOW}", 1),
        (f"/telemetry/gaps/?{WINDOW}", 6),  # which have heartbeats, the silences; files read, not read, states
    ):
        with django_assert_num_queries(1 + 4 + count):
            assert client.get(address).status_code == 200


def test_a_browsable_page_shows_records(client, mixed):
    assert b"telem_stdcam" in client.get("/telemetry/?format=api").content
