"""File names: how they are split, which are refused, which promise a FITS header."""

import pytest

from archive.errors import UsageError
from ingest.names import has_header, is_fits, split_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("tst1-e91.fits.fz", ("tst1-e91", ".fits.fz")),
        ("a.tar.gz", ("a", ".tar.gz")),
        ("a b.pdf", ("a b", ".pdf")),
        ("plain", ("plain", "")),
        ("M 51_ngc+é.fits", ("M 51_ngc+é", ".fits")),
    ],
)
def test_a_name_is_split_at_its_first_dot(name, parts):
    assert split_name(name) == parts


@pytest.mark.parametrize(
    "name",
    ["", ".fits", "  .fits", "a/b.fits", "..\\b.fits", "a\nb.fits", "a\0.fits", "a\u202eb.fits", "x" * 201, "ä" * 101],
)
def test_a_name_that_no_frame_may_have_is_refused(name):
    with pytest.raises(UsageError):
        split_name(name)


@pytest.mark.parametrize(
    ("extension", "fits", "header"),
    [
        (".fits", True, True),
        (".FITS.FZ", True, True),
        (".fit", True, True),
        (".tar.gz", False, True),
        (".pdf", False, False),
        ("", False, False),
        (".gz", False, False),
    ],
)
def test_only_the_endings_of_fits_promise_fits(extension, fits, header):
    assert (is_fits(extension), has_header(extension)) == (fits, header)
