import bz2

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import UsageError
from pipeline.raw_cube import open_cube

SHAPE = (6, 8)


def frame(number, shape=SHAPE):
    return np.full(shape, 40_000 + number, dtype=np.uint16)


def cards(number):
    return fits.Header([("FRAMEUTC", f"2026-11-01T05:13:{number:02d}.500000"), ("FRAME", number)])


def write(folder, name, numbers, *, data=frame):
    hdus = [fits.ImageHDU(data(number), cards(number)) for number in numbers]
    hdus[0] = fits.PrimaryHDU(data(numbers[0]), cards(numbers[0]))
    plain = folder / "plain.fits"
    fits.HDUList(hdus).writeto(plain, overwrite=True)
    path = folder / name
    path.write_bytes(bz2.compress(plain.read_bytes()) if name.endswith(".bz2") else plain.read_bytes())
    plain.unlink()
    return path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def test_frames_of_all_files_stand_one_after_the_other_with_their_times(tmp_path, folder):
    paths = [write(tmp_path, "a.fits.bz2", [0, 1, 2]), write(tmp_path, "a_0.fits", [3, 4])]
    cube = open_cube(paths, folder=folder)
    assert cube.shape == (5, *SHAPE)
    assert [float(cube[number][0, 0]) for number in range(5)] == [40_000, 40_001, 40_002, 40_003, 40_004]
    assert cube[3].dtype == np.float32
    assert np.diff(cube.time_mjd) == pytest.approx(np.full(4, 1 / 86_400), abs=1e-9)
    assert [header["FRAME"] for header in cube.headers] == [0, 3]


def test_frames_of_floats_and_of_scaled_numbers_are_what_they_say(tmp_path, folder):
    floats = write(tmp_path, "f.fits", [1], data=lambda _: np.full(SHAPE, 1.5, dtype=np.float32))
    assert float(open_cube([floats], folder=folder)[0][2, 3]) == 1.5
    hdu = fits.PrimaryHDU(np.full(SHAPE, 7.0))
    hdu.scale("int16", bscale=0.5, bzero=2.0)
    hdu.writeto(tmp_path / "scaled.fits")
    assert float(open_cube([tmp_path / "scaled.fits"], folder=folder)[0][2, 3]) == 7.0


def test_continuation_files_follow_by_number_however_they_are_listed(tmp_path, folder):
    stem = "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"
    names = [f"{stem}.fits", *(f"{stem}_{number}.fits" for number in range(12))]
    paths = [write(tmp_path, name, [number]) for number, name in enumerate(names)]
    cube = open_cube(sorted(paths), folder=folder)
    assert [float(cube[number][0, 0]) - 40_000 for number in range(13)] == list(range(13))


def test_without_times_they_are_unknown(tmp_path, folder):
    fits.PrimaryHDU(frame(0)).writeto(tmp_path / "a.fits")
    assert np.isnan(open_cube([tmp_path / "a.fits"], folder=folder).time_mjd).all()


def test_an_empty_first_hdu_is_no_frame(tmp_path, folder):
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(frame(5))]).writeto(tmp_path / "a.fits")
    cube = open_cube([tmp_path / "a.fits"], folder=folder)
    assert (cube.shape, float(cube[0][0, 0])) == ((1, *SHAPE), 40_005)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-40])


def no_fits(path):
    path.write_bytes(bz2.compress(b"not a FITS file" * 400))


def ends_within_a_frame(path):
    path.write_bytes(bz2.compress(bz2.decompress(path.read_bytes())[:-2900]))


@pytest.mark.parametrize(
    ("damage", "says"),
    [(cut_off, "can not be unpacked"), (no_fits, "no FITS file"), (ends_within_a_frame, "a.fits.bz2")],
)
def test_a_damaged_file_is_refused_by_its_name(tmp_path, folder, damage, says):
    path = write(tmp_path, "a.fits.bz2", [0, 1])
    damage(path)
    with pytest.raises(UsageError, match=says):
        open_cube([path], folder=folder)


def test_frames_of_different_shapes_are_refused(tmp_path, folder):
    paths = [write(tmp_path, "a.fits", [0]), write(tmp_path, "b.fits", [0], data=lambda n: frame(n, (4, 4)))]
    with pytest.raises(UsageError, match="different shapes"):
        open_cube(paths, folder=folder)


def test_more_than_the_limit_is_not_unpacked(tmp_path, folder):
    path = write(tmp_path, "a.fits.bz2", [0, 1])
    with pytest.raises(UsageError, match="more than"):
        open_cube([path], folder=folder, most_bytes=5760)
