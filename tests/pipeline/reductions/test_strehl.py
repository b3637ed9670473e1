import json

import numpy as np
import pytest
from astropy.io import fits

from archive.enums import ProductKind
from archive.errors import UsageError
from archive.models import StrehlMeasurement
from tests.pipeline.reductions.products import bytes_of, file_of, header_of, pixels_of
from tests.pipeline.reductions.simulated import FAINT, STAR


@pytest.fixture(scope="module")
def star(bench, night):
    return bench.make(ProductKind.BRIGHT_STREHL, night.subject(STAR))


def with_stack(bench, subject, change, tmp_path):
    """The measurement of a stack of which something was changed."""
    job = bench.job(ProductKind.BRIGHT_STREHL, subject)
    stack, *values = job.inputs
    with fits.open(stack.path) as hdus:
        change(hdus[0])
        hdus.writeto(tmp_path / stack.name, checksum=True)
    changed = type(stack)(stack.name, stack.sha256, stack.role, tmp_path / stack.name)
    return bench.anew(ProductKind.BRIGHT_STREHL, subject, inputs=(changed, *values))


def test_a_bright_star_has_its_strehl_ratio(star, night):
    truth = night.truth(night.subject(STAR))["strehl"]
    assert star.strehl["strehl_ratio"] == pytest.approx(truth, rel=0.03)
    assert 0.001 < star.strehl["strehl_error"] < 0.02
    assert star.strehl["warnings"] == []
    assert star.strehl["flag"] == "OK"


def test_the_legacy_ratio_stands_beside_it_and_is_lower(star):
    """It leaves out the detector's pixel, which takes 8 % of a perfect peak in this filter, and the halo beyond 3"."""
    assert 0.85 < star.strehl["strehl_legacy"] / star.strehl["strehl_ratio"] < 1.0


def test_a_faint_star_has_its_ratio_within_the_error(bench, night):
    subject = night.subject(FAINT)
    measured = bench.make(ProductKind.FAINT_STREHL, subject).strehl
    off = measured["strehl_ratio"] - night.truth(subject)["strehl"]
    assert abs(off) < 2 * measured["strehl_error"]
    assert "low_signal" in measured["warnings"]


def test_the_star_is_where_its_stack_is_brightest(star, bench, night):
    pixels = pixels_of(bench.make(ProductKind.BRIGHT, night.subject(STAR)), "stack")
    y, x = np.unravel_index(np.nanargmax(pixels), pixels.shape)
    assert (star.strehl["y_px"], star.strehl["x_px"]) == pytest.approx((y, x), abs=0.75)


def test_every_value_is_a_column_that_json_has(star):
    columns = {field.name for field in StrehlMeasurement._meta.get_fields()}
    assert set(star.strehl) <= columns
    assert json.loads(json.dumps(star.strehl, allow_nan=False)) == star.strehl


def test_the_text_is_that_of_the_original_archive(star, bench, night):
    comment, line = file_of(star, "legacy").read_text().splitlines()
    lock = header_of(bench.make(ProductKind.BRIGHT, night.subject(STAR)), "stack")
    x, y, core, halo, ratio, fwhm, flag = line.split(" ")
    assert comment.startswith("#")
    assert (int(x), int(y)) == (lock["LOCKX"] - 1, lock["LOCKY"] - 1)
    assert ratio == f"{100 * star.strehl['strehl_ratio']:.5f}"
    widths = (star.strehl[name] for name in ("core_arcsec", "halo_arcsec", "fwhm_arcsec"))
    assert [core, halo, fwhm] == [f"{width:.5f}" for width in widths]
    assert flag == "OK"


def test_the_box_is_cut_out_of_the_stack_with_its_header(star, bench, night):
    stack = bench.make(ProductKind.BRIGHT, night.subject(STAR))
    box, whole, own, of_stack = (
        pixels_of(star, "box"),
        pixels_of(stack, "stack"),
        header_of(star, "box"),
        header_of(stack, "stack"),
    )
    assert box.shape == (173, 173)  # 3", rounded as the original did
    first_y, first_x = (int(of_stack[key] - own[key]) for key in ("CRPIX2", "CRPIX1"))
    np.testing.assert_array_equal(box, whole[first_y : first_y + len(box), first_x : first_x + len(box)])
    assert own["LOCKY"] == of_stack["LOCKY"] - first_y
    assert (own["PRODKIND"], own["NFRAMES"], own["BUNIT"]) == ("bright-strehl", 24, "electron")


def test_boxes_of_a_star_s_two_stacks_are_frames_of_different_names(bench, night):
    subject = night.subject(FAINT)
    names = [
        next(file.filename for file in bench.make(kind, subject).files if file.role == "box")
        for kind in (ProductKind.BRIGHT_STREHL, ProductKind.FAINT_STREHL)
    ]
    assert names == [f"{subject}_box.fits", f"{subject}_faint_box.fits"]


def test_blank_pixels_beside_the_star_are_told_of_and_change_little(bench, night, star, tmp_path):
    def blank_rows(hdu):
        y = int(hdu.header["LOCKY"]) - 1
        hdu.data[y + 60 : y + 68] = np.nan

    measured = with_stack(bench, night.subject(STAR), blank_rows, tmp_path).strehl
    assert measured["warnings"] == ["blank_pixels"]
    assert measured["strehl_ratio"] == pytest.approx(star.strehl["strehl_ratio"], rel=0.03)
    assert measured["strehl_legacy"] is None


def test_a_core_without_values_is_refused(bench, night, tmp_path):
    def blank_core(hdu):
        y, x = int(hdu.header["LOCKY"]) - 1, int(hdu.header["LOCKX"]) - 1
        hdu.data[y - 4 : y + 5, x - 4 : x + 5] = np.nan

    with pytest.raises(UsageError, match=r"core .* has no value|no light above the sky"):
        with_stack(bench, night.subject(STAR), blank_core, tmp_path)


def test_an_unknown_filter_is_refused_with_those_that_are_known(bench, night):
    subject = night.subject(STAR)
    observation = bench.job(ProductKind.BRIGHT_STREHL, subject).observation
    observation.primary_optical_element = "Ha"
    with pytest.raises(UsageError, match="'Ha' is none of Sg, Sr, Si"):
        bench.anew(ProductKind.BRIGHT_STREHL, subject, observation=observation)


def test_measured_twice_all_bytes_are_the_same(bench, night, star):
    assert bytes_of(bench.anew(ProductKind.BRIGHT_STREHL, night.subject(STAR))) == bytes_of(star)
