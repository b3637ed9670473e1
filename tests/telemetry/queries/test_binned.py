"""Bins for plots against numbers that were laid down."""

import math
import random
import statistics

import pytest

from telemetry.errors import UsageError
from telemetry.queries.binned import NUMBER, STATE, binned, binning
from telemetry.queries.channels import Channels
from telemetry.queries.keys import key_of
from telemetry.queries.times import Window
from tests.telemetry.rows import T0, S


def series(key, window, **how):
    (channel,) = Channels().of()
    kind = how.pop("kind", None)
    return binned(channel, key_of(key), binning(window, **how), kind=kind)


def test_each_bin_has_least_greatest_mean_and_number(rows):
    dice = random.Random(8)
    laid = [(T0 + dice.randrange(100 * S), dice.uniform(-40.0, 45.0)) for _ in range(200)]
    for at_ns, value in laid:
        rows.say("a", "telem_x", at_ns, {"roi": {"x": value}})
    found = series("roi.x", Window(T0, T0 + 100 * S), bins=10)
    assert found.kind == NUMBER
    assert [each.start_ns for each in found.bins] == [T0 + n * 10 * S for n in range(10)]
    for each in found.bins:
        values = [value for at_ns, value in laid if each.start_ns <= at_ns < each.start_ns + 10 * S]
        assert (each.least, each.greatest, each.n) == (min(values), max(values), len(values))
        assert each.mean == pytest.approx(statistics.fmean(values), rel=1e-12, abs=1e-12)


def test_bins_without_records_are_left_out_and_the_end_is_outside(rows):
    for second in (0, 25, 30):
        rows.say("a", "telem_x", T0 + second * S, {"n": float(second)})
    found = series("n", Window(T0, T0 + 30 * S), bin_s=10)
    assert [(each.start_ns, each.mean) for each in found.bins] == [(T0, 0.0), (T0 + 20 * S, 25.0)]
    assert series("n", Window(T0 + S, T0 + 2 * S), bins=5).bins == []


def test_nan_and_what_is_not_decoded_are_counted_apart(rows):
    rows.say("a", "telem_x", T0, {"pos": None}, nonfinite={"pos": "nan"})
    rows.say("a", "telem_x", T0 + 1, {"pos": 2.0})
    rows.say("a", "telem_x", T0 + 2, None, raw=b"\0")
    rows.say("a", "telem_x", T0 + 3, {"other": 1.0})
    (found,) = series("pos", Window(T0, T0 + S), bins=1).bins
    assert (found.least, found.greatest, found.mean, found.n) == (2.0, 2.0, 2.0, 1)
    assert (found.n_nonfinite, found.n_undecoded) == (1, 1)


def test_numbers_that_no_double_holds_do_not_break_the_question(rows):
    for number, text in enumerate(("1e400", "1e-400", "1.5")):
        rows.say("a", "telem_x", T0 + number, {"n": 0})
        rows.run("UPDATE telemetry.record SET msg = %s::jsonb WHERE ns = %s", f'{{"n": {text}}}', (T0 + number) % 1000)
    (found,) = series("n", Window(T0, T0 + S), bins=1).bins
    assert (found.least, found.greatest, found.n) == (0.0, 1.5, 2)


def test_states_have_first_last_and_changes(rows):
    for second, state in [(0, "a"), (1, "a"), (2, "b"), (3, "a"), (11, "a"), (12, "c"), (25, "c")]:
        rows.say("a", "telem_x", T0 + second * S, {"preset": state})
    found = series("preset", Window(T0, T0 + 30 * S), bin_s=10)
    assert found.kind == STATE
    assert [(each.first, each.last, each.changes, each.n) for each in found.bins] == [
        ("a", "a", 2, 4), ("a", "c", 1, 2), ("c", "c", 0, 1),
    ]  # fmt: skip
    assert [each.n for each in series("preset", Window(T0, T0 + 30 * S), bin_s=10, kind=NUMBER).bins] == []


def test_a_number_can_be_asked_for_as_a_state(rows):
    rows.say("a", "telem_x", T0, {"gain": 1})
    rows.say("a", "telem_x", T0 + 1, {"gain": 2})
    rows.say("a", "telem_x", T0 + 2, None)
    (found,) = series("gain", Window(T0, T0 + S), bins=1, kind=STATE).bins
    assert (found.first, found.last, found.changes, found.n, found.n_undecoded) == (1, 2, 1, 2, 1)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"bin_s": 0.001}, "at|give 1 to 10000, which is bin_s=0.36 or longer"),
        ({"bin_s": 0}, "too small"),
        ({"bins": 0}, "give 1 to 10000"),
        ({"bins": 10_001}, "give 1 to 10000"),
        ({"bins": 5, "bin_s": 5}, "not both"),
    ],
)
def test_too_many_bins_are_refused_with_what_would_do(how, says):
    with pytest.raises(UsageError, match=says):
        binning(Window(T0, T0 + 3600 * S), **how)


def test_a_window_without_length_or_border_has_no_bins():
    with pytest.raises(UsageError, match="the same"):
        binning(Window(T0, T0))
    with pytest.raises(UsageError, match="give start and end"):
        binning(Window(T0))


@pytest.mark.parametrize("bins", [1, 3, 7, 500])
def test_bins_never_outnumber_what_was_asked_for(bins):
    made = binning(Window(T0, T0 + 3601 * S), bins=bins)
    assert math.ceil(3601 / made.width_s) <= bins
