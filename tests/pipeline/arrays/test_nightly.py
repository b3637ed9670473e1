"""What one night's measurements say together, against values that are known."""

import numpy as np
import pytest

from pipeline.arrays.nightly import CONTRAST_GRID_ARCSEC, FEWEST_FOR_TREND, Curve, median_curve, spread_of, trend

HOURS = np.linspace(3.0, 12.0, 40)
AT = np.linspace(3.0, 12.0, 100)


def test_a_spread_needs_two_and_a_mean_one():
    assert (spread_of([]).mean, spread_of([2.0]).mean, spread_of([2.0]).sigma) == (None, 2.0, None)
    spread = spread_of([1.0, 2.0, 3.0])
    assert (spread.n, spread.mean, spread.sigma) == (3, 2.0, 1.0)


class TestTrend:
    def test_a_straight_line_is_its_own_trend_in_any_order(self):
        """The penalty of a cubic smoothing spline is of its curvature alone: a line costs nothing."""
        shuffled = np.random.default_rng(1).permutation(HOURS)
        np.testing.assert_allclose(trend(shuffled, 2 - 0.1 * shuffled, AT), 2 - 0.1 * AT, atol=1e-9)

    def test_it_is_nearer_to_the_truth_than_the_measurements_are(self):
        truth = 1.2 + 0.3 * np.sin(HOURS / 2)
        noisy = truth + np.random.default_rng(2).normal(0, 0.1, HOURS.size)
        left = trend(HOURS, noisy, HOURS) - truth
        # Two periods and a bit need about ten parameters of forty: half of the noise's deviation is left.
        assert left.std() < 0.6 * (noisy - truth).std()

    def test_values_of_one_moment_count_by_their_mean(self):
        twice, values = np.repeat(HOURS, 2), np.tile([0.9, 1.1], HOURS.size)
        np.testing.assert_allclose(trend(twice, values, AT), 1.0, atol=1e-9)

    def test_too_few_moments_have_none(self):
        few = HOURS[: FEWEST_FOR_TREND - 1]
        assert trend(np.repeat(few, 3), np.ones(3 * few.size), AT) is None
        assert trend(HOURS[:FEWEST_FOR_TREND], np.ones(FEWEST_FOR_TREND), AT) is not None


class TestMedianCurve:
    @staticmethod
    def line(at_0p2: float, *, last: float = 1.5, n: int = 14) -> Curve:
        """A limit that grows by 2 mag an arcsec: linear interpolation is exact."""
        separations = np.linspace(0.1, last, n)
        return Curve(separations, at_0p2 + 2 * (separations - 0.2))

    def test_it_is_the_median_at_each_point_whatever_the_curves_own_points(self):
        found = median_curve([self.line(3.0), self.line(1.0, n=9), self.line(2.0, n=30)])
        np.testing.assert_allclose(found, 2.0 + 2 * (CONTRAST_GRID_ARCSEC - 0.2))
        assert (CONTRAST_GRID_ARCSEC[0], CONTRAST_GRID_ARCSEC[-1], CONTRAST_GRID_ARCSEC.size) == (0.2, 1.45, 100)

    def test_a_curve_with_a_hole_is_left_out_whole(self):
        holed = self.line(9.0)
        holed.delta_mags[3] = np.nan
        np.testing.assert_allclose(median_curve([holed, self.line(2.0)]), 2.0 + 2 * (CONTRAST_GRID_ARCSEC - 0.2))
        assert np.isnan(median_curve([holed])).all()
        assert np.isnan(median_curve([])).all()

    def test_where_fewer_than_half_reach_there_is_none(self):
        found = median_curve([self.line(2.0, last=1.0), self.line(2.0, last=1.0), self.line(3.0)])
        assert np.isfinite(found[CONTRAST_GRID_ARCSEC <= 1.0]).all()
        assert np.isnan(found[CONTRAST_GRID_ARCSEC > 1.0]).all()

    @pytest.mark.parametrize("n", [1, 2])
    def test_of_one_or_two_it_is_their_mean(self, n):
        found = median_curve([self.line(float(start)) for start in range(n)])
        assert found[0] == pytest.approx((n - 1) / 2)
