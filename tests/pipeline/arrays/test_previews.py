import io

import numpy as np
import pytest
from PIL import Image

from pipeline.arrays.planes import ImagePlane
from pipeline.arrays.previews import is_spectrum, jpeg, middle_plane, previews, science_planes

SIZES = {"small": 64, "medium": 128, "large": 4096}


def decoded(picture):
    return np.asarray(Image.open(io.BytesIO(picture.jpeg)))


def starry(shape, *, at_yx, seed=2):
    image = np.random.default_rng(seed).normal(500, 5, shape)
    y, x = np.indices(shape)
    return image + 9000 * np.exp(-((y - at_yx[0]) ** 2 + (x - at_yx[1]) ** 2) / (2 * 4**2))


def test_each_size_has_a_picture_that_fits_it():
    made = previews([ImagePlane(starry((200, 300), at_yx=(40, 250)), {})], SIZES)
    assert {name: (picture.width_px, picture.height_px) for name, picture in made.items()} == {
        "small": (64, 43),
        "medium": (128, 85),
        "large": (300, 200),
    }
    assert list(made) == list(SIZES)
    for picture in made.values():
        assert decoded(picture).shape == (picture.height_px, picture.width_px)


@pytest.mark.parametrize("name", SIZES)
def test_the_first_row_of_fits_is_the_bottom_of_the_picture(name):
    picture = previews([ImagePlane(starry((200, 300), at_yx=(40, 250)), {})], SIZES)[name]
    y, x = np.argwhere(decoded(picture) > 200).mean(axis=0) + 0.5
    assert y / picture.height_px == pytest.approx(1 - 40.5 / 200, abs=0.01)
    assert x / picture.width_px == pytest.approx(250.5 / 300, abs=0.01)


def test_the_same_pixels_give_the_same_bytes():
    plane = ImagePlane(starry((200, 300), at_yx=(40, 250)), {})
    assert previews([plane], SIZES) == previews([plane], SIZES)


def test_a_file_without_pixels_has_no_picture():
    assert previews([], SIZES) == {}
    assert previews([ImagePlane(np.zeros((0, 0)), {})], SIZES) == {}


@pytest.mark.parametrize("value", [0, 65535, np.nan])
def test_an_image_of_one_value_has_a_picture(value):
    made = previews([ImagePlane(np.full((30, 40), value), {})], SIZES)
    assert np.ptp(decoded(made["large"])) == 0


def test_masks_and_errors_are_not_shown_beside_the_science():
    science = ImagePlane(np.ones((30, 30)), {"EXTNAME": "SCI"})
    mask = ImagePlane(np.ones((30, 30), np.uint8), {"EXTNAME": "BPM"})
    assert [plane.cards["EXTNAME"] for plane in science_planes([mask, science, mask])] == ["SCI"]
    assert previews([science, mask], SIZES)["large"].width_px == 30


def test_a_mask_alone_is_shown():
    assert previews([ImagePlane(np.eye(30, dtype=np.uint8), {"EXTNAME": "BPM"})], SIZES)["large"].width_px == 30


@pytest.mark.parametrize(
    ("pixels", "blank"),
    [
        (np.array([[1, -32768], [3, 4]], np.int16), -32768),
        (np.array([[1, 0], [3, 4]], np.uint16), -32768),  # stored shifted by 32768
        (np.array([[1, 255], [3, 4]], np.uint8), 255),
    ],
)
def test_blank_whole_numbers_become_nan(pixels, blank):
    (plane,) = science_planes([ImagePlane(pixels, {"BLANK": blank})])
    np.testing.assert_array_equal(plane.pixels, [[1, np.nan], [3, 4]])


def test_a_raw_image_is_shown_without_its_overscan():
    cards = {"BIASSEC": "[41:50,1:30]", "TRIMSEC": "[1:40,1:30]"}
    assert previews([ImagePlane(np.ones((30, 50)), cards)], SIZES)["large"].width_px == 40


def test_a_cube_is_shown_by_the_median_of_its_planes():
    y, x = np.mgrid[:20, :30].astype(float)
    cube = np.stack([x + 100 * y] * 5)
    cube[2, 4, 6] = 1e6  # a cosmic ray
    cube[0, 1, 1] = np.nan
    cube[:, 2, 2] = np.nan
    expected = x + 100 * y
    expected[2, 2] = np.nan
    np.testing.assert_array_equal(middle_plane(cube), expected)
    assert previews([ImagePlane(cube, {})], SIZES)["large"].width_px == 30


def test_a_long_cube_is_read_at_nine_planes_from_first_to_last():
    cube = np.broadcast_to(np.arange(101.0)[:, None, None], (101, 4, 5))
    assert (middle_plane(cube) == 50).all()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3012,), True), ((1, 3012), True), ((4, 1, 3012), True), ((3012, 2), True), ((68, 4096), False), ((1,), False),
     ((100, 100), False), ((5, 20, 30), False), ((2, 20), False)],
)  # fmt: skip
def test_a_few_long_rows_are_a_spectrum(shape, expected):
    assert is_spectrum(np.zeros(shape)) is expected


def test_a_single_pixel_has_a_picture():
    assert previews([ImagePlane(np.ones(1), {})], SIZES)["large"].width_px == 1


def test_a_spectrum_is_drawn_wider_than_high():
    spectrum = np.stack([np.linspace(0, 1, 3000), np.full(3000, 1e9)])[:, None, :]
    made = previews([ImagePlane(spectrum, {"CTYPE1": "WAVE", "CRVAL1": 4000.0, "CDELT1": 2.0})], SIZES)
    assert (made["medium"].width_px, made["medium"].height_px) == (128, 77)


def test_a_jpeg_keeps_grey_levels():
    flat = np.full((16, 24), 77, np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(jpeg(flat)))) == 77).all()
