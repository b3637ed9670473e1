"""Files that make no picture are refused in words, whatever they claim."""

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import UsageError
from pipeline.reductions.colour_child import make
from pipeline.reductions.colour_job import ColourJob
from tests.colours import FIELD, SHAPE, fits_of, image_of, wcs_at

WCS_HERE = wcs_at()
CARDS = dict(WCS_HERE.to_header())


def good():
    return fits_of(image_of(FIELD, WCS_HERE, 1, exposure_s=60.0), WCS_HERE)


def job(folder, *contents):
    sources = []
    for number, content in enumerate(contents):
        path = folder / f"frame{number}.fits"
        path.write_bytes(content)
        sources.append(str(path))
    made = {name: str(folder / name) for name in ("picture", "thumbnail", "cube")}
    return ColourJob(
        sources, [60.0] * 3, ["i", "r", "g"], ["a", "b", "c"], "Ω Cen", "credit", **made,
        longest_px=2048, thumbnail_px=64, memory_bytes=1 << 30, file_bytes=1 << 28, cpu_s=60,
    )  # fmt: skip


def with_cards(folder, *, shape=SHAPE, hdus=1, **changes):
    path = folder / "odd.fits"
    header = fits.Header({key: value for key, value in {**CARDS, **changes}.items() if value is not None})
    images = [fits.ImageHDU(np.ones(shape, np.float32), header) for _ in range(hdus)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path, overwrite=True)
    return path.read_bytes()


def test_three_good_ones_make_a_picture_with_all_its_files(tmp_path):
    shown = make(job(tmp_path, good(), good(), good()))
    assert (shown.height_px, shown.width_px) == SHAPE
    assert shown.pixel_arcsec == pytest.approx(2.0)
    with fits.open(tmp_path / "cube") as cube:
        assert [hdu.name for hdu in cube[1:]] == ["RED", "GREEN", "BLUE"]
        assert cube["RED"].header["OBJECT"] == "? Cen"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"CTYPE1": None, "CTYPE2": None}, "does not say where"),
        ({"CTYPE1": "RA---TAB", "CTYPE2": "DEC--TAB"}, "frame1"),
        ({"CTYPE1": "WAVE", "CTYPE2": "LINEAR", "CUNIT1": "m"}, "does not say where"),
        ({"CDELT1": 0.0}, "can not be read"),
        ({"CRVAL2": 400.0}, "sky"),
        ({"CRVAL1": 22.0}, "no common part"),
        ({"shape": (2, 500)}, "does not hold one image"),
        ({"hdus": 4}, "does not hold one image, but 4"),
        ({"A_ORDER": 99}, "frame1"),
    ],
    ids=str,
)
def test_a_file_that_has_no_place_or_no_one_image_is_named(tmp_path, changes, says):
    with pytest.raises(UsageError, match=says):
        make(job(tmp_path, good(), with_cards(tmp_path, **changes), good()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no FITS file",
        good()[:5000],
        good().replace(b"NAXIS1  =                  200", b"NAXIS1  =           2000000000"),
        good().replace(b"BITPIX  =                  -32", b"BITPIX  =                   77"),
    ],
    ids=["empty", "other", "cut short", "huge", "no numbers"],
)
def test_a_broken_file_is_refused(tmp_path, content):
    with pytest.raises(UsageError, match="frame2"):
        make(job(tmp_path, good(), good(), content))
