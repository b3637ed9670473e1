from dataclasses import replace

import numpy as np
import pytest

from archive.enums import ProductKind
from archive.errors import UsageError
from pipeline.reductions.job import NothingToMake
from tests.pipeline.reductions.products import header_of, pixels_of
from tests.pipeline.reductions.simulated import CALIBRATION_FRAMES


@pytest.mark.parametrize("mode", ["1", "14", "2"])
def test_a_master_dark_is_what_the_camera_shows_without_light(bench, night, mode):
    dark = pixels_of(bench.make(ProductKind.DARK, f"dark_{mode}"), "master")
    truth = np.load(night.truths / f"{night.subject(f'dark_{mode}_')}.npy")
    assert dark.shape == truth.shape
    off = dark - truth
    assert np.median(off) == pytest.approx(0, abs=4 * 2 / np.sqrt(CALIBRATION_FRAMES))  # 4 sigma: the bias drifts by 2
    assert np.std(off[truth < np.median(truth) + 50]) < 5


def test_a_master_flat_is_the_response_of_the_camera(bench, night):
    flat = pixels_of(bench.make(ProductKind.FLAT, "flat_Si"), "master")
    truth = np.load(night.truths / f"{night.subject('flat_Si')}.npy")
    off = flat / (truth / truth.mean()) - 1
    assert flat.mean() == pytest.approx(1, abs=1e-5)
    assert np.median(np.abs(off)) < 0.01
    assert np.median(off) == pytest.approx(0, abs=1e-3)


def test_a_master_says_what_it_was_made_from(bench, night):
    dark, flat = (
        bench.make(kind, name) for kind, name in ((ProductKind.DARK, "dark_1"), (ProductKind.FLAT, "flat_Si"))
    )
    header = header_of(flat, "master")
    assert [file.filename for file in (*dark.files, *flat.files)] == ["dark_1_20261101.fits", "flat_Si_20261101.fits"]
    assert header["RAW00001"] == f"{night.subject('flat_Si')}.fits.bz2"
    assert header["L1IDDARK"] == "dark_1_20261101.fits"
    assert header["NFRAMES"] == CALIBRATION_FRAMES
    assert (header_of(dark, "master")["BUNIT"], dark.values) == ("adu", {"n_frames": CALIBRATION_FRAMES})


def test_a_flat_waits_for_its_dark(bench):
    job = bench.job(ProductKind.FLAT, "flat_Si")
    raws = tuple(each for each in job.inputs if each.role == "raw")
    with pytest.raises(NothingToMake, match="no dark of the flats' detector mode"):
        bench.anew(ProductKind.FLAT, "flat_Si", inputs=raws)


def test_a_file_that_was_cut_off_is_refused_by_name(bench, night, tmp_path):
    job = bench.job(ProductKind.DARK, "dark_1")
    whole = job.inputs[0].path.read_bytes()
    damaged = tmp_path / job.inputs[0].name
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match=rf"{damaged.name} can not be unpacked .* send it again"):
        bench.anew(ProductKind.DARK, "dark_1", inputs=(replace(job.inputs[0], path=damaged),))
