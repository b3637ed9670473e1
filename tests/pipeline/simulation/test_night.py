import json
import re
from dataclasses import replace
from datetime import date
from hashlib import sha256

import numpy as np
import pytest
from astropy.io import fits

from pipeline.simulation.headers import header_of
from pipeline.simulation.night import raw_folder, truth_folder, write_exposure
from pipeline.simulation.plan import Kind, Night

NIGHT = Night(date(2026, 11, 1), seed=3, size_px=64, n_frames=3)
NAME = re.compile(
    r"(\d+(\.\d+)?_\w+_VIC_(Si|lp600)_o|dark_\d4?|flat_(Si|lp600)|seeing_VIC_Si)_20261101_\d{6}\.\d{6}(_\d+)?\.fits\.bz2"
)


def write_night(folder, night=NIGHT):
    for exposure in night.exposures():
        write_exposure(exposure, night, folder=folder)


def checksums(folder):
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def exposure_of(night, target_name):
    return next(each for each in night.exposures() if each.target and each.target.name == target_name)


def read_frames(folder, night, exposure):
    frames = []
    for name in exposure.file_names:
        with fits.open(raw_folder(folder, night) / name) as hdus:
            frames += [hdu.data.astype(float) for hdu in hdus]
    return np.array(frames)


def told(folder, night, exposure):
    return json.loads((truth_folder(folder, night) / f"{exposure.stem}.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    written = tmp_path_factory.mktemp("night")
    write_night(written)
    return written


def test_a_night_has_all_that_a_pipeline_meets():
    night = Night(date(2026, 11, 1))
    exposures = night.exposures()
    targets = [exposure.target for exposure in exposures if exposure.target]
    expected = {target.expected for target in targets}
    assert expected == {"high_flux", "faint", "zero_flux", "failed", "planet"}
    assert {target.program for target in targets if not target.is_planet} == {"4", "12.1"}
    assert [target.program for target in targets if target.is_planet] == ["24"]
    assert any(-1 < target.dec_deg < 0 for target in targets)
    assert max(len(exposure.file_names) for exposure in exposures if exposure.target) > 2
    made = {(each.kind, each.mode.token, each.filter_name) for each in exposures if each.target is None}
    for exposure in exposures:
        if exposure.kind is not Kind.DARK:
            assert (Kind.DARK, exposure.mode.token, "") in made
            assert any(kind is Kind.FLAT and name == exposure.filter_name for kind, _, name in made)
    assert sum(each.kind is Kind.SEEING for each in exposures) == 4
    starts = [each.started_at for each in exposures]
    assert starts == sorted(starts)
    assert {at.date() for at in starts} == {date(2026, 11, 1)}


def test_a_full_night_has_observations_of_more_than_ten_files():
    night = Night(date(2026, 11, 1), size_px=1024, is_full=True)
    longest = max(night.exposures(), key=lambda exposure: exposure.n_frames)
    assert longest.n_frames > 1000
    assert longest.file_names[-1].endswith("_10.fits.bz2")


def test_the_telescope_is_that_of_the_date():
    assert Night(date(2015, 8, 31)).telescope.name == "Palomar_P60"
    assert Night(date(2015, 9, 1)).telescope.name == "KPNO_2.1m"


def test_every_file_is_named_and_built_as_the_instrument_does_it(folder):
    paths = list(raw_folder(folder, NIGHT).iterdir())
    assert sorted(path.name for path in paths) == sorted(name for each in NIGHT.exposures() for name in each.file_names)
    assert [path.name for path in paths if not NAME.fullmatch(path.name)] == []
    for path in paths:
        with fits.open(path) as hdus:
            hdus.verify("exception")
            side = 32 if "GJ1093" in path.name or "Uranus" in path.name or "dark_14" in path.name else 64
            assert {hdu.data.shape for hdu in hdus} == {(side, side)}
            assert len(hdus) == 3


def test_headers_hold_what_the_instrument_writes():
    night = Night(date(2026, 11, 1))
    header = {key: value for key, value, _ in header_of(exposure_of(night, "KOI_271"), night)}
    wanted = "EXPOSURE MAGNITUD TELRA TELDEC OBJRA OBJDEC AZIMUTH ELVATION EQUINOX MODE_NUM DETSIZE UTSHUT END_TIME"
    assert set(wanted.split()) <= header.keys()
    assert (header["OBJDEC"], header["TELDEC"]) == ("-00:30:15.18", "-00:30:15.90")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", header["TELRA"])
    assert header["UTSHUT"].startswith("2026-11-01T03:5")
    assert header["END_TIME"] > header["UTSHUT"]
    assert header["EXPOSURE"] == pytest.approx(60 * 0.116)
    assert 20 < float(header["ELVATION"]) < 90
    sub_array = {key: value for key, value, _ in header_of(exposure_of(night, "GJ1093"), night)}
    assert (sub_array["MODE_NUM"], sub_array["DETSIZE"]) == (1, "[1:512,1:512]")
    unknown = {key: value for key, value, _ in header_of(exposure_of(night, "351_Yrsa"), night)}
    assert (unknown["AZIMUTH"], unknown["ELVATION"]) == ("9999", "9999")


def test_the_truth_is_complete_and_holds_no_fits_file(folder):
    names = {path.name for path in truth_folder(folder, NIGHT).iterdir()}
    assert {f"{each.stem}.json" for each in NIGHT.exposures()} <= names
    assert not [name for name in names if ".fits" in name]
    for exposure in NIGHT.exposures():
        facts = told(folder, NIGHT, exposure)
        assert facts["made_with"]["seed"] == 3
        assert facts["files"] == exposure.file_names
        assert facts["optics"]["pixel_arcsec"] == 0.035159
        if exposure.kind is Kind.SEEING:
            assert facts["seeing_500nm_zenith_arcsec"] < facts["seeing_500nm_arcsec"] == exposure.seeing_arcsec
            assert facts["air_fwhm_arcsec"] < facts["image_fwhm_arcsec"]
        elif exposure.target and exposure.target.flux_electron:
            assert 0.02 < facts["strehl"] < 0.9
            assert len(facts["shifts_yx_px"]) == len(facts["frame_strehls"]) == 3
            assert len(facts["companions"]) == len(exposure.target.companions)
            assert (facts["disc"] is not None) == exposure.target.is_planet
        elif exposure.target is None:
            pattern = np.load(truth_folder(folder, NIGHT) / facts["map"])
            assert pattern.shape == read_frames(folder, NIGHT, exposure).shape[1:]


def test_the_star_is_where_the_truth_says_in_each_frame(folder):
    exposure = exposure_of(NIGHT, "HD_1984")
    facts = told(folder, NIGHT, exposure)
    frames = read_frames(folder, NIGHT, exposure)
    for frame, shift in zip(frames, facts["shifts_yx_px"], strict=True):
        brightest = np.unravel_index(frame.argmax(), frame.shape)
        expected = np.add(facts["centre_yx_px"], shift)
        assert np.abs(brightest - expected).max() < 2  # speckles move the brightest pixel a little


def test_counts_add_up_to_the_flux_that_is_told(folder):
    exposure = exposure_of(NIGHT, "HD_1984")
    facts = told(folder, NIGHT, exposure)
    dark = next(each for each in NIGHT.exposures() if each.stem.startswith("dark_1_"))
    bias = np.load(truth_folder(folder, NIGHT) / told(folder, NIGHT, dark)["map"])
    electrons = (read_frames(folder, NIGHT, exposure) - bias) * facts["electron_per_adu"]
    light = electrons - facts["sky_electron_px"]
    star = (light.sum(axis=(1, 2)) / facts["flux_electron"]).mean()
    companion = 10 ** (-0.4 * facts["companions"][0]["delta_mag"])
    assert 0.8 < star < 1 + companion + 0.1  # of the halo, some lies outside frames this small


def test_the_failed_target_is_saturated_everywhere_and_the_empty_one_is_sky(folder):
    assert read_frames(folder, NIGHT, exposure_of(NIGHT, "HD_2451")).min() == 65535
    sky = (read_frames(folder, NIGHT, exposure_of(NIGHT, "351_Yrsa")) - 1000) * 0.2
    assert np.median(sky) == pytest.approx(2.0, abs=1.0)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(folder, tmp_path):
    write_night(tmp_path / "again")
    assert checksums(tmp_path / "again") == checksums(folder)
    write_night(tmp_path / "other", replace(NIGHT, seed=4))
    same = set(checksums(tmp_path / "other").items()) & set(checksums(folder).items())
    assert [name for name, _ in same if "HD_2451" not in name] == []  # whose pixels are saturated, all alike


def test_what_is_there_is_left_alone_and_what_is_missing_or_of_another_size_is_written(tmp_path):
    night = replace(NIGHT, n_frames=2)
    exposure = exposure_of(night, "GJ1093")
    assert write_exposure(exposure, night, folder=tmp_path)
    before = checksums(tmp_path)
    raw = raw_folder(tmp_path, night) / exposure.file_names[0]
    kept = raw.stat().st_mtime_ns
    assert not write_exposure(exposure, night, folder=tmp_path)
    assert raw.stat().st_mtime_ns == kept
    raw.unlink()
    assert write_exposure(exposure, night, folder=tmp_path)
    assert checksums(tmp_path) == before
    larger = replace(night, size_px=96)
    assert write_exposure(exposure_of(larger, "GJ1093"), larger, folder=tmp_path)
    assert read_frames(tmp_path, larger, exposure).shape == (2, 48, 48)


def test_fewer_frames_leave_no_file_of_more_behind(tmp_path):
    long, short = (replace(NIGHT, n_frames=n_frames) for n_frames in (26, 2))
    assert write_exposure(exposure_of(long, "GJ1093"), long, folder=tmp_path)
    exposure = exposure_of(short, "GJ1093")
    names = [f"{exposure.stem}.fits.bz2", f"{exposure.stem}_0.fits.bz2"]
    assert sorted(path.name for path in raw_folder(tmp_path, long).iterdir()) == names
    (raw_folder(tmp_path, short) / f".{names[1]}.partial").touch()
    assert write_exposure(exposure, short, folder=tmp_path)
    assert [path.name for path in raw_folder(tmp_path, short).iterdir()] == names[:1]
