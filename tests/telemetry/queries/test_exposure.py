"""Values at an exposure: the two rules, against what was laid down."""

import pytest

from telemetry.errors import UsageError
from telemetry.queries.channels import Channels
from telemetry.queries.exposure import CONTINUOUS, STATE, Exposure, at_exposure
from telemetry.queries.keys import key_of
from tests.telemetry.rows import T0, S

FROM, TO = T0 + 10 * S, T0 + 20 * S


def value(key, *, start=FROM, end=TO, rule=None, max_age_s=None):
    (channel,) = Channels().of()
    (found,) = at_exposure([(channel, key_of(key))], Exposure(start, end, max_age_s), rule=rule)
    return found


@pytest.fixture
def preset(rows):
    """Says names of a preset at seconds after T0."""

    def say(*told):
        for second, name in told:
            rows.say("fw", "telem_stage", T0 + round(second * S), {"presetName": name})

    return say


@pytest.mark.parametrize(
    ("told", "expected", "changed"),
    [
        ([(0, "a"), (9, "b")], "b", False),
        ([(0, "a"), (10, "b")], "b", False),  # exactly at t0 it holds already
        ([(0, "a"), (12, "a"), (15, "b"), (17, "b")], "b", True),
        ([(0, "a"), (15, "b"), (17, "c")], "c", True),
        ([(0, "a"), (15, "b"), (17, "a")], "a", True),
        ([(0, "a"), (12, "a"), (20, "b")], "a", False),  # at t1 it is over
        ([(0, "a"), (19.999999999, "b")], "b", True),
        ([(12, "b")], "b", True),  # nothing was known before
        ([(0, "a"), (25, "b")], "a", False),
    ],
)
def test_a_state_is_the_last_before_the_exposure_unless_it_changes_in_it(preset, told, expected, changed):
    preset(*told)
    found = value("presetName")
    assert (found.rule, found.value, found.changed, found.invalid) == (STATE, expected, changed, "")


def test_a_state_that_comes_after_the_exposure_is_invalid(preset):
    preset((21, "a"))
    assert (value("presetName").value, bool(value("presetName").invalid)) == (None, True)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([(14, 1.0), (16, 2.0)], 1.5),
        ([(0, 10.0), (40, 50.0)], 25.0),
        ([(14, 1.0), (15, 7.0), (16, 2.0)], 7.0),  # a record in the very middle
        ([(14.75, -3.0), (15.75, 5.0)], -1.0),
        ([(0, 99.0), (14, 2.75e-4), (16.5, 2.76e-4)], 2.75e-4 + 1e-6 * 1.0 / 2.5),
    ],
)
def test_a_real_number_is_interpolated_at_the_middle(rows, told, expected):
    for second, number in told:
        rows.say("fg", "telem_fgtimings", T0 + round(second * S), {"atime": number})
    found = value("atime")
    assert found.rule == CONTINUOUS
    assert found.value == pytest.approx(expected, rel=1e-9)


def test_the_middle_may_be_half_a_nanosecond(rows):
    rows.say("fg", "telem_x", T0, {"v": 0.0})
    rows.say("fg", "telem_x", T0 + 10, {"v": 10.0})
    assert value("v", start=T0 + 2, end=T0 + 5).value == pytest.approx(3.5, rel=1e-9)


@pytest.mark.parametrize(("second", "side"), [(14, "after"), (16, "before")])
def test_a_number_with_records_on_one_side_alone_is_invalid(rows, second, side):
    rows.say("fg", "telem_x", T0 + second * S, {"v": 1.0})
    found = value("v")
    assert (found.value, found.invalid) == (None, f"no record {side} the middle of the exposure")


def test_nan_beside_the_middle_is_invalid_and_told(rows):
    rows.say("fg", "telem_x", T0 + 14 * S, {"v": None}, nonfinite={"v": "nan"})
    rows.say("fg", "telem_x", T0 + 16 * S, {"v": 1.0})
    found = value("v")
    assert (found.rule, found.value, found.nonfinite) == (CONTINUOUS, None, "nan")
    assert "says nan" in found.invalid
    within = value("v", end=T0 + 15 * S, rule=STATE)
    assert (within.value, within.nonfinite, within.invalid) == (None, "nan", "the value is nan")


def test_records_that_are_not_decoded_or_lack_the_key_are_passed_over(rows):
    rows.say("fg", "telem_x", T0 + 1 * S, {"v": 1.0})
    rows.say("fg", "telem_x", T0 + 2 * S, {"w": 1.0})
    rows.say("fg", "telem_x", T0 + 3 * S, None, raw=b"\0")
    rows.say("fg", "telem_x", T0 + 29 * S, {"v": 3.0})
    assert value("v").value == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize(("laid", "rule"), [(3, STATE), (True, STATE), ("x", STATE), (3.0, CONTINUOUS)])
def test_the_rule_follows_the_type_and_can_be_chosen(rows, laid, rule):
    rows.say("fg", "telem_x", T0, {"v": laid})
    rows.say("fg", "telem_x", T0 + 30 * S, {"v": laid})
    assert (value("v").rule, value("v").value) == (rule, laid)
    assert value("v", rule=STATE).value == laid


def test_integers_are_interpolated_when_asked_and_words_can_not_be(rows):
    rows.say("fg", "telem_x", T0 + 14 * S, {"n": 1, "word": "a"})
    rows.say("fg", "telem_x", T0 + 16 * S, {"n": 2, "word": "b"})
    assert value("n", rule=CONTINUOUS).value == pytest.approx(1.5)
    found = value("word", rule=CONTINUOUS)
    assert (found.value, found.invalid) == (None, "the records beside it say no numbers: ask with rule=state")


def test_vectors_are_interpolated_one_by_one_and_their_elements_have_keys(rows):
    rows.say("t", "telem_temps", T0 + 14 * S, {"temps": [1.0, 10.0]})
    rows.say("t", "telem_temps", T0 + 16 * S, {"temps": [2.0, 30.0]})
    assert value("temps").value == pytest.approx([1.5, 20.0])
    assert value("temps[1]").value == pytest.approx(20.0)


def test_records_that_lie_too_far_away_do_not_count_when_asked(rows):
    rows.say("fg", "telem_x", T0 - 7200 * S, {"v": 1.0, "name": "a"})
    rows.say("fg", "telem_x", T0 + 16 * S, {"v": 2.0, "name": "b"})
    assert value("v").value is not None
    assert value("v", max_age_s=60).value is None
    assert "2024-04-15T20:30:00" in value("v", max_age_s=60).invalid
    assert value("name", max_age_s=60).value == "b"  # it changed within the exposure
    assert value("name", end=FROM + 1, max_age_s=60).value is None


def test_an_exposure_without_length_has_a_value(rows):
    rows.say("fg", "telem_x", FROM, {"v": 1.0, "name": "a"})
    assert value("v", end=FROM).value == 1.0
    assert value("name", end=FROM).value == "a"


def test_an_exposure_that_ends_before_it_starts_is_refused():
    with pytest.raises(UsageError, match="is after end"):
        Exposure(2, 1)


def test_many_keys_of_many_channels_are_one_question_and_keep_their_order(rows, django_assert_num_queries):
    for number in range(5):
        for second in (0, 30):
            rows.say(f"d{number}", "telem_x", T0 + second * S, {"v": float(number), "name": f"n{number}"})
    wanted = [(channel, key_of(key)) for channel in Channels().of() for key in ("v", "name")]
    with django_assert_num_queries(1):
        found = at_exposure(wanted, Exposure(FROM, TO))
    assert [(each.channel.device, each.value) for each in found] == [
        (f"d{number}", answer) for number in range(5) for answer in (float(number), f"n{number}")
    ]
    assert at_exposure([], Exposure(FROM, TO)) == []
