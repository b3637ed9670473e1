"""Cards to values, against the FITS standard and against astropy."""

import json
import warnings

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from ingest.cards import clean_text, parse_cards, parse_value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'plain'", "plain"),
        ("'it''s'   / its", "it's"),
        ("' lead trail  '", " lead trail"),
        ("''", ""),
        ("'a / b' / c", "a / b"),
        ("                   T / flag", True),
        ("F", False),
        ("                  0042", 42),
        ("-7 / minus", -7),
        ("1.5", 1.5),
        ("-.5E-3", -0.0005),
        ("2.D3", 2000.0),
        ("12345678901234567890123", 12345678901234567890123),
        ("/ only a comment", None),
        ("", None),
        ("NaN", None),
        ("-inf / oops", None),
        ("1E999", None),
        ("(1.0, 2.0)", "(1.0, 2.0)"),
        ("1_000", "1_000"),
        ("free text / c", "free text"),
        ("'no end", "'no end"),
    ],
)
def test_a_value_is_read_as_the_standard_says_or_kept_as_text(written, value):
    assert parse_value(written) == value
    assert type(parse_value(written)) is type(value)


def header_of(*lines: str) -> dict[str, object]:
    return parse_cards("".join(line.ljust(80)[:80] for line in lines))


def test_long_texts_and_hierarch_keywords_read_as_astropy_writes_them():
    header = fits.Header()
    header["LONGTEXT"] = ("long ' text & " * 20, "and a comment")
    header["HIERARCH ESO TEL AMBI FWHM"] = (0.83, "seeing")
    header["HIERARCH lower case key"] = "x"
    header["AFTER"] = 1
    assert parse_cards(header.tostring(endcard=False, padding=False)) == dict(header.items())


def test_commentary_is_joined_and_the_first_of_two_equal_keywords_counts():
    found = header_of("COMMENT one", "HISTORY x = 1", "KEY     = 1", "COMMENT two", "KEY     = 2", "", "        blank")
    assert found == {
        "COMMENT": " one\n two".replace(" o", "o").replace(" t", "t"),
        "HISTORY": "x = 1",
        "KEY": 1,
        "": "\nblank",
    }


def test_an_ampersand_without_continuation_stays():
    assert header_of("A       = 'x&'", "B       = 2") == {"A": "x&", "B": 2}


def test_a_continuation_of_nothing_is_passed_over():
    assert header_of("A       = 2", "CONTINUE  'x'") == {"A": 2}


def test_cards_that_break_the_letter_of_the_standard_are_read():
    assert header_of("a=3", "KEY     =4", "NOVALUE") == {"A": 3, "KEY": 4, "NOVALUE": ""}


def test_bytes_outside_printable_ascii_never_reach_a_value():
    assert clean_text(b"a\0b\tc\xb0d\x7f\n") == "a b c?d  "


text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=150)
values = st.one_of(
    text, st.booleans(), st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False)
)
keys = st.from_regex(r"[A-Z][A-Z0-9_-]{0,7}", fullmatch=True).filter(
    lambda key: key not in {"END", "COMMENT", "HISTORY", "CONTINUE", "HIERARCH", "SIMPLE", "XTENSION"}
)


@given(st.dictionaries(keys, values, max_size=8))
def test_any_header_that_astropy_writes_is_read_as_astropy_reads_it(content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = fits.Header(content).tostring(endcard=False, padding=False)
        expected = fits.Header.fromstring(written)
        assert parse_cards(written) == {key: expected[key] for key in expected}


@given(st.binary(max_size=800))
def test_any_bytes_give_values_fit_for_json(raw):
    json.dumps(parse_cards(clean_text(raw)), allow_nan=False)
