import numpy as np
import pytest
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.limb import find_disc, register_discs
from tests.pipeline.arrays.stars import read

SHAPE = (192, 192)


def planet(*, centre_yx, radius=40.0, level=100.0, sky=2.0, blur=2.0):
    """A disc, darker towards its limb, with a belt and a spot; drawn four times as fine."""
    steps = (np.arange(4 * SHAPE[0]) + 0.5) / 4 - 0.5
    y, x = (steps - centre_yx[0])[:, None] / radius, (steps - centre_yx[1])[None] / radius
    cosine = np.sqrt(np.maximum(1 - y**2 - x**2, 0))
    surface = (
        (0.4 + 0.6 * cosine) * (1 - 0.2 * (np.abs(y - 0.3) < 0.08)) * (1 - 0.5 * (np.hypot(y + 0.2, x - 0.3) < 0.1))
    )
    fine = np.where(cosine > 0, level * surface, 0).reshape(SHAPE[0], 4, SHAPE[1], 4).mean(axis=(1, 3))
    return (ndimage.gaussian_filter(fine, blur) + sky).astype(np.float32)


@pytest.mark.parametrize("radius", [30.0, 60.0, 80.0])
def test_a_disc_is_found_at_its_limb(radius):
    found = find_disc(planet(centre_yx=(95.3, 97.8), radius=radius))
    assert found.centre_yx == pytest.approx((95.3, 97.8), abs=0.35)
    assert found.radius_px == pytest.approx(radius, rel=0.05)
    assert found.sky == pytest.approx(2, abs=0.5)


def test_a_moon_is_not_the_planet():
    image = planet(centre_yx=(95, 97)) + planet(centre_yx=(20, 20), radius=6, level=300, sky=0)
    assert find_disc(image).centre_yx == pytest.approx((95, 97), abs=0.5)


def test_where_there_is_no_disc_that_is_said():
    with pytest.raises(UsageError, match="No disc was found"):
        find_disc(np.random.default_rng(1).normal(5, 1, SHAPE).astype(np.float32))
    with pytest.raises(UsageError, match="No disc was found"):
        find_disc(planet(centre_yx=(95, 97), radius=4))
    with pytest.raises(UsageError, match="No disc was found"):
        find_disc(np.ones(SHAPE, np.float32))


@pytest.mark.parametrize(("radius", "level"), [(30.0, 60.0), (50.0, 60.0), (75.0, 60.0)])
def test_shifts_are_found_to_a_fifth_of_a_pixel(radius, level):
    rng = np.random.default_rng(2)
    shifts = rng.uniform(-8, 8, (16, 2))
    frames = np.array([read(planet(centre_yx=96 + shift, radius=radius, level=level), rng=rng) for shift in shifts])
    discs = [find_disc(frame) for frame in frames]
    windows = frames - np.array([found.sky for found in discs], dtype=np.float32)[:, None, None]
    places = register_discs(windows, near_yx=np.array([found.centre_yx for found in discs]), radius_px=radius)
    errors = places - shifts
    errors -= errors.mean(axis=0)
    assert np.sqrt((errors**2).mean()) <= 0.2
    assert places.mean(axis=0) - shifts.mean(axis=0) == pytest.approx((96, 96), abs=0.5)
