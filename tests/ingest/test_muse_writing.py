"""Views that people fill in become files that are read as the same views; astropy reads them too."""

import math
from datetime import UTC, datetime

import pytest
from astropy.io import fits

from archive.errors import UsageError
from ingest.ao_maps import MAPS
from ingest.ao_tables import read_ao_file
from ingest.muse_views import data_view, psf_params_view, sources_view
from ingest.muse_writing import EXPOSURE_KEY, MADE_KEY, write_data, write_fit, write_sources

AT = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
PARAMS = {"fwhm": [4.0, 3.5, None], "beta": [2.3, 2.5, 2.8], "wavelength": [475.0, 475.125, 475.25]}
SOURCES = {
    "PM_1": {"snr": [1.5, None, 3.0], "n": [1, 2, 3], "name": ["a", "", "ccc"], "ok": [True, False, True]},
    "PM_103": {"snr": [7.25]},
}
CARDS = {
    "DATE-OBS": "2019-02-01T05:12:33.650",
    "PROV1": "MUSE.2019-02-01T05:12:33.650.fits",
    "ESO TEL AMBI TAU0": 0.0042,
    "ESO INS MODE": "WFM-AO-N",
    "LONG": "x" * 200,
    "UNKNOWN": None,
    "ESO AOS TT LOOP ST": True,
    "COMMENT": ["first", "second"],
    "HISTORY": ["made by hand"],
}


def read(path):
    with path.open("rb") as stream:
        return read_ao_file(stream, MAPS["MUSE"], name=path.name)


def test_parameters_come_back_as_they_were_given(tmp_path):
    (path,) = write_fit(tmp_path, "a", PARAMS, at=AT)
    assert path.name == "a.prm.fits"
    assert psf_params_view(read(path)) == PARAMS


@pytest.mark.parametrize("count", [1, 2, 3681])
def test_wavelengths_come_back_to_the_last_digit(tmp_path, count):
    wavelength = [round(475.0 + 0.125 * channel, 9) for channel in range(count)]
    (path,) = write_fit(tmp_path, "a", {"e": [0.0] * count, "wavelength": wavelength}, at=AT)
    assert psf_params_view(read(path))["wavelength"] == wavelength


def test_sources_come_back_as_they_were_given(tmp_path):
    (path,) = write_sources(tmp_path, "a", SOURCES, at=AT)
    assert sources_view(read(path)) == SOURCES
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "PM_1", "PM_103"]
        assert math.isnan(hdus["PM_1"].data["snr"][1])


def test_cards_and_tables_come_back_as_they_were_given(tmp_path):
    given = {"PRIMARY": CARDS, "CHAN03": {"ESO DET CHIP ID": "CCD03"}, "ASM_DATA": {"DIMM_SEEING": [0.5, 0.75]}}
    cube, raw = write_data(tmp_path, "a", {**given, "CHAN04": None}, at=AT)
    assert (cube.name, raw.name) == ("a.fits", "MUSE.2019-02-01T05:12:33.650.fits")
    found = data_view(reduced=read(cube), raw=read(raw))
    primary = found["PRIMARY"]
    assert {key: primary[key] for key in CARDS} == CARDS
    assert (primary[EXPOSURE_KEY], primary[MADE_KEY], primary["INSTRUME"]) == ("a", "2026-11-28T08:00:00", "MUSE")
    assert found["ASM_DATA"] == given["ASM_DATA"]
    assert found["CHAN03"]["ESO DET CHIP ID"] == "CCD03"
    assert found["CHAN04"] is None


def test_each_exposure_has_bytes_of_its_own(tmp_path):
    first, second = (write_sources(tmp_path, name, SOURCES, at=AT)[0].read_bytes() for name in ("a", "b"))
    assert first != second


@pytest.mark.parametrize(
    ("write", "view", "told"),
    [
        (write_fit, {}, "one list or more"),
        (write_fit, {"e": [1.0], "beta": [1.0, 2.0]}, "all of one length"),
        (write_fit, {"e": [1.0, "x"]}, "psfParams.e holds something else"),
        (write_fit, {"e": 1.0}, "psfParams.e is no list"),
        (write_fit, {"e": [1.0, 2.0, 3.0], "wavelength": [1.0, 2.0, 9.0]}, "no equal steps"),
        (write_fit, {"e": [10**400]}, "too large"),
        (write_sources, {}, "PM_17"),
        (write_sources, {"star": {"snr": [1.0]}}, "PM_17"),
        (write_sources, {"PM_1": {"snr": [1.0], "flux": [1.0, 2.0]}}, "several lengths"),
        (write_sources, {"PM_1": [1.0]}, "PM_1 is no object"),
        (write_data, {}, "PRIMARY"),
        (write_data, {"PRIMARY": {"DATE-OBS": "2019-02-01"}, "ASM_DATA": {"x": [1.0]}}, "PROV1"),
        (write_data, {"PRIMARY": {"KEY": [1]}}, "'KEY'"),
        (write_data, {"PRIMARY": {"KEY": "\u00e9"}}, "'KEY'"),
        (write_data, {"PRIMARY": {"KEY": float("nan")}}, "'KEY'"),
        (write_data, {"PRIMARY": {"a\nb": 1}}, "a\\nb"),
        (write_data, {"PRIMARY": CARDS, "CHAN01": [1]}, "data.CHAN01"),
    ],
)
def test_what_no_file_can_hold_is_told(tmp_path, write, view, told):
    with pytest.raises(UsageError, match=told.replace("\\", "\\\\")):
        write(tmp_path, "a", view, at=AT)
