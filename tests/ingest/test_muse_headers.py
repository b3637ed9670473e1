"""What a header of MUSE tells of its frame, or that it is refused."""

from datetime import UTC, date, datetime

import pytest
from astropy.coordinates import SkyCoord
from django.conf import settings

from archive.errors import UsageError
from ingest.headers import registry
from ingest.headers.record import FrameRecord
from ingest.headers.translator import Source

RAW = "MUSE.2019-04-16T00:27:14.123"
HEADER = {
    "INSTRUME": "MUSE", "DATE-OBS": "2019-04-16T00:27:14.123", "EXPTIME": 600.0, "RA": 83.6, "DEC": -5.4,
    "ESO INS MODE": "WFM-AO-N", "ESO DPR TYPE": "OBJECT", "ESO OBS PROG ID": "0103.A-0001(A)", "ESO OBS ID": 2100001,
}  # fmt: skip


def record(name: str = f"{RAW}.fits.fz", **changes) -> FrameRecord:
    header = {key: value for key, value in {**HEADER, **changes}.items() if value is not ...}
    basename, extension = name.split(".fits")
    source = Source(basename, f".fits{extension}", headers=[header], given={})
    return registry.translate(source, settings.HEADER_RULES, overrides={})


def test_a_raw_file_is_of_paranal_and_of_its_programme():
    found = record()
    assert (found.site_id, found.telescope_id, found.proposal_id) == ("paranal", "VLT-UT4", "0103.A-0001(A)")
    assert (found.observation_id, found.reduction_level, found.exposure_time) == (2100001, 0, 600.0)
    assert found.observation_date == datetime(2019, 4, 16, 0, 27, 14, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("began", "night"),
    [("2019-04-16T00:27:14", date(2019, 4, 15)), ("2019-04-15T23:50:00", date(2019, 4, 15)),
     ("2019-04-16T09:59:00", date(2019, 4, 15)), ("2019-04-16T20:00:00", date(2019, 4, 16))],
)  # fmt: skip
def test_a_night_begins_at_noon_in_paranal(began, night):
    assert record(**{"DATE-OBS": began}).observation_day == night


@pytest.mark.parametrize(
    ("words", "expected"),
    [("OBJECT", "EXPOSE"), ("BIAS", "BIAS"), ("FLAT,LAMP", "LAMPFLAT"), ("FLAT,LAMP,ILLUM", "LAMPFLAT"), ("FLAT", "EXPOSE"),
     ("FLAT,SKY", "SKYFLAT"), ("STD", "STANDARD"), ("WAVE", "ARC"), ("WAVE,MASK", "ARC"), (..., "EXPOSE")],
)  # fmt: skip
def test_the_type_follows_from_what_eso_calls_it(words, expected):
    assert record(**{"ESO DPR TYPE": words}).configuration_type == expected


class TestFootprint:
    @pytest.mark.parametrize(("mode", "side_arcsec"), [("WFM-AO-N", 60.0), ("NFM-AO-N", 7.5)])
    @pytest.mark.parametrize(
        ("ra", "dec"), [(83.6, -5.4), (0.001, 10.0), (359.999, -60.0), (-0.001, 0.0), (12.0, 89.999)]
    )
    def test_the_field_is_a_square_about_the_pointing(self, mode, side_arcsec, ra, dec):
        ring = record(RA=ra, DEC=dec, **{"ESO INS MODE": mode}).footprint
        centre = SkyCoord(ra, dec, unit="deg")
        corners = [centre.separation(SkyCoord(*corner, unit="deg")).arcsec for corner in ring]
        assert corners == pytest.approx([side_arcsec / 2**0.5] * 5, rel=1e-6)
        assert all(0.0 <= corner[0] <= 360.0 for corner in ring)

    @pytest.mark.parametrize(
        "changes",
        [{"RA": ...}, {"DEC": ...}, {"DEC": 90.1}, {"RA": "05:34:24"}, {"RA": True}, {"RA": 10**400}, {"RA": float("inf")},
         {"DEC": float("nan")}, {"ESO INS MODE": ...}, {"ESO INS MODE": "OTHER"}],
    )  # fmt: skip
    def test_no_field_without_coordinates_and_a_mode(self, changes):
        assert record(**changes).footprint is None


@pytest.mark.parametrize("number", [2**31, -1, "2100001", True])
def test_a_block_that_the_column_does_not_take_is_left_out(number):
    assert record(**{"ESO OBS ID": number}).observation_id is None


@pytest.mark.parametrize(
    "changes", [{"DATE-OBS": ...}, {"DATE-OBS": "16/04/19"}, {"DATE-OBS": "0001-01-01T00:00:00"}, {"EXPTIME": 10**400}]
)
def test_what_can_not_be_read_is_refused_by_its_key(changes):
    with pytest.raises(UsageError, match=next(iter(changes))):
        record(**changes)
