"""From a header to a record: required keys, nulls, dates, embargo, relations, LCO's repairs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings

from archive.enums import RelationKind
from archive.errors import FatalError, UsageError
from ingest.headers import registry
from ingest.headers.record import FrameRecord, RelatedName
from ingest.headers.translator import Source

OBSERVED = datetime(2025, 3, 10, 1, 8, 31, 456000, tzinfo=UTC)
HEADER = {
    "SITEID": "lsc", "TELID": "1m0a", "INSTRUME": "fa15", "OBSTYPE": "EXPOSE", "PROPID": "PROP001",
    "DATE-OBS": "2025-03-10T01:08:31.456", "DAY-OBS": "20250309", "BLKUID": "0900000001", "REQNUM": "0002100001",
    "EXPTIME": 60.0, "FILTER": "rp", "OBJECT": "M 51", "RLEVEL": 91,
}  # fmt: skip


def record(
    name="lsc1m005-fa15-20250309-0004-e91.fits", *, given=None, rules=None, headers=None, **changes
) -> FrameRecord:
    basename, _, extension = name.partition(".")
    header = {key: value for key, value in {**HEADER, **changes}.items() if value is not ...}
    source = Source(basename, f".{extension}", headers=[header] if headers is None else headers, given=given or {})
    return registry.translate(source, rules or settings.HEADER_RULES, overrides={})


def test_a_record_holds_what_the_header_says():
    found = record()
    assert (found.site_id, found.telescope_id, found.instrument_id) == ("lsc", "1m0a", "fa15")
    assert (found.observation_date, found.observation_day) == (OBSERVED, date(2025, 3, 9))
    assert (found.observation_id, found.request_id, found.reduction_level) == (900000001, 2100001, 91)
    assert (found.exposure_time, found.primary_optical_element, found.target_name) == (60.0, "rp", "M 51")
    assert found.filename == "lsc1m005-fa15-20250309-0004-e91.fits"


def test_the_first_header_with_every_required_key_is_taken():
    headers = [{"SIMPLE": True}, {**HEADER, "OBJECT": "first"}, {**HEADER, "OBJECT": "second"}]
    assert record(headers=headers).target_name == "first"


def test_given_metadata_completes_the_header_and_stands_alone_without_one():
    assert record(PROPID=..., given={"PROPID": "PROP009"}).proposal_id == "PROP009"
    assert record("note.pdf", headers=[], given=HEADER).site_id == "lsc"


def test_a_header_without_required_keys_is_refused_and_the_keys_are_named():
    with pytest.raises(UsageError, match="PROPID, BLKUID"):
        record(PROPID=..., BLKUID=...)


@pytest.mark.parametrize("value", ["N/A", "UNSPECIFIED", "UNKNOWN"])
def test_unknown_values_are_null_in_integer_keys_and_empty_elsewhere(value):
    found = record(REQNUM=value, OBJECT=value)
    assert (found.request_id, found.target_name) == (None, "")
    assert (found.headers["REQNUM"], found.headers["OBJECT"]) == (None, "")


def test_none_in_an_integer_key_is_null():
    assert record(BLKUID="NONE").observation_id is None


def test_blank_and_unwanted_keys_are_dropped():
    found = record(**{"": "blank", "HISTORY": "x", "COMMENT": "y"})
    assert not {"", "HISTORY", "COMMENT"} & found.headers.keys()


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"BLKUID": "12x"}, "BLKUID"), ({"REQNUM": -1}, "REQNUM"), ({"REQNUM": 2**31}, "REQNUM"), ({"EXPTIME": "long"}, "EXPTIME"),
     ({"EXPTIME": 10**400}, "EXPTIME"), ({"EXPTIME": "nan"}, "EXPTIME"), ({"BLKUID": float("inf")}, "BLKUID"),
     ({"DATE-OBS": "10/03/25"}, "DATE-OBS"), ({"DAY-OBS": "2025-13-01"}, "DAY-OBS")],
)  # fmt: skip
def test_values_that_can_not_be_read_are_refused_by_their_key(changes, name):
    with pytest.raises(UsageError, match=name):
        record(**changes)


def test_a_missing_day_is_the_date_of_the_observation():
    assert record(**{"DAY-OBS": ""}).observation_day == date(2025, 3, 10)


class TestPublicDate:
    YEAR = timedelta(days=365)

    def test_the_header_decides_first(self):
        assert record(L1PUBDAT="2030-01-01T00:00:00").public_date == datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("tags", "embargo"), [({"private", "public"}, 999 * YEAR), ({"public"}, 0 * YEAR), ({"other"}, YEAR)]
    )
    def test_then_the_tags_of_the_proposal(self, tags, embargo):
        rules = replace(settings.HEADER_RULES, proposal_tags=lambda _: frozenset(tags))
        assert record(rules=rules).public_date == OBSERVED + embargo

    @pytest.mark.parametrize(
        ("changes", "embargo"),
        [
            ({"OBSTYPE": "BIAS"}, 0 * YEAR),
            ({"PROPID": "LCOEPO2014B"}, 0 * YEAR),
            ({"PROPID": "LCOEngineering"}, 999 * YEAR),
            ({}, YEAR),
        ],
    )
    def test_then_type_and_proposal(self, changes, embargo):
        assert record(**changes).public_date == OBSERVED + embargo

    def test_then_the_kind_of_file(self):
        name = "lsc1m005-fa15-20250309-0004-t00.fits"
        assert record(name).public_date == OBSERVED + 999 * self.YEAR
        # A calibration is public even so: its rule comes first.
        assert record(name, OBSTYPE="DARK").public_date == OBSERVED


class TestRelations:
    def test_each_key_says_how_frames_are_related(self):
        found = record(
            L1IDBIAS="a-bias.fits.fz",
            ORIGNAME="lsc1m005-fa15-20250309-0004-e00.fits",
            L1IDCAT="the_cat.fits",
            TARFILE="t.tar.gz",
        )
        assert set(found.related) == {
            RelatedName("a-bias", RelationKind.CALIBRATES),
            RelatedName("lsc1m005-fa15-20250309-0004-e00", RelationKind.RAW_OF),
            RelatedName("the_cat", RelationKind.CATALOGUE_OF),
            RelatedName("t", RelationKind.RELATED),
        }
        assert found.headers["L1IDBIAS"] == "a-bias"

    def test_a_frame_is_not_related_to_itself_nor_to_unknown_ones(self):
        assert record(ORIGNAME="lsc1m005-fa15-20250309-0004-e91.fits", L1IDBIAS="N/A", L1IDDARK="").related == ()

    def test_a_catalogue_names_its_image(self):
        name = "lsc1m005-fa15-20250309-0004-e91"
        (found,) = record(f"{name}_cat.fits.fz").related
        assert found == RelatedName(name, RelationKind.CATALOGUE_OF, derived=True)


class TestRepairsOfLco:
    @pytest.mark.parametrize(
        ("name", "changes", "expected"),
        [
            ("lsc1m005-fa15-20250309-0004-e91_cat.fits.fz", {}, "CATALOG"),
            ("lsc1m005-fa15-20250309-0004-b00.fits.fz", {}, "BIAS"),
            ("lsc1m005-fa15-20250309-0004-d00.fits.fz", {}, "DARK"),
            ("lsc1m005-fa15-20250309-0004-f00.fits.fz", {}, "SKYFLAT"),
            ("lsc1m005-fa15-20250309-0004-g00.fits.fz", {}, "GUIDE"),
            ("lsc1m005-fa15-20250309-0004-s00.fits.fz", {}, "STANDARD"),
            ("lsc1m005-fa15-20250309-0004-w00.fits.fz", {}, "LAMPFLAT"),
            ("lsc1m005-fa15-20250309-0004-x00.fits.fz", {}, "EXPERIMENTAL"),
            ("lsc1m005-fa15-20250309-0004-e00.fits.fz", {}, "EXPOSE"),
            ("lsc1m005-fa15-20250309-0004-a00.fits.fz", {}, "ARC"),
            ("coj2m002-en12-20250309-0004-e00.fits.fz", {}, "SPECTRUM"),
            ("lscnrs01-fa09-20250309-0004-e00.fits.fz", {"TELID": "igla"}, "TARGET"),
            ("lscnrs01-fa09-20250309-0004-a00.fits.fz", {"ENCID": "igla"}, "DOUBLE"),
            ("lsc1m005-fa15-20250309-bias-bin1x1.fits.fz", {}, "BIAS"),
            ("lsc1m005-fa15-20250309-bpm-full.fits.fz", {}, "BPM"),
        ],
    )
    def test_a_missing_type_stands_in_the_name(self, name, changes, expected):
        assert record(name, OBSTYPE="UNKNOWN", **changes).configuration_type == expected

    def test_a_name_that_tells_no_type_is_refused(self):
        with pytest.raises(UsageError, match="OBSTYPE"):
            record("lsc1m005-fa15-20250309-0004-q00.fits.fz", OBSTYPE="UNKNOWN")

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("lsc1m005-fa15-20250309-0004-e91.fits.fz", 91), ("lsc1m005-fa15-bias.fits.fz", 0), ("x-1.tar.gz", 90)],
    )
    def test_a_missing_level_stands_in_the_name(self, name, expected):
        assert record(name, RLEVEL=0).reduction_level == expected

    def test_other_files_are_not_repaired(self):
        assert record("lsc1m005-fa15-20250309-0004-e91.fits", RLEVEL=0, OBSTYPE="UNKNOWN").configuration_type == ""


def test_an_override_names_another_translator():
    source = Source("x", ".fits", headers=[HEADER], given={})
    found = registry.translate(source, settings.HEADER_RULES, overrides={".fits": "ingest.headers.ocs.translate_lco"})
    assert found.reduction_level == 91
    with pytest.raises(FatalError, match=r"no\.such"):
        registry.translate(source, settings.HEADER_RULES, overrides={".fits": "no.such.reader"})
