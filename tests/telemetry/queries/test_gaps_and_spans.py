"""Silences with their reasons, and spans of observations, against what was laid down."""

import pytest

from telemetry.errors import UsageError
from telemetry.queries.channels import Channels
from telemetry.queries.gaps import gaps, heartbeats
from telemetry.queries.reasons import DEVICE_STATE, NO_FILE, NOT_INGESTED, SILENT
from telemetry.queries.spans import Span, spans
from telemetry.queries.times import Window
from tests.telemetry.rows import T0, S

NIGHT = Window(T0, T0 + 600 * S)


def beats(rows, *seconds, event="telem_x", **how):
    for second in seconds:
        rows.say("dev", event, T0 + round(second * S), {"n": second}, **how)


def found(window=NIGHT, event="telem_x", **how):
    return [(gap.start_ns, gap.end_ns, gap.reason) for gap in gaps(Channels().of(["dev"], [event]), window, **how)]


def at(second):
    return T0 + round(second * S)


def test_heartbeats_of_ten_seconds_have_no_gap_and_a_longer_silence_is_one(rows):
    beats(rows, *range(0, 300, 10), *range(400, 601, 10))
    assert found() == [(at(290), at(400), SILENT)]
    assert found(threshold_s=110) == []
    assert found(threshold_s=109.999999999) == [(at(290), at(400), SILENT)]


def test_a_silence_at_the_border_is_told_whole(rows):
    beats(rows, -100, *range(50, 560, 10), 700)
    assert found() == [(at(-100), at(50), SILENT), (at(550), at(700), SILENT)]
    assert found(Window(at(570), at(580))) == [(at(550), at(700), SILENT)]


def test_a_silence_without_a_record_before_or_after_it_ends_with_the_window(rows):
    beats(rows, *range(50, 560, 10))
    first, last = gaps(Channels().of(["dev"]), NIGHT)
    assert (first.start_ns, first.end_ns, first.duration_s) == (None, at(50), 50.0)
    assert (last.start_ns, last.end_ns, last.duration_s) == (at(550), None, 50.0)


def test_a_device_that_wrote_something_else_was_silent(rows):
    beats(rows, 0, 100, 600)
    beats(rows, *range(0, 601, 5), event="telem_y")
    assert found() == [(at(0), at(100), SILENT), (at(100), at(600), SILENT)]


def test_a_log_alone_is_no_sign_of_telemetry(rows):
    beats(rows, 0, 590, path="one")
    rows.say("dev", "text_log", at(300), {"message": "x"}, kind="binlog")
    rows.run("UPDATE telemetry.recording SET last_ns = first_ns WHERE path = 'one'")
    assert found() == [(at(0), at(590), NO_FILE)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([(200, 4)], DEVICE_STATE),
        ([(200, 8), (380, 30)], DEVICE_STATE),
        ([(-50, -20)], DEVICE_STATE),  # it was so before
        ([(-50, -20), (-40, 35)], SILENT),
        ([(200, 35)], SILENT),
        ([(200, 10000)], DEVICE_STATE),
        ([(450, 4)], SILENT),  # later
        ([(398, 0), (398.5, 1), (399, 35)], SILENT),  # a process began anew
        ([(110, 4), (130, 35), (240, 4)], DEVICE_STATE),
    ],
)
def test_a_state_in_which_nothing_measures_explains_a_silence(rows, told, reason):
    beats(rows, *range(0, 101, 10), *range(400, 601, 10))
    for second, code in told:
        rows.say("dev", "state_change", at(second), {"from": 35, "to": code}, kind="binlog")
    assert found() == [(at(100), at(400), reason)]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"ingested_size_bytes": None, "ingested_modified_ns": None}, NOT_INGESTED),
        ({"ingested_size_bytes": 500}, NOT_INGESTED),
        ({}, NO_FILE),
        ({"ingested_size_bytes": None, "kind": "log"}, NO_FILE),
        ({"ingested_size_bytes": None, "device": "other"}, NO_FILE),
        ({"ingested_size_bytes": None, "created_ns": at(450), "modified_ns": at(500)}, NO_FILE),
        ({"ingested_size_bytes": None, "size_bytes": 0}, NO_FILE),
    ],
)
def test_a_file_that_was_not_read_explains_a_silence_before_all_else(rows, columns, reason):
    beats(rows, *range(0, 101, 10), path="one")
    beats(rows, *range(400, 601, 10), path="two")
    rows.file(
        "/x",
        **{"device": "dev", "created_ns": at(110), "modified_ns": at(170), "ingested_modified_ns": at(170)} | columns,
    )
    assert found() == [(at(100), at(400), reason)]


def test_of_a_file_that_was_read_in_part_the_rest_counts(rows):
    beats(rows, *range(0, 101, 10), path="one")
    rows.file(
        "/one",
        device="dev",
        recording_id=rows.recordings["one"],
        created_ns=at(0),
        modified_ns=at(590),
        ingested_size_bytes=10,
    )
    assert found() == [(at(100), None, NOT_INGESTED)]


def test_a_gap_says_no_path(rows):
    beats(rows, 0, 600)
    rows.file("/secret/path", device="dev", created_ns=at(10), modified_ns=at(50), ingested_size_bytes=None)
    (gap,) = gaps(Channels().of(["dev"]), NIGHT)
    assert "secret" not in gap.says
    assert gap.says


def test_only_channels_of_telemetry_files_have_heartbeats(rows):
    beats(rows, 0)
    beats(rows, 0, event="text_log", kind="binlog")
    beats(rows, 0, event="telem_indi_set", kind="ndjson")
    beats(rows, 900, event="telem_later")
    assert [channel.event for channel in heartbeats(Channels().of(), NIGHT)] == ["telem_x"]


def test_thresholds_and_windows_out_of_bounds_are_refused(rows):
    with pytest.raises(UsageError, match="above 0"):
        gaps([], NIGHT, threshold_s=0)
    with pytest.raises(UsageError, match="31 days"):
        gaps([], Window(0, 40 * 86400 * S))


@pytest.fixture
def observe(rows):
    def say(second, observing, *, title="t", email="a@b"):
        rows.say("observers", "telem_observer", at(second), {"email": email, "obsName": title, "observing": observing})

    return say


def test_a_span_runs_from_on_to_off_however_often_it_is_repeated(observe):
    for second, observing in [(0, False), (10, True), (20, True), (30, False), (40, False), (50, True)]:
        observe(second, observing)
    assert spans(NIGHT) == [Span(at(10), at(30), "a@b", "t"), Span(at(50), None, "a@b", "t")]


def test_another_title_or_observer_ends_a_span_and_begins_the_next(observe):
    observe(10, True)
    observe(20, True, title="u")
    observe(30, True, title="u", email="c@d")
    observe(40, False, title="u", email="c@d")
    assert spans(NIGHT) == [
        Span(at(10), at(20), "a@b", "t"), Span(at(20), at(30), "a@b", "u"), Span(at(30), at(40), "c@d", "u"),
    ]  # fmt: skip


def test_a_record_without_a_title_changes_nothing(observe):
    observe(10, True)
    observe(20, False, title="")
    observe(30, False)
    assert spans(NIGHT) == [Span(at(10), at(30), "a@b", "t")]


def test_spans_that_touch_the_window_are_told_whole(observe):
    observe(-3600, True)
    observe(100, False)
    observe(500, True, title="u")
    observe(4000, False, title="u")
    observe(5000, True)
    assert [(span.start_ns, span.end_ns) for span in spans(NIGHT)] == [(at(-3600), at(100)), (at(500), at(4000))]
    assert spans(Window(at(200), at(300))) == []


def test_the_view_tells_the_same_as_the_question(rows, observe):
    observe(10, True)
    observe(30, False)
    assert (
        rows.run("SELECT count(*) FROM telemetry.observations WHERE obsname = 't' AND end_ts - start_ts = '20 s'") == 1
    )
