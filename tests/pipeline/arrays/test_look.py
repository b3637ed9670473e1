"""A first look at images whose numbers are known beforehand."""

import numpy as np
import pytest

from pipeline.arrays.look import BINS, MOST_POINTS, look_at


def test_statistics_are_those_of_the_finite_pixels():
    image = np.arange(12.0).reshape(3, 4)
    image[0, 0] = np.nan
    found = look_at(image)
    assert (found.width_px, found.height_px, found.n_finite, found.least, found.greatest) == (4, 3, 11, 1.0, 11.0)
    assert (found.mean, found.median) == (6.0, 6.0)
    assert found.sigma == pytest.approx(np.sqrt(10.0))  # of 1 to 11: (121 - 1) / 12
    assert sum(found.counts) == 11
    assert len(found.counts) == BINS


def test_cuts_go_along_the_row_and_column_that_are_asked_for():
    image = np.arange(12.0).reshape(3, 4)
    found = look_at(image, row=0, column=3)
    assert (found.along_row, found.along_column) == ([0, 1, 2, 3], [3, 7, 11])
    middle = look_at(image, row=3, column=99)  # outside
    assert (middle.row, middle.column) == (1, 2)


def test_a_long_cut_is_of_means_and_a_gap_stays_one():
    line = np.repeat(np.arange(500.0), 4)[None]
    line[0, :4] = np.nan
    found = look_at(line)
    assert len(found.along_row) <= MOST_POINTS
    # 2000 pixels in steps of 5: the last has the mean of the last five.
    assert found.along_row[-1] == pytest.approx(line[0, -5:].mean())
    assert look_at(np.array([[np.nan, 1.0, 2.0]])).along_row == [None, 1.0, 2.0]


def test_wild_values_are_counted_in_the_last_bins():
    chance = np.random.default_rng(1)
    image = chance.normal(1000, 10, (400, 400))
    image[5, 5] = 1e9
    found = look_at(image)
    assert found.high < 1100
    assert sum(found.counts) == image.size
    assert found.greatest == 1e9
    # The error of a robust width of 160,000 normal values is 1.17 / sqrt(2 n) = 0.2 percent: five of these.
    assert found.robust_sigma == pytest.approx(10, rel=0.011)


@pytest.mark.parametrize("dtype", ["u1", ">i2", ">f4", "i8"])
def test_an_even_image_of_any_type_stands_in_one_bin(dtype):
    found = look_at(np.full((5, 7), 9, dtype=dtype))
    assert (found.sigma, found.robust_sigma, found.median) == (0.0, 0.0, 9.0)
    assert max(found.counts) == sum(found.counts) == 35


@pytest.mark.parametrize(("most", "per_bin"), [(50, 1), (1000, 11)])
def test_bins_of_whole_numbers_hold_equally_many_of_them(most, per_bin):
    found = look_at(np.repeat(np.arange(most), 8).reshape(8, -1))
    # The outermost half percent stands in the first and the last bin, which the upper end may cut short.
    assert set(found.counts[1:-1]) == {8 * per_bin}
    assert sum(found.counts) == 8 * most


def test_an_image_without_values_has_no_look():
    assert look_at(np.full((3, 3), np.nan)) is None
