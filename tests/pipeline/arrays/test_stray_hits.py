"""Traces of particles go; stars, galaxies and nebulae of one line stay to the last digit."""

import numpy as np
import pytest

from pipeline.arrays.stray_hits import without_stray_hits

SHAPE = (120, 140)
NOISE = 1.0


@pytest.fixture
def planes():
    return np.random.default_rng(3).normal(0, NOISE, (3, *SHAPE)).astype(np.float32)


def spot(y0, x0, *, sigma_px):
    y, x = np.indices(SHAPE)
    return np.exp(-((y - y0) ** 2 + (x - x0) ** 2) / (2 * sigma_px**2)).astype(np.float32)


@pytest.mark.parametrize("band", [0, 1, 2])
@pytest.mark.parametrize(
    ("rows", "columns"), [(np.arange(8), np.arange(8)), (np.zeros(9, int), np.arange(9)), ([0], [0])]
)
def test_a_trace_in_one_band_is_gone(planes, band, rows, columns):
    y, x = np.asarray(rows) + 50, np.asarray(columns) + 60
    planes[band, y, x] += 400
    cleaned = without_stray_hits(planes)
    assert np.abs(cleaned[band, y, x]).max() < 5 * NOISE
    others = [number for number in range(3) if number != band]
    assert np.array_equal(cleaned[others], planes[others])


@pytest.mark.parametrize("rates", [(1.0, 1.0, 1.0), (1.0, 0.4, 0.1), (0.1, 0.4, 1.0)])
@pytest.mark.parametrize("sigma_px", [0.9, 1.5, 3.0])
@pytest.mark.parametrize("peak", [30.0, 3000.0])
def test_a_star_stays_as_it_is(planes, rates, sigma_px, peak):
    star = spot(60, 70, sigma_px=sigma_px)
    planes += peak * np.array(rates, np.float32)[:, None, None] * star
    near = star > 0.01
    assert np.array_equal(without_stray_hits(planes)[:, near], planes[:, near])


def test_a_nebula_that_shines_in_one_line_stays(planes):
    nebula = spot(60, 70, sigma_px=12)
    planes[0] += 300 * nebula
    near = nebula > 0.05
    assert np.array_equal(without_stray_hits(planes)[:, near], planes[:, near])


def test_a_trace_over_a_galaxy_stays_for_nobody_can_tell(planes):
    planes += 500 * spot(60, 70, sigma_px=12)
    planes[1, 60, 70] += 900
    assert without_stray_hits(planes)[1, 60, 70] == planes[1, 60, 70]


def test_edges_and_pixels_without_a_value_are_taken_as_they_come(planes):
    planes[:, 30:40] = np.nan
    planes[0, 0, 0] = planes[0, 41, 5] = 500
    cleaned = without_stray_hits(planes)
    assert np.isnan(cleaned[:, 30:40]).all()
    assert abs(cleaned[0, 0, 0]) < 5 * NOISE
    assert abs(cleaned[0, 41, 5]) < 5 * NOISE
