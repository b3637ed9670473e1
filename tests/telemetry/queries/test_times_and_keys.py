"""Times to the nanosecond, and keys of any name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.errors import UsageError
from telemetry.queries.keys import Key, Named, key_of, leaves_of, named_of, split_at_commas
from telemetry.queries.times import Window, columns_of, iso, iso_of, ns_of, unix_ns

A_TIME = 1_713_220_250_997_960_288  # the worked example of the format: 2024-04-15T22:30:50.997960288


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-04-15T22:30:50.997960288Z", A_TIME),
        ("2024-04-15 22:30:50.997960288", A_TIME),
        ("2024-04-15T22:30:50.997960288+00:00", A_TIME),
        ("2024-04-15T18:30:50.997960288-04:00", A_TIME),
        ("2024-04-16T00:30:50.997960288 02:00", A_TIME),  # a plus sign of an address
        ("2024-04-15T22:30:50.9979602889", A_TIME),
        ("2024-04-15T22:30:50.5", 1_713_220_250_500_000_000),
        ("2024-04-15T22:30", 1_713_220_200_000_000_000),
        ("2024-04-15", 1_713_139_200_000_000_000),
        ("2024-03-31T02:30:00Z", 1_711_852_200_000_000_000),  # no such hour in Europe: UTC has every hour
        ("1970-01-01", 0),
    ],
)
def test_times_are_read_to_the_nanosecond(text, expected):
    assert unix_ns(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-13-01",
        "2024-02-30",
        "24-01-01",
        "2024-01-01T25:00",
        "1969-12-31",
        "2300-01-01",
        "٢٠٢٤-01-01",
    ],
)
def test_what_is_no_time_says_how_to_write_one(text):
    with pytest.raises(UsageError, match=r"2024-04-15T22:30:50|1970 to 2262"):
        unix_ns(text)


@given(st.integers(0, 2**63 - 1))
def test_every_time_survives_being_written(at_ns):
    assert unix_ns(iso(at_ns)) == at_ns
    assert ns_of(*columns_of(at_ns)) == at_ns
    assert iso_of(*columns_of(at_ns)) == iso(at_ns)


def test_a_window_that_ends_before_it_starts_is_refused():
    with pytest.raises(UsageError, match="is after end"):
        Window(2, 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("exptime", ("exptime",)),
        ("roi.xcen", ("roi", "xcen")),
        ("temps[3]", ("temps", 3)),
        ("a[0].b[12]", ("a", 0, "b", 12)),
        ('"a.b".c', ("a.b", "c")),
        ('"a,b:c"', ("a,b:c",)),
        (r'"say \"x\" \\"', (r'say "x" \\'[:-1],)),
        ("3", ("3",)),
    ],
)
def test_keys_are_read(text, parts):
    assert key_of(text) == Key(parts)
    assert str(Key(parts)) == text


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "[3]", "a[b]", "a[-1]", "a[", '"a', "a b", "a\0", "a[1]b", ".".join("a" * 17)]
)
def test_what_is_no_key_says_how_to_write_one(text):
    with pytest.raises(UsageError, match=r"roi\.xcen"):
        key_of(text)


NAMES = st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text)


@given(NAMES, st.lists(NAMES | st.integers(0, 999), max_size=4))
def test_every_key_survives_being_written(first, rest):
    key = Key((first, *rest))
    assert key_of(str(key)) == key
    assert list(split_at_commas(f"a,{key},b"))[1] == str(key)


def test_names_have_a_device_an_event_and_a_key():
    assert named_of("cam_a:telem_stdcam:roi.xcen") == Named("cam_a", "telem_stdcam", key_of("roi.xcen"))
    assert named_of("cam_a:telem_stdcam") == Named("cam_a", "telem_stdcam")
    assert named_of("cam_a") == Named("cam_a")
    for text in ("", ":a", "a:", "a::b", "a:b:"):
        with pytest.raises(UsageError):
            named_of(text)


def test_leaves_of_a_message_are_its_keys_with_vectors_whole():
    message = {"mode": "x", "roi": {"xcen": 1.5, "w": 2}, "temps": [1.0, 2.0], "a.b": None}
    assert {str(key): value for key, value in leaves_of(message)} == {
        "mode": "x", "roi.xcen": 1.5, "roi.w": 2, "temps": [1.0, 2.0], '"a.b"': None,
    }  # fmt: skip
