import numpy as np
import pytest

from pipeline.arrays.shrink import area_mean, fitted_shape


@pytest.mark.parametrize(
    ("shape", "longest_px", "expected"),
    [
        ((512, 1024), 256, (128, 256)),
        ((1024, 512), 256, (256, 128)),
        ((100, 60), 256, (100, 60)),
        ((3, 5000), 1000, (1, 1000)),
        ((4097, 4097), 4096, (4096, 4096)),
    ],
)
def test_the_longest_side_fits_and_nothing_is_enlarged(shape, longest_px, expected):
    assert fitted_shape(shape, longest_px) == expected


def test_whole_blocks_are_their_means():
    image = np.arange(48, dtype=np.int16).reshape(6, 8)
    blocks = [[image[y : y + 3, x : x + 2].mean() for x in range(0, 8, 2)] for y in (0, 3)]
    np.testing.assert_allclose(area_mean(image, (2, 4)), blocks, rtol=1e-6)


def test_a_pixel_cut_in_two_counts_by_its_parts():
    # Three pixels onto two: the middle one is shared.
    np.testing.assert_allclose(area_mean(np.array([[3.0, 6.0, 12.0]]), (1, 2)), [[4.0, 10.0]])


@pytest.mark.parametrize("shape", [(64, 100), (63, 17), (1, 1), (50, 99)])
@pytest.mark.parametrize("dtype", [">i2", "u2", ">f4", "f8"])
def test_flux_is_conserved(shape, dtype):
    image = np.random.default_rng(3).integers(0, 30000, (101, 100)).astype(dtype)
    shrunk = area_mean(image, shape)
    assert shrunk.shape == shape
    assert shrunk.mean(dtype=float) == pytest.approx(image.mean(dtype=float), rel=1e-5)


def test_a_linear_gradient_stays_linear():
    y, x = np.mgrid[:90, :120].astype(float)
    shrunk = area_mean(2 * x + 5 * y, (36, 50))
    new_y, new_x = np.mgrid[:36, :50]
    centre_y, centre_x = (new_y + 0.5) * 2.5 - 0.5, (new_x + 0.5) * 2.4 - 0.5
    # A part of a pixel has its whole value, so that the mean may miss the gradient by a share of one old pixel.
    assert np.abs(shrunk - (2 * centre_x + 5 * centre_y)).max() < 1.0


def test_pixels_without_a_value_are_left_out_of_the_mean():
    image = np.full((4, 4), 10.0, dtype=np.float32)
    image[0, 0], image[1, 2] = np.nan, np.inf
    image[2:, 2:] = np.nan
    np.testing.assert_allclose(area_mean(image, (2, 2)), [[10.0, 10.0], [10.0, np.nan]])


def test_a_memory_map_larger_than_one_band_gives_the_same_as_the_array(tmp_path):
    image = np.random.default_rng(5).integers(0, 60000, (2500, 1200)).astype(">i4")
    mapped = np.memmap(tmp_path / "pixels", dtype=">i4", mode="w+", shape=image.shape)
    mapped[:] = image
    expected = image.reshape(500, 5, 240, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(area_mean(mapped, (500, 240)), expected, rtol=1e-6)
    del mapped


def test_a_star_that_no_pixel_shows_stands_out_when_small():
    image = np.random.default_rng(11).normal(1000, 10, (512, 512))
    image[256:264, 256:264] += 8  # 0.8 sigma in each of 64 pixels: 6.4 sigma together
    small = area_mean(image, (64, 64))
    assert small.argmax() == np.ravel_multi_index((32, 32), small.shape)
    assert small[32, 32] > 1000 + 4 * small.std()
