import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.sections import Section, binning_of, parse_section, section_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1:512,1:544]", Section(y_start=0, y_stop=544, x_start=0, x_stop=512)),
        ("[1025:2048,3072:2049]", Section(2048, 3072, 1024, 2048, y_reversed=True)),
        ("[3072:2049,1025:2048]", Section(1024, 2048, 2048, 3072, x_reversed=True)),
        (" [1025:3072, 1025:3072] ", Section(1024, 3072, 1024, 3072)),
        ("[7:7,9:9]", Section(8, 9, 6, 7)),
    ],
)
def test_a_section_is_read_as_rows_and_columns_from_zero(text, expected):
    assert parse_section(text) == expected


@pytest.mark.parametrize(
    "text", ["", "UNKNOWN", "[1:2]", "[0:5,1:5]", "[1:5,0:0]", "[a:b,c:d]", "[1:2,3:4]x", "[-1:2,3:4]"]
)
def test_what_is_no_section_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"\[1:2048,1:1024\]"):
        parse_section(text)


@pytest.mark.parametrize("cards", [{}, {"DATASEC": "UNKNOWN"}, {"DATASEC": None}, {"DATASEC": 0}])
def test_a_header_without_a_section_has_none(cards):
    assert section_of(cards, "DATASEC") is None


def test_cutting_a_section_undoes_its_direction():
    pixels = np.arange(20).reshape(4, 5)
    np.testing.assert_array_equal(parse_section("[4:2,1:3]").cut(pixels), pixels[0:3, 1:4][:, ::-1])
    np.testing.assert_array_equal(parse_section("[2:4,3:1]").cut(pixels), pixels[0:3, 1:4][::-1])


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [("[1:4,1:4]", "[5:8,1:4]", False), ("[1:4,1:4]", "[4:8,4:8]", True), ("[1:4,1:4]", "[1:4,5:6]", False)],
)
def test_sections_overlap_if_they_share_a_pixel(one, other, overlap):
    assert parse_section(one).overlaps(parse_section(other)) is overlap


@pytest.mark.parametrize(
    ("value", "expected"), [("2 2", (2, 2)), ("1 4", (4, 1)), ("2  3 ", (3, 2)), ("N/A", (1, 1)), ("0 0", (1, 1))]
)
def test_binning_is_read_as_y_then_x(value, expected):
    assert binning_of({"CCDSUM": value}) == expected
