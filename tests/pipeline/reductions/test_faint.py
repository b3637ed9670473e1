import numpy as np
import pytest

from archive.enums import ProductKind
from archive.errors import UsageError
from tests.pipeline.reductions.products import header_of, pixels_of, shift_errors
from tests.pipeline.reductions.simulated import FAINT, FRAMES, NIGHT


@pytest.fixture(scope="module")
def faint(bench, night):
    return bench.make(ProductKind.FAINT, night.subject(FAINT))


def test_its_files_are_told_apart_by_role_and_name(faint, night):
    subject = night.subject(FAINT)
    assert {file.role: file.filename for file in faint.files} == {
        "stack": f"{subject}_summed.fits",
        "stack2x": f"{subject}_summed_2x.fits",
        "simple_sum": f"{subject}_simple_sum.fits",
        "frames": "frames.csv",
    }


def test_the_stack_is_on_the_detector_s_grid_and_on_that_of_half_pixels(faint):
    raw, fine = (pixels_of(faint, role) for role in ("stack", "stack2x"))
    assert raw.shape == (NIGHT.size_px, NIGHT.size_px)
    assert fine.shape == (2 * NIGHT.size_px, 2 * NIGHT.size_px)
    np.testing.assert_allclose(4 * fine[::2, ::2], raw, atol=1e-3)
    scales = {role: header_of(faint, role)["PIXSCALE"] for role in ("stack", "stack2x")}
    assert scales == {"stack": pytest.approx(0.0351594), "stack2x": pytest.approx(0.0351594 / 2)}


def test_the_star_is_sharper_than_in_the_sum_of_frames_as_they_lie(faint):
    stack, simple = pixels_of(faint, "stack"), pixels_of(faint, "simple_sum")
    assert np.nanmax(stack) > 1.8 * (np.nanmax(simple) - np.nanmedian(simple))


def test_shifts_of_400_electrons_a_frame_are_found_to_less_than_a_pixel(faint, night):
    errors = shift_errors(faint, night.truth(night.subject(FAINT))["shifts_yx_px"])
    assert errors.std(axis=0).max() < 0.85
    assert np.abs(errors).max() < 5


def test_it_says_how_much_light_there_was_and_whether_to_trust_it(faint, night):
    truth = night.truth(night.subject(FAINT))
    assert faint.values["flux_electron"] == pytest.approx(truth["flux_electron"], rel=0.3)
    assert faint.values["is_confident"] == (not faint.values["doubts"])
    assert faint.values["n_frames"] == FRAMES[FAINT][0]
    assert faint.values["self_noise"] > 1


def test_the_star_is_looked_for_where_the_bright_reduction_locked(bench, night, faint):
    bright = bench.make(ProductKind.BRIGHT, night.subject(FAINT))
    assert faint.values["lock_yx_px"] == bright.values["lock_yx_px"]
    job = bench.job(ProductKind.FAINT, night.subject(FAINT))
    *others, values = job.inputs
    near_edge = type(values)(values.name, values.sha256, "values", None, {**values.values, "lock_yx_px": [5, 5]})
    with pytest.raises(UsageError, match="within 24 pixels of the edge"):
        bench.anew(ProductKind.FAINT, night.subject(FAINT), inputs=(*others, near_edge))
