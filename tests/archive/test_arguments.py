from argparse import ArgumentTypeError
from datetime import date

import pytest

from archive.management import arguments


def test_a_night_is_read():
    assert arguments.night("2016-09-25") == date(2016, 9, 25)


@pytest.mark.parametrize("text", ["2016-13-01", "yesterday", "", "2016-02-30", "25.09.2016"])
def test_what_is_no_night_is_told_how_to_write_one(text):
    with pytest.raises(ArgumentTypeError, match=r"is no night: write it as 2016-09-25\."):
        arguments.night(text)
