from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS

from archive.enums import ProductKind, SignalClass
from archive.errors import UsageError
from tests.pipeline.reductions.products import frames_of, header_of, pixels_of, shift_errors
from tests.pipeline.reductions.raw_changes import with_saturated_frame, with_unknown_pointing
from tests.pipeline.reductions.simulated import EMPTY, FAINT, FRAMES, NIGHT, PLANET, SATURATED, STAR


@pytest.fixture(scope="module")
def star(bench, night):
    return bench.make(ProductKind.BRIGHT, night.subject(STAR))


def test_the_star_of_all_stacks_lies_on_the_lock_of_their_header(star):
    for role in ("stack", "stack50", "stack10"):
        pixels, header = pixels_of(star, role), header_of(star, role)
        assert pixels.shape == (2 * NIGHT.size_px, 2 * NIGHT.size_px)
        y, x = np.unravel_index(np.nanargmax(pixels), pixels.shape)
        assert (y, x) == pytest.approx((header["LOCKY"] - 1, header["LOCKX"] - 1), abs=1)


def test_the_sharpest_frames_make_the_sharper_stack(star):
    peaks = [
        np.nanmax(pixels_of(star, role)) / np.nansum(pixels_of(star, role)) for role in ("stack", "stack50", "stack10")
    ]
    assert peaks[0] < peaks[1] < peaks[2]


def test_each_frame_has_its_shift_and_its_time(star, night):
    truth = night.truth(night.subject(STAR))
    errors = shift_errors(star, truth["shifts_yx_px"])
    assert errors.std(axis=0).max() < 0.25  # of frames with two speckle patterns each, whose peaks move by themselves
    rows = frames_of(star)
    assert [int(row["frame"]) for row in rows] == list(range(FRAMES[STAR][0]))
    times = np.array([float(row["time_mjd"]) for row in rows])
    np.testing.assert_allclose(np.diff(times) * 86400, truth["frame_s"], atol=0.001)
    assert list(rows[0]) == ["frame", "time_mjd", "dx_px", "dy_px", "sigma_px", "snr", "quality", "used", "reason"]


def test_its_files_are_told_apart_by_role_and_name(star, night):
    subject = night.subject(STAR)
    assert {file.role: file.filename for file in star.files} == {
        "stack": f"{subject}_100p.fits",
        "stack50": f"{subject}_50p.fits",
        "stack10": f"{subject}_10p.fits",
        "frames": "frames.csv",
    }


def test_the_header_counts_the_frames_and_their_time(star, night):
    exposure_s = FRAMES[STAR][0] * night.truth(night.subject(STAR))["frame_s"]
    facts = {role: header_of(star, role) for role in ("stack", "stack50", "stack10")}
    assert {role: (header["NFRAMES"], header["NREJ"]) for role, header in facts.items()} == {
        "stack": (24, 0),
        "stack50": (12, 12),
        "stack10": (3, 21),
    }
    for header in facts.values():
        assert header["EXPOSURE"] == pytest.approx(exposure_s * header["NFRAMES"] / 24, rel=1e-3)


def test_the_raw_header_is_carried_but_for_what_is_true_of_the_raw_file_alone(star):
    header = header_of(star, "stack")
    assert (header["OBJECT"], header["FILTER"], header["MAGNITUD"]) == ("HD_1984", "Si", 9.2)
    assert not {"GAIN", "FRAME", "FRAMEUTC", "BZERO"} & set(header)
    assert header["BITPIX"] == -32


@pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")  # it adds MJD-OBS, which says the same
def test_the_middle_of_the_detector_has_the_sky_position_of_the_telescope(star):
    header = header_of(star, "stack")
    sky = WCS(header)
    middle = NIGHT.size_px - 1  # of the detector, on the grid of half pixels from zero
    at = sky.pixel_to_world(middle, middle)
    assert (at.ra.deg, at.dec.deg) == pytest.approx((header["CRVAL1"], header["CRVAL2"]), abs=1e-7)
    north = sky.pixel_to_world(middle, middle + 100)
    assert (north.dec - at.dec).arcsec == pytest.approx(100 * 0.0351594 / 2, rel=1e-4)
    east = sky.pixel_to_world(middle - 100, middle)
    assert east.ra > at.ra


def test_where_the_telescope_pointed_is_not_told_there_is_no_wcs(bench, night, tmp_path):
    job = bench.job(ProductKind.BRIGHT, night.subject(EMPTY))
    raw = job.inputs[0]
    path = tmp_path / raw.name
    path.write_bytes(with_unknown_pointing(raw.path.read_bytes()))
    made = bench.anew(ProductKind.BRIGHT, night.subject(EMPTY), inputs=(replace(raw, path=path), *job.inputs[1:]))
    assert not [key for key in header_of(made, "stack") if key.startswith(("CTYPE", "CRVAL", "CD1_"))]


def test_classes_follow_from_the_signal(bench, night, star):
    assert star.signal_class is SignalClass.HIGH_FLUX
    assert bench.make(ProductKind.BRIGHT, night.subject(FAINT)).signal_class is SignalClass.FAINT


def test_a_target_without_signal_is_stacked_as_it_lies(bench, night):
    made = bench.make(ProductKind.BRIGHT, night.subject(EMPTY))
    assert made.signal_class is SignalClass.ZERO_FLUX
    assert [file.role for file in made.files] == ["stack", "frames"]
    assert np.nanmax(pixels_of(made, "stack")) < 10 * np.nanstd(pixels_of(made, "stack"))


def test_frames_that_are_all_saturated_fail_with_the_reason(bench, night):
    with pytest.raises(UsageError, match="all are saturated"):
        bench.anew(ProductKind.BRIGHT, night.subject(SATURATED))


def test_frames_of_another_shape_than_their_dark_are_refused(bench, night):
    job = bench.job(ProductKind.BRIGHT, night.subject(STAR))
    small = bench.job(ProductKind.PLANETARY, night.subject(PLANET))
    inputs = [each for each in job.inputs if each.role != "dark"]
    inputs += [each for each in small.inputs if each.role == "dark"]
    with pytest.raises(UsageError, match=r"detector mode|of the frame's own mode|use a dark"):
        bench.anew(ProductKind.BRIGHT, night.subject(STAR), inputs=tuple(inputs))


def test_a_frame_with_a_saturated_star_is_rejected_with_its_reason(bench, night, tmp_path):
    subject = night.subject(STAR)
    job = bench.job(ProductKind.BRIGHT, subject)
    raw = next(each for each in job.inputs if each.role == "raw")
    path = tmp_path / raw.name
    path.write_bytes(with_saturated_frame(raw.path.read_bytes(), number=3))
    others = tuple(each for each in job.inputs if each is not raw)
    made = bench.anew(ProductKind.BRIGHT, subject, inputs=(replace(raw, path=path), *others))
    rejected = [row for row in frames_of(made) if row["used"] == "0"]
    assert [(row["frame"], row["reason"]) for row in rejected] == [("3", "saturated or missing pixels in the star")]
    assert header_of(made, "stack")["NREJ"] == 1
    assert made.values["rejected"] == {"saturated or missing pixels in the star": 1}
