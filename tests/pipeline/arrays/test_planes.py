import numpy as np
import pytest
from astropy.io import fits

from pipeline.arrays.planes import MOST_FRAMES, planes_of
from pipeline.arrays.previews import previews, science_planes

SHAPE = (24, 32)


def frame(number):
    return np.full(SHAPE, number, dtype=np.uint16)


def cube(n_frames, **cards):
    return fits.HDUList(
        [fits.PrimaryHDU(frame(0)), *(fits.ImageHDU(frame(n), fits.Header(cards)) for n in range(1, n_frames))]
    )


def test_a_file_of_frames_is_a_cube_of_its_first_ones():
    (plane,) = planes_of(cube(30))
    assert plane.pixels.shape == (MOST_FRAMES, *SHAPE)
    np.testing.assert_array_equal(plane.pixels[:, 0, 0], np.arange(MOST_FRAMES))


def test_its_picture_is_one_frame_large():
    assert previews(list(planes_of(cube(30))), {"large": 1024})["large"].width_px == SHAPE[1]


def test_the_header_of_the_first_frame_stands_for_all():
    hdus = cube(4)
    hdus[0].header["OBJECT"] = "Vega"
    (plane,) = planes_of(hdus)
    assert plane.cards["OBJECT"] == "Vega"


@pytest.mark.parametrize("cards", [{"DETSEC": "[1:32,1:24]"}, {"EXTNAME": "SCI"}])
def test_amplifiers_are_no_frames(cards):
    assert len(list(planes_of(cube(4, **cards)))) == 4


def test_two_images_alike_are_an_image_and_a_companion():
    assert len(list(planes_of(cube(2)))) == 2


def test_images_behind_an_empty_first_hdu_are_no_frames():
    hdus = fits.HDUList([fits.PrimaryHDU(), *(fits.ImageHDU(frame(n)) for n in range(4))])
    assert len(science_planes(list(planes_of(hdus)))) == 4


def test_images_of_other_shapes_behind_frames_end_them():
    hdus = cube(4)
    hdus.append(fits.ImageHDU(np.zeros((3, 3), dtype=np.uint16)))
    (plane,) = planes_of(hdus)
    assert len(plane.pixels) == 4


def test_of_a_stack_of_floats_the_blank_border_does_not_spoil_the_picture():
    y, x = np.indices((600, 600))
    stack = np.random.default_rng(1).normal(0, 1, (600, 600)) + 500 * np.exp(-((y - 250) ** 2 + (x - 350) ** 2) / 18)
    stack[:20], stack[:, :15] = np.nan, np.nan
    hdus = fits.HDUList([fits.PrimaryHDU(stack.astype(np.float32))])
    made = previews(list(planes_of(hdus)), {"small": 150, "large": 4096})
    assert {name: (each.width_px, each.height_px) for name, each in made.items()} == {
        "small": (150, 150),
        "large": (600, 600),
    }
