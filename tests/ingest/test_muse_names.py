import pytest

from ingest.muse_names import MuseKind, exposure_names, fit_names, kind_of, missing_of, provenance, raw_key

KEY = "MUSE.2019-02-01T05:12:33.650"
RAW = f"{KEY}.fits.fz"
DASHED = "MUSE.2019-02-01T05-12-33.650.fits.fz"


@pytest.mark.parametrize(
    ("filename", "hdus", "primary", "kind"),
    [
        ("a.prm.fits", (), {}, MuseKind.PRM),
        ("a.prm_v2.fits", ("SPECTRA",), {}, MuseKind.PRM),
        ("a.psf.fits", (), {}, MuseKind.PSF),
        (RAW, (), {}, MuseKind.RAW),
        (DASHED, (), {}, MuseKind.RAW),
        ("a.fits", ("PRIMARY",), {"INSTRUME": "MUSE"}, MuseKind.REDUCED),
        ("a.fits", ("PRIMARY", "CHAN23"), {"INSTRUME": "MUSE"}, MuseKind.RAW),
        ("a.fits", ("PRIMARY", "PSFPARS"), {}, MuseKind.PRM),
        ("a.fits", ("PRIMARY", "PM_17"), {}, MuseKind.PSF),
        ("a.fits", ("PRIMARY",), {"INSTRUME": "OTHER"}, None),
        ("a.fits", ("PRIMARY",), {"INSTRUME": None}, None),
    ],
)
def test_a_file_is_known_by_its_name_else_by_what_is_in_it(filename, hdus, primary, kind):
    assert kind_of(filename, hdu_names=hdus, primary=primary) is kind


@pytest.mark.parametrize("name", [RAW, DASHED, f"{KEY}.fits", KEY, f" {KEY}.fits "])
def test_a_raw_file_has_one_key_however_it_is_written(name):
    assert raw_key(name) == KEY


@pytest.mark.parametrize("name", ["MUSE.fits", "x" + RAW, "MUSE.2019-02-01.fits", f"{KEY}.txt"])
def test_what_is_no_raw_file_has_no_key(name):
    assert raw_key(name) is None


def test_raw_files_come_in_the_order_of_their_numbers_once_each():
    def at(second):
        return f"MUSE.2019-02-01T05:12:{second}.650.fits"

    header = {f"PROV{number}": at(10 + number) for number in (10, 2, 1)} | {
        "PROV3": at(11),
        "PROV4": 7,
        "PROVX": at(50),
    }
    assert provenance(header) == tuple(at(second).removesuffix(".fits") for second in (11, 12, 20))


def test_names_follow_from_the_file_of_parameters():
    assert exposure_names("a.prm.fits") == ("a",)
    assert exposure_names("a.prm_v2.fits") == ("a_v2", "a")
    assert exposure_names("a.fits") == ()
    assert fit_names("a", "", MuseKind.PRM) == ("a.prm",)
    assert fit_names("a_v2", "a", MuseKind.PSF) == ("a_v2.psf", "a.psf_v2")


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ({}, []),
        ({"raws": None}, ["a.fits"]),
        ({"raws": {}}, ["PROV1"]),
        ({"raws": {"MUSE.1": True, KEY: False}}, [RAW]),
        ({"has_psf": False}, ["a.psf.fits"]),
        ({"has_psfpars": False}, ["PSFPARS"]),
        ({"has_prm": False, "has_psfpars": False}, ["a.prm.fits"]),
    ],
)
def test_what_is_not_there_is_told_by_its_name(there, missing):
    whole = {"raws": {KEY: True}, "has_prm": True, "has_psfpars": True, "has_psf": True}
    assert missing_of("a", **(whole | there)) == missing
