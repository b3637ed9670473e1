"""Summaries and the three views of MUSE exposures against the generator's truth and numpy."""

import json

import numpy as np
import pytest

from ingest.ao_maps import MAPS
from ingest.ao_tables import Column, ReadFile, Table, read_ao_file
from ingest.muse_summary import strehl_sums, summary_of
from ingest.muse_views import CHANNELS, data_view, json_list, psf_params_view, sources_view, wavelengths_nm
from tests import muse_set

EXACT = {"rel": 1e-12, "abs": 0}


def read(made, kind):
    with made.paths[kind].open("rb") as stream:
        return read_ao_file(stream, MAPS["MUSE"], name=made.paths[kind].name)


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    """One in each mode."""
    return [muse_set.write_exposure(tmp_path_factory.mktemp("muse"), number) for number in range(4)]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """One with every channel, of few sources."""
    return muse_set.write_exposure(tmp_path_factory.mktemp("full"), channels=3681, sources=2)


def summary(made):
    table = read(made, "raw").tables.get("SPARTA_ATM_DATA")
    return summary_of(read(made, "reduced").headers["PRIMARY"], {} if table is None else strehl_sums(table))


def test_summaries_are_numpys_means_of_the_generators_numbers(exposures):
    for made in exposures:
        found, cards = summary(made), made.cards
        seeing = np.mean([cards["ESO TEL AMBI FWHM START"], cards["ESO TEL AMBI FWHM END"]])
        airmass = np.mean([cards["ESO TEL AIRM START"], cards["ESO TEL AIRM END"]])
        assert found.seeing_arcsec == pytest.approx(seeing, **EXACT)
        assert found.airmass == pytest.approx(airmass, **EXACT)
        assert found.seeing_los_arcsec == pytest.approx(seeing * airmass**0.6, **EXACT)
        assert found.tau0_s == cards["ESO TEL AMBI TAU0"]
        assert found.ground_layer_fraction == cards["ESO OCS SGS ASM GL900 AVG"]
        assert found.guide_star_flux == cards["ESO AOS NGS1 FLUX"]
        assert found.is_tip_tilt_closed is cards["ESO AOS TT LOOP ST"]
        assert found.is_degraded is False
        sparta = made.tables.get("SPARTA_ATM_DATA")
        for laser in (1, 2, 3, 4):
            if sparta is None:
                assert found.strehl[laser] is None
            else:
                expected = np.nanmean(sparta[f"LGS{laser}_STREHL"].astype(np.float64))
                assert found.strehl[laser] == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("ESO TEL AMBI FWHM START", {"seeing_arcsec", "seeing_los_arcsec"}),
        ("ESO TEL AMBI FWHM END", {"seeing_arcsec", "seeing_los_arcsec"}),
        ("ESO TEL AIRM START", {"airmass", "seeing_los_arcsec"}),
        ("ESO TEL AIRM END", {"airmass", "seeing_los_arcsec"}),
        ("ESO TEL AMBI TAU0", {"tau0_s"}),
        ("ESO OCS SGS ASM GL900 AVG", {"ground_layer_fraction"}),
        ("ESO AOS NGS1 FLUX", {"guide_star_flux"}),
        ("ESO AOS TT LOOP ST", {"is_tip_tilt_closed"}),
        ("ESO LGS1 LASR1 SWSIM", {"is_degraded"}),
    ],
)
def test_a_missing_keyword_makes_its_own_numbers_unknown_and_no_others(tmp_path, exposures, key, names):
    summary(exposures[1])  # another exposure before: nothing of it may stay
    found = summary(muse_set.write_exposure(tmp_path, 0, without=[key], files=["reduced", "raw"]))
    scalars = {name: getattr(found, name) for name in found.__slots__ if name != "strehl"}
    assert {name for name, value in scalars.items() if value is None} == names


@pytest.mark.parametrize("value", [None, True, "0.7", float("nan"), 10**400])
def test_what_is_no_number_is_unknown(value):
    assert summary_of({"ESO TEL AMBI TAU0": value}).tau0_s is None


def test_one_simulated_laser_degrades_the_exposure():
    cards = {f"ESO LGS{laser} LASR{laser} SWSIM": laser == 3 for laser in (1, 2, 3, 4)}
    assert summary_of(cards).is_degraded is True
    assert summary_of({"ESO LGS1 LASR2 SWSIM": True}).is_degraded is None


def test_a_laser_without_a_single_number_has_no_strehl():
    table = Table({"LGS1_STREHL": Column(np.array([np.nan, np.nan], np.float32))})
    assert summary_of({}, strehl_sums(table)).strehl == dict.fromkeys((1, 2, 3, 4))


def test_the_mean_of_several_raw_files_is_that_of_all_their_rows():
    rng = np.random.default_rng(3)
    parts = [rng.uniform(0.05, 0.6, count).astype(np.float32) for count in (3, 50)]
    sums = [strehl_sums(Table({"LGS2_STREHL": Column(part)})) for part in parts]
    expected = np.concatenate(parts).astype(np.float64).mean()
    assert summary_of({}, *sums).strehl[2] == pytest.approx(expected, **EXACT)


def test_the_views_have_the_shape_that_readers_know(full):
    data = data_view(reduced=read(full, "reduced"), raw=read(full, "raw"))
    assert data["PRIMARY"]["ESO TEL AMBI TAU0"] == full.cards["ESO TEL AMBI TAU0"]
    assert data["ASM_DATA"]["DIMM_SEEING"] == full.tables["ASM_DATA"]["DIMM_SEEING"].tolist()
    assert data["CHAN23"]["ESO DET CHIP ID"] == "CCD23"
    psf = psf_params_view(read(full, "prm"))
    assert psf.keys() == {"fwhm", "beta", "e", "theta", "wavelength"}
    assert (psf["wavelength"][0], psf["wavelength"][-1], len(psf["wavelength"])) == (475.0, 935.0, 3681)
    assert {name: psf[name] for name in full.params} == {name: fit.tolist() for name, fit in full.params.items()}
    sources = sources_view(read(full, "psf"))
    assert list(sources) == ["PM_1", "PM_2"]
    truth = full.sources["PM_1"]["snr"]
    assert sources["PM_1"]["snr"] == [None if np.isnan(value) else value for value in truth]
    in_notch = [value for at, value in zip(psf["wavelength"], sources["PM_1"]["flux"], strict=True) if 576 <= at <= 605]
    assert in_notch
    assert set(in_notch) == {None}


def test_views_are_strict_json_and_decode_once(exposures):
    for made in exposures:
        files = {kind: read(made, kind) for kind in muse_set.ALL_FILES}
        views = [
            data_view(reduced=files["reduced"], raw=files["raw"]),
            psf_params_view(files["prm"]),
            sources_view(files["psf"]),
        ]
        assert json.loads(json.dumps(views, allow_nan=False)) == views


def test_what_is_missing_is_null_and_every_name_stands_there(exposures):
    without_ao = exposures[2]
    data = data_view(reduced=None, raw=read(without_ao, "raw"))
    assert data["PRIMARY"] is None
    assert data["SPARTA_ATM_DATA"] is None
    assert data["SGS_DATA"] is not None
    nothing = data_view(reduced=None, raw=None)
    assert nothing.keys() >= {"PRIMARY", *CHANNELS, "SGS_DATA", "AG_DATA", "SPARTA_CN2_DATA"}
    assert set(nothing.values()) == {None}
    assert psf_params_view(None) is None
    assert sources_view(None) is None


def test_a_file_of_parameters_without_their_table_gives_none(tmp_path):
    made = muse_set.write_exposure(tmp_path, files=["prm"], has_psfpars=False)
    assert psf_params_view(read(made, "prm")) is None


def test_a_refit_changes_the_fit_alone(tmp_path):
    first, second = (muse_set.write_exposure(tmp_path / str(refit), refit=refit) for refit in (0, 1))
    assert first.paths["raw"].read_bytes() == second.paths["raw"].read_bytes()
    assert psf_params_view(read(first, "prm")) != psf_params_view(read(second, "prm"))


def test_single_precision_and_masked_integers_stand_as_they_are():
    third = np.float32(1 / 3)
    assert json_list(Column(np.array([third, np.inf], np.float32))) == [float(third), None]
    assert json_list(Column(np.array([1, 2]), masked=np.array([False, True]))) == [1, None]


@pytest.mark.parametrize(
    "axis", [{}, {"CRVAL3": 1.0, "CDELT3": 1.0, "NAXIS3": 1 << 40}, {"CRVAL3": "x", "CDELT3": 1.0, "NAXIS3": 1}]
)
def test_an_axis_that_is_not_told_has_no_wavelengths(axis):
    assert wavelengths_nm(axis) is None


def test_parameters_without_an_axis_keep_their_values():
    table = Table({"name": Column(np.array(["e"])), "polyfit": Column(np.array([[1.0, 2.0]]))})
    assert psf_params_view(ReadFile({}, {"PSFPARS": table})) == {"e": [1.0, 2.0], "wavelength": None}
