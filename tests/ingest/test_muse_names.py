import pytest

from ingest.muse_names import MuseKind, exposure_names, kind_of, links_of, provenance, psf_name, raw_key

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
    assert psf_name("prm1.prm_v2.fits") == "prm1.psf_v2.fits"
    assert exposure_names("a.fits") == ()
    assert psf_name("a.fits") is None


ALL = frozenset({"a.prm.fits", "a.psf.fits", "a.fits", RAW, "b.psf.fits", "b.fits"})
HEADERS = {"a.fits": {"PROV1": f"{KEY}.fits"}}


@pytest.mark.parametrize(
    ("names", "headers", "missing"),
    [
        (ALL, HEADERS, ()),
        (ALL - {RAW} | {DASHED}, HEADERS, ()),
        (ALL - {"a.psf.fits"}, HEADERS, ("a.psf.fits",)),
        (ALL - {RAW}, HEADERS, (RAW,)),
        (ALL - {"a.fits"}, HEADERS, ("a.fits",)),
        (ALL, {"a.fits": {}}, ("PROV1",)),
        (frozenset({"a.prm.fits"}), {}, ("a.fits", "a.psf.fits")),
    ],
)
def test_what_is_not_there_is_missing_and_nothing_takes_its_place(names, headers, missing):
    found = links_of("a.prm.fits", names=names, primaries=headers)
    assert found.missing == missing
    assert found.reduced == ("a.fits" if "a.fits" in names else None)
    assert found.psf == ("a.psf.fits" if "a.psf.fits" in names else None)
    expected = () if {"PROV1", "a.fits"} & set(missing) or RAW in missing else tuple(names & {RAW, DASHED})
    assert found.raws == expected


def test_a_cube_of_two_raw_files_has_both_and_tells_the_one_that_is_missing():
    other = "MUSE.2019-02-01T05:32:33.650"
    headers = {"a.fits": {"PROV1": f"{KEY}.fits", "PROV2": f"{other}.fits"}}
    found = links_of("a.prm.fits", names=ALL, primaries=headers)
    assert (found.raws, found.missing) == ((RAW,), (f"{other}.fits.fz",))
