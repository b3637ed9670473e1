import numpy as np
import pytest

from archive.enums import ProductKind
from archive.errors import UsageError
from pipeline.arrays.limb import FoundDisc
from pipeline.arrays.sharpness import gradient_energy
from tests.pipeline.reductions.products import frames_of, header_of, pixels_of
from tests.pipeline.reductions.simulated import EMPTY, FRAMES, PLANET


@pytest.fixture(scope="module")
def planet(bench, night):
    return bench.make(ProductKind.PLANETARY, night.subject(PLANET))


def test_its_files_are_told_apart_by_role_and_name(planet, night):
    subject = night.subject(PLANET)
    assert {file.role: file.filename for file in planet.files} == {
        "stack": f"{subject}_planetary.fits",
        "stack100": f"{subject}_planetary_100p.fits",
        "stack20": f"{subject}_planetary_20p.fits",
        "stack5": f"{subject}_planetary_5p.fits",
        "sharpened": f"{subject}_planetary_sharpened.fits",
        "frames": "frames.csv",
    }


def test_the_disc_has_its_size(planet, night):
    radius_px = night.truth(night.subject(PLANET))["disc"]["radius_px"]
    assert planet.values["radius_arcsec"] == pytest.approx(radius_px * 0.0351594, rel=0.05)


def test_the_header_says_how_many_frames_each_stack_is_of(planet):
    counts = {role: header_of(planet, role)["NFRAMES"] for role in ("stack", "stack100", "stack20", "stack5")}
    n_frames = FRAMES[PLANET][0]
    assert counts == {"stack": n_frames // 2, "stack100": n_frames, "stack20": 4, "stack5": 1}


def test_only_the_sharpened_image_is_labelled_so_and_only_it_has_stronger_details(planet):
    labels = {file.role: header_of(planet, file.role)["SHARPEND"] for file in planet.files if file.role != "frames"}
    assert [role for role, is_sharpened in labels.items() if is_sharpened] == ["sharpened"]
    header = header_of(planet, "stack20")
    disc = FoundDisc((header["LOCKY"] - 1, header["LOCKX"] - 1), planet.values["radius_arcsec"] / header["PIXSCALE"], 0)
    plain, sharp = (
        gradient_energy(np.nan_to_num(pixels_of(planet, role)).astype(np.float32), disc)
        for role in ("stack20", "sharpened")
    )
    assert sharp > 1.5 * plain


def test_each_frame_has_its_sharpness(planet):
    rows = frames_of(planet)
    assert len(rows) == FRAMES[PLANET][0]
    assert all(float(row["quality"]) > 0 for row in rows if row["used"] == "1")
    assert {row["snr"] for row in rows} == {""}


def test_a_field_without_a_disc_is_refused(bench, night):
    with pytest.raises(UsageError, match="Is it a planet"):
        bench.anew(ProductKind.PLANETARY, night.subject(EMPTY))
