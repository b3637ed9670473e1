"""Headers of the adaptive-optics camera: angles, pointing, field, where it stood, who may see it when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK5, SkyCoord
from django.conf import settings

from archive.enums import RawKind, RelationKind
from archive.errors import UsageError
from ingest.configdb import configuration_types
from ingest.headers import registry, roboao
from ingest.headers.installations import installation_at
from ingest.headers.translator import Source
from ingest.names import split_name
from ingest.roboao_names import raw_name
from tests.ao_camera import CARDS, OBSERVATION

OBSERVED = datetime(2016, 9, 25, 11, 4, 27, 40912, tzinfo=UTC)
FULL_FRAME = {"NAXIS": 2, "NAXIS1": 1024, "NAXIS2": 1024}
KITT_PEAK_SCALE, PALOMAR_SCALE = 0.0351594, 0.043


def record(name=f"{OBSERVATION}.fits.bz2", *, rules=None, overrides=None, given=None, **changes):
    basename, extension = split_name(name)
    header = {key: value for key, value in {**CARDS, **FULL_FRAME, **changes}.items() if value is not ...}
    source = Source(basename, extension, headers=[header], given=given or {})
    return registry.translate(source, rules or settings.HEADER_RULES, overrides=overrides or {})


def sky(points):
    ra, dec = np.array(points).T
    return SkyCoord(ra * u.deg, dec * u.deg, frame="icrs")


class TestAngles:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("-00:12:30", -(12 / 60 + 30 / 3600)),
            ("-12:30:00", -12.5),
            ("+12:30:00", 12.5),
            ("-00:00:00.5", -0.5 / 3600),
            ("-89:59:59.99", -(89 + 59 / 60 + 59.99 / 3600)),
            ("01:02:03.456", 1 + 2 / 60 + 3.456 / 3600),
            (" 23 59 59.999 ", 23 + 59 / 60 + 59.999 / 3600),
            ("12h34m56.7s", 12 + 34 / 60 + 56.7 / 3600),
            ("12:34:60.0", 12 + 35 / 60),
        ],
    )
    def test_a_sign_is_of_the_whole_angle(self, text, value):
        assert roboao.sexagesimal(text) == pytest.approx(value, abs=1e-12)

    @pytest.mark.parametrize(
        "value",
        [
            "9999",
            "9999.0",
            "-9999",
            9999,
            "",
            None,
            "12.5",
            12.5,
            "12:75:00",
            "12:30",
            "1:2:3:4",
            "N/A",
            "--1:2:3",
            True,
        ],
    )
    def test_what_is_no_angle_is_unknown(self, value):
        assert roboao.sexagesimal(value) is None


class TestPointing:
    def test_it_is_where_the_telescope_pointed(self):
        ra_deg, dec_deg = roboao.pointing_of(CARDS)
        assert (ra_deg, dec_deg) == pytest.approx((15 * (1 + 2 / 60 + 3 / 3600), -(12 / 60 + 30 / 3600)), abs=1e-12)

    def test_where_the_telescope_does_not_know_it_is_where_the_object_is(self):
        ra_deg, dec_deg = roboao.pointing_of({**CARDS, "TELRA": "9999"})
        assert (ra_deg, dec_deg) == pytest.approx((15 * (1 + 2 / 60 + 3.1 / 3600), -(12 / 60 + 31 / 3600)), abs=1e-12)

    @pytest.mark.parametrize("unknown", ["9999", "9999.0000", None, "25:00:00", "unknown"])
    def test_where_nobody_knows_there_is_none_and_no_field(self, unknown):
        changes = dict.fromkeys(("TELRA", "OBJRA"), unknown)
        assert roboao.pointing_of({**CARDS, **changes}) is None
        assert record(**changes).footprint is None

    @pytest.mark.parametrize("equinox", [2016.73, 1990.0, "J2015.5", 2050])
    @pytest.mark.parametrize("dec", ["-00:12:30.0", "+89:40:00.0", "-71:00:00"])
    def test_other_equinoxes_are_precessed(self, equinox, dec):
        ra_deg, dec_deg = roboao.pointing_of({**CARDS, "TELDEC": dec, "EQUINOX": equinox})
        year = f"J{str(equinox).lstrip('J')}"
        truth = SkyCoord(CARDS["TELRA"], dec, unit=(u.hourangle, u.deg), frame=FK5(equinox=year)).icrs
        assert sky([(ra_deg, dec_deg)])[0].separation(truth).arcsec < 0.05

    @pytest.mark.parametrize("equinox", [1950.0, "B1950", "apparent", 0.0, 9999])
    def test_an_equinox_of_another_reference_system_is_not_guessed_at(self, equinox):
        assert roboao.pointing_of({**CARDS, "EQUINOX": equinox}) is None


class TestField:
    @pytest.mark.parametrize(
        ("ra", "dec"),
        [("01:02:03", "-00:12:30"), ("00:00:00", "+45:00:00"), ("23:59:59.99", "-60:00:00"), ("06:00:00", "+89:59:59"),
         ("00:00:00", "+90:00:00"), ("12:00:00", "-90:00:00"), ("18:30:00", "-89:59:55")],
    )  # fmt: skip
    @pytest.mark.parametrize("side_px", [1024, 256])
    def test_it_is_a_square_about_the_pointing_wherever_that_is(self, ra, dec, side_px):
        ring = record(TELRA=ra, TELDEC=dec, NAXIS1=side_px, NAXIS2=side_px).footprint
        assert ring[0] == ring[-1]
        assert all(0.0 <= ra_deg < 360.0 for ra_deg, _ in ring)
        corners, centre = sky(ring[:-1]), SkyCoord(ra, dec, unit=(u.hourangle, u.deg))
        side_arcsec = side_px * KITT_PEAK_SCALE
        assert corners.separation(corners[[1, 2, 3, 0]]).arcsec == pytest.approx(side_arcsec, rel=1e-6)
        assert corners.separation(centre).arcsec == pytest.approx(side_arcsec / np.sqrt(2), rel=1e-6)

    def test_north_is_up(self):
        ring = record().footprint
        decs = sorted(dec for _, dec in ring[:-1])
        assert decs[0] == pytest.approx(decs[1], abs=1e-6)
        assert decs[2] == pytest.approx(decs[3], abs=1e-6)

    def test_it_has_36_arcsec_where_pixels_or_scale_are_not_known(self):
        infrared = OBSERVATION.replace("VIC", "IR")
        for ring in (record(NAXIS1=...).footprint, record(f"{infrared}.fits.bz2").footprint):
            corners = sky(ring[:-1])
            assert corners[0].separation(corners[1]).arcsec == pytest.approx(36.0, rel=1e-6)

    def test_at_palomar_pixels_were_larger(self):
        corners = sky(record("4_M13_VIC_Si_o_20140925_110427.040912.fits.bz2").footprint[:-1])
        assert corners[0].separation(corners[1]).arcsec == pytest.approx(1024 * PALOMAR_SCALE, rel=1e-6)


class TestInstallations:
    @pytest.mark.parametrize(
        ("moment", "telescope", "site"),
        [
            ("20120101_000000.000000", "Palomar_P60", "palomar"),
            ("20150831_235959.999999", "Palomar_P60", "palomar"),
            ("20150901_000000.000000", "KPNO_2.1m", "kpno"),
            ("20150930_040000.000000", "KPNO_2.1m", "kpno"),
            ("20160925_110427.040912", "KPNO_2.1m", "kpno"),
        ],
    )
    def test_label_and_site_change_together(self, moment, telescope, site):
        found = record(f"4_M13_VIC_Si_o_{moment}.fits.bz2")
        assert (found.telescope_id, found.site_id) == (telescope, site)

    def test_scale_and_mirror_change_at_the_same_moment(self):
        def at(moment):
            return installation_at(settings.INSTALLATIONS, instrument_id="roboao", at=moment)

        moved = datetime(2015, 9, 1, tzinfo=UTC)
        before, after = at(moved - timedelta(microseconds=1)), at(moved)
        assert (before.pixel_scale_arcsec("VIC"), before.primary_m, before.obstruction_m) == (0.043, 1.524, 0.578)
        assert (after.pixel_scale_arcsec("VIC"), after.primary_m, after.obstruction_m) == (0.0351594, 1.85, 0.879)
        assert (before.pixel_scale_arcsec("IR"), after.pixel_scale_arcsec("IR")) == (0.0794, None)

    def test_an_instrument_that_the_table_does_not_know_stood_nowhere(self):
        assert installation_at(settings.INSTALLATIONS, instrument_id="other", at=OBSERVED) is None
        with pytest.raises(UsageError, match="INSTALLATIONS"):
            record(rules=replace(settings.HEADER_RULES, installations=()))


class TestRecords:
    def test_a_raw_file_is_described_by_its_name(self):
        found = record(OBJECT="another", INSTRUME="x", PROPID="y", OBSTYPE="DARK")
        assert (found.basename, found.extension) == (OBSERVATION, ".fits.bz2")
        assert (found.proposal_id, found.target_name, found.primary_optical_element) == ("4", "351_Yrsa", "lp600")
        assert (found.observation_date, found.observation_day) == (OBSERVED, date(2016, 9, 25))
        assert (found.instrument_id, found.configuration_type, found.reduction_level) == ("roboao", "EXPOSE", 0)
        assert found.exposure_time == 119.3
        assert found.related == ()
        assert found.headers["TELDEC"] == "-00:12:30.0"
        assert found.headers["PROPID"] == "4"

    def test_a_decimal_programme_is_a_programme_of_its_own(self):
        assert record("24.1_Io_VIC_Si_o_20160925_110427.040912.fits.bz2").proposal_id == "24.1"

    @pytest.mark.parametrize(("stated", "target"), [("351 Yrsa", "351 Yrsa"), (..., ""), ("", "")])
    def test_an_empty_object_is_the_headers_or_unknown(self, stated, target):
        assert record("4__VIC_Si_o_20160925_110427.040912.fits.bz2", OBJECT=stated).target_name == target

    @pytest.mark.parametrize(
        ("name", "kind", "filter_name"),
        [
            ("dark_14_20160925_022013.118274.fits.bz2", "DARK", ""),
            ("bias_20160925_022013.118274.fits.bz2", "BIAS", ""),
            ("flat_Si_20160925_022013.118274.fits.bz2", "SKYFLAT", "Si"),
            ("seeing_VIC_Si_20160925_022013.118274.fits.bz2", "EXPERIMENTAL", "Si"),
            ("pointing_20160925_022013.118274.fits.bz2", "EXPERIMENTAL", ""),
        ],
    )
    def test_calibrations_are_of_no_programme_public_at_once_and_nowhere_on_the_sky(self, name, kind, filter_name):
        found = record(name)
        assert (found.configuration_type, found.primary_optical_element) == (kind, filter_name)
        assert (found.proposal_id, found.target_name, found.footprint) == ("", "", None)
        assert found.public_date == found.observation_date

    def test_every_type_is_known_to_the_archive(self):
        assert set(roboao.TYPE_OF_KIND) == set(RawKind)
        assert set(roboao.TYPES) <= configuration_types()

    def test_science_becomes_public_by_the_archives_own_rules(self):
        assert record().public_date == OBSERVED + timedelta(days=365)
        assert record(L1PUBDAT="2017-01-01T00:00:00").public_date == datetime(2017, 1, 1, tzinfo=UTC)
        dates = settings.HEADER_RULES.public_date
        private = replace(settings.HEADER_RULES, public_date=replace(dates, private_proposals=("4",)))
        assert record(rules=private).public_date.year == 3015

    @pytest.mark.parametrize("value", [9999, "9999", "N/A", "x", -1, ..., float("nan"), None, True])
    def test_an_exposure_that_can_not_be_read_is_unknown(self, value):
        assert record(EXPOSURE=value).exposure_time is None

    def test_no_time_at_all_is_an_exposure_time_too(self):
        assert record("bias_20160925_022013.118274.fits.bz2", EXPOSURE=0.0, EXPTIME=5.0).exposure_time == 0.0
        assert record(f"{OBSERVATION}_100p.fits", EXPOSURE=..., EXPTIME=5.0).exposure_time == 5.0

    def test_its_translator_is_chosen_before_that_of_the_extension(self):
        assert record(overrides={".fits.bz2": "ingest.headers.ocs.translate"}).instrument_id == "roboao"


class TestFacts:
    def test_all_that_is_known_is_told(self):
        found = roboao.facts_of(CARDS)
        assert (found.magnitude, found.altitude_deg, found.azimuth_deg) == (12.5, 63.25, 120.5)
        assert (found.exposure_time, found.target_name) == (119.3, "351 Yrsa")

    def test_9999_is_not_known(self):
        unknown = dict.fromkeys(
            ("MAGNITUD", "TELRA", "TELDEC", "OBJRA", "OBJDEC", "AZIMUTH", "ELVATION", "EXPOSURE"), "9999"
        )
        assert roboao.facts_of(unknown) == roboao.Facts()
        assert roboao.facts_of({}) == roboao.Facts()

    @pytest.mark.parametrize(
        ("name", "changes", "mode"),
        [
            (OBSERVATION, {}, "1"),
            (OBSERVATION, {"NAXIS1": 256}, "14"),
            (OBSERVATION, {"NAXIS1": 512}, "14"),
            (OBSERVATION, {"NAXIS1": 512, "DETSIZE": "[1:512,1:512]"}, "1"),
            (OBSERVATION, {"MODE_NUM": "2"}, "2"),
            (OBSERVATION, {"MODE_NUM": 1.5}, ""),
            (OBSERVATION, {"MODE_NUM": None}, ""),
            ("dark_14_20160925_022013.118274", {}, "14"),
        ],
    )
    def test_the_detectors_mode_has_4_behind_it_for_a_sub_array(self, name, changes, mode):
        assert roboao.detector_mode(raw_name(name), {**CARDS, **FULL_FRAME, **changes}) == mode


class TestProducts:
    MADE_OF = {
        "RAW00001": f"{OBSERVATION}.fits.bz2",
        "RAW00002": f"{OBSERVATION}_0.fits.bz2",
        "L1IDDARK": "dark_1_20160925.fits",
        "L1IDFLAT": "flat_lp600_20160925.fits",
    }

    def test_a_stack_names_what_it_was_made_of(self):
        found = record(f"{OBSERVATION}_100p.fits", **self.MADE_OF)
        assert {(name.basename, name.kind) for name in found.related} == {
            (OBSERVATION, RelationKind.RAW_OF),
            (f"{OBSERVATION}_0", RelationKind.RAW_OF),
            ("dark_1_20160925", RelationKind.CALIBRATES),
            ("flat_lp600_20160925", RelationKind.CALIBRATES),
        }
        assert not any(name.derived for name in found.related)

    def test_a_stack_is_of_the_programme_and_the_time_of_its_observation(self):
        found, raw = record(f"{OBSERVATION}_100p.fits"), record()
        for column in (
            "proposal_id",
            "target_name",
            "observation_date",
            "public_date",
            "telescope_id",
            "exposure_time",
        ):
            assert getattr(found, column) == getattr(raw, column)
        assert (found.reduction_level, found.configuration_type, found.footprint) == (91, "EXPOSE", None)
        assert record(f"{OBSERVATION}_100p.fits", RLEVEL=93).reduction_level == 93

    def test_what_was_made_of_a_seeing_exposure_is_as_public_as_that(self):
        found = record("seeing_VIC_Si_20160925_022013.118274_fit.fits")
        assert (found.configuration_type, found.reduction_level, found.proposal_id) == ("EXPERIMENTAL", 91, "")
        assert found.public_date == found.observation_date == datetime(2016, 9, 25, 2, 20, 13, 118274, tzinfo=UTC)

    def test_a_master_is_the_cameras_when_its_header_says_so(self):
        found = record("dark_1_20160925.fits", RAW00001="dark_1_20160925_022013.118274.fits.bz2")
        assert (found.configuration_type, found.proposal_id, found.reduction_level) == ("DARK", "", 91)
        assert found.observation_date == datetime(2016, 9, 25, tzinfo=UTC)
        assert [name.basename for name in found.related] == ["dark_1_20160925_022013.118274"]
        dated = record("dark_1_20160925.fits", **{"DATE-OBS": "2016-09-25T02:20:13"})
        assert dated.observation_date == datetime(2016, 9, 25, 2, 20, 13, tzinfo=UTC)

    @pytest.mark.parametrize("instrument", ["fa15", ..., ""])
    def test_another_instruments_file_may_be_called_as_a_master(self, instrument):
        with pytest.raises(UsageError, match="required keys"):  # those of the OCS
            record("dark_1_20160925.fits", INSTRUME=instrument)
