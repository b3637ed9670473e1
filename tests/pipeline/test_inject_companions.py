"""`manage.py inject_companions`: companions put into small stars, by FITS files and by the archive; what it tells."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import gaussian_fwhm_to_sigma
from django.core.management import CommandError, call_command

from archive.enums import ProductKind
from pipeline.arrays.high_contrast.companion_fit import MAG_PER_SHARE
from tests.pipeline.arrays.high_contrast.skies import FWHM_PX, Sky

NAME = "4_a_VIC_Si_o_20160925_110427.040912"
SMALL = 51


@pytest.fixture(scope="module")
def sky() -> tuple[np.ndarray, np.ndarray]:
    """A star and eight others of the same patterns, 51 px wide."""
    made = Sky(noise=1e-4)
    inside = slice(25, 76)
    star, *others = made.stars(9)[:, inside, inside]
    return star, np.array(others)


@pytest.fixture
def files(sky, tmp_path) -> list[str]:
    star, references = sky
    fits.PrimaryHDU(star.astype(np.float32)).writeto(tmp_path / "star.fits")
    fits.PrimaryHDU(references[:5].astype(np.float32)).writeto(tmp_path / "cube.fits")
    singles = []
    for number, image in enumerate(references[5:]):
        singles.append(str(tmp_path / f"single{number}.fits"))
        fits.PrimaryHDU(image.astype(np.float32)).writeto(singles[-1])
    return ["--star", str(tmp_path / "star.fits"), "--references", str(tmp_path / "cube.fits"), *singles]


QUICK = ["--highpass", "none", "--components", "3", "--angles", "4"]


def run(capsys, *arguments: str) -> str:
    call_command("inject_companions", *arguments)
    return str(capsys.readouterr().out)


def test_bright_ones_are_all_found_where_and_as_bright_as_they_were_put_in(files, tmp_path, capsys):
    """5 mag at a noise of 1e-4 of the peak: of an aperture's noise they are 50 times the scatter."""
    out = tmp_path / "out.csv", tmp_path / "out.json"
    said = run(capsys, *files, *QUICK, "--fwhm-px", "4", "--separations", "16", "--delta-mag", "5",
               "--csv", str(out[0]), "--json", str(out[1]))  # fmt: skip
    assert "4 of 4 were found: 1.00." in said
    rows = list(csv.DictReader(out[0].read_text().splitlines()))
    angles = np.array([float(row["position_angle_deg"]) for row in rows])
    assert np.diff(angles) == pytest.approx(90.0)
    told = json.loads(out[1].read_text())
    assert told["separations"] == [{"separation_px": 16.0, "n_injected": 4, "n_found": 4}]
    for row, each in zip(rows, told["companions"], strict=True):
        assert row["is_found"] == "1"
        assert row["separation_arcsec"] == ""
        assert each["separation_arcsec"] is None
        assert float(row["found_delta_mag"]) == pytest.approx(5.0, abs=4 * float(row["found_delta_mag_error"]))
        # Four times the stated error of the place, on two axes, by the signal to noise.
        error_px = FWHM_PX * gaussian_fwhm_to_sigma * np.sqrt(2) * float(row["found_delta_mag_error"]) / MAG_PER_SHARE
        assert float(row["found_off_px"]) < 4 * np.sqrt(2) * error_px


def test_at_the_limit_a_seed_says_which(files, capsys):
    arguments = (*files, *QUICK, "--fwhm-px", "4", "--scale-arcsec", "0.02", "--separations", "0.32")
    first, again, other = (run(capsys, *arguments, "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again
    assert first != other
    # Limits are such that t is its threshold: t scatters by 1 of 6.2, its median of four by 0.63 of that, twice two ways.
    share = float(re.search(r"0\.32 +\S+ +4 +\d +\S+ +(\S+)", first)[1])
    assert share == pytest.approx(1.0, abs=4 * 0.63 / 6.2)


@pytest.mark.django_db
def test_a_star_of_the_archive_is_told_by_the_references_it_was_given(sky, ao, tmp_path, capsys):
    star, references = sky

    def stored(product, role: str, pixels) -> str:
        path = tmp_path / "one.fits"
        fits.PrimaryHDU(pixels.astype(np.float32)).writeto(path, overwrite=True)
        return str(ao.file(product, role, content=path.read_bytes(), filename=f"{product.pk}.fits").sha256)

    observation = ao.observation(name=NAME)
    values = {"fwhm_arcsec": 0.08, "scale_arcsec": 0.08 / FWHM_PX}
    stored(ao.product(observation, kind=ProductKind.BRIGHT_PSF, values=values), "psf", star)
    inputs = [
        {"role": "reference", "name": "r", "sha256": stored(ao.product(ao.observation(), kind=ProductKind.BRIGHT_PSF), "psf", each)}
        for each in references
    ]  # fmt: skip
    ao.product(
        observation, kind=ProductKind.BRIGHT_PCA, inputs=[{"role": "stack2x", "name": "s", "sha256": "0"}, *inputs]
    )
    said = run(capsys, "--observation", NAME, *QUICK, "--separations", "0.32", "--delta-mag", "5")
    assert "4 of 4 were found" in said
    assert "arcsec" in said


@pytest.mark.django_db
def test_a_star_that_has_not_been_cut_out_is_said_to_be_so(ao):
    ao.observation(name=NAME)
    with pytest.raises(CommandError, match="has not been cut out"):
        call_command("inject_companions", "--observation", NAME)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["--star", "gone.fits"], "There is no file gone.fits"),
        (["--star", __file__], "can not be read as FITS"),
        ([], "how wide the star's core is"),
        (["--fwhm-px", "4", "--separations", "40"], "There is no limit at 40"),
        (["--fwhm-px", "4", "--separations", "1", "--delta-mag", "3"], "nothing to find"),
        (["--fwhm-px", "4", "--angles", "0"], "not between"),
        (["--fwhm-px", "-4"], "above zero"),
        (["--fwhm-px", "4", "--observation", NAME], "not allowed with"),
    ],
)
def test_what_can_not_be_done_is_said_in_plain_words(files, changes, says):
    with pytest.raises(CommandError, match=says):
        call_command("inject_companions", *files, *QUICK, *changes)


def test_images_that_do_not_fit_together_are_refused(files, tmp_path):
    other = Path(tmp_path, "other.fits")
    fits.PrimaryHDU(np.ones((3, 9, 9), dtype=np.float32)).writeto(other)
    with pytest.raises(CommandError, match="cut them alike"):
        call_command("inject_companions", *files[:2], "--references", str(other), "--fwhm-px", "4")
    with pytest.raises(CommandError, match="Give --references"):
        call_command("inject_companions", *files[:2], "--fwhm-px", "4")
