import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.formats.names import parse_name

DIGITS, AT_NS = "20240415223050997960288", 1_713_220_250_997_960_288
ISO, AT_S = "2024-04-15T223050", 1_713_220_250_000_000_000


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"camsci_{DIGITS}.bintel", ("camsci", AT_NS, "bintel", "")),
        (f"a_b_c_{DIGITS}.binlog", ("a_b_c", AT_NS, "binlog", "")),
        (f"camsci_{DIGITS}.bintel.gz", ("camsci", AT_NS, "bintel", "gz")),
        (f"camsci_{DIGITS}.binlog.zst", ("camsci", AT_NS, "binlog", "zst")),
        (f"camsci_{DIGITS}.xrif", ("camsci", AT_NS, "xrif", "")),
        (f"bell_py_{ISO}.ndjson", ("bell_py", AT_S, "ndjson", "")),
        (f"bell_py_{ISO}.ndjson.gz", ("bell_py", AT_S, "ndjson", "gz")),
        (f"bell_py_{ISO}.log.gz", ("bell_py", AT_S, "log", "gz")),
        (f"dots.in.name_{DIGITS}.bintel", ("dots.in.name", AT_NS, "bintel", "")),
        (f"{'d' * 60}_{DIGITS}.bintel", ("d" * 60, AT_NS, "bintel", "")),
        ("camsci_20240231223050997960288.bintel", ("camsci", None, "bintel", "")),  # no such day
        ("camsci_2024041522305099796028.bintel", ("camsci", None, "bintel", "")),  # a digit is missing
        ("camsci_latest.bintel", ("camsci", None, "bintel", "")),
        ("a_notes.txt", ("", None, "other", "")),
        ("README", ("", None, "other", "")),
        ("", ("", None, "other", "")),
        ("_.bintel", ("", None, "bintel", "")),
        (f"_{DIGITS}.bintel", ("", AT_NS, "bintel", "")),
        ("x_20240415223050997960288", ("x", AT_NS, "other", "")),
        ("x_٢٠٢٤٠٤١٥٢٢٣٠٥٠٩٩٧٩٦٠٢٨٨.bintel", ("x", None, "bintel", "")),  # digits, and none of ours
    ],
)
def test_device_time_kind_and_compression_follow_from_a_name(name, expected):
    assert tuple(parse_name(name)) == expected


@given(st.text(max_size=60))
def test_no_name_is_an_error(name):
    parse_name(name)
    parse_name(f"{name}_{DIGITS}.bintel")
