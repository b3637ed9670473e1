import numpy as np
import pytest
from scipy import ndimage

from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.phase import Residual
from pipeline.simulation.planet import AIR, Disc, planet_cube

OPTICS = KITT_PEAK.optics("Si")
PLAIN = Disc(radius_px=30, darkening=0.6, n_belts=0, belt_depth=0.0, n_spots=0)


def test_a_plain_disc_darkens_towards_its_limb_by_the_law():
    image = PLAIN.drawn(256, rng=np.random.default_rng(1))
    radius = np.hypot(*(np.indices(image.shape) - 128)) / 2 / 30
    profile = image / image[128, 128]
    inside = radius < 0.97
    law = 1 - 0.6 * (1 - np.sqrt(1 - radius[inside] ** 2))
    assert np.abs(profile[inside] - law).max() < 0.01
    assert profile[radius > 1.03].max() == 0
    assert image.sum() == pytest.approx(1, abs=1e-5)


def test_belts_and_spots_are_drawn_on_the_disc_only():
    marked = Disc(radius_px=30).drawn(256, rng=np.random.default_rng(1))
    radius = np.hypot(*(np.indices(marked.shape) - 128)) / 2 / 30
    plain = PLAIN.drawn(256, rng=np.random.default_rng(1))
    inside = radius < 0.9
    assert (marked[inside] / plain[inside]).std() > 0.05
    assert marked[radius > 1.03].max() == 0


def frame_of_a_planet(shift):
    return planet_cube(
        OPTICS,
        disc=PLAIN,
        size_px=128,
        flux_electron=1e5,
        shifts_px_yx=np.array([shift]),
        air=[Residual(0.6, 0.01)],
        rng=np.random.default_rng(2),
        n=256,
        noise=False,
    ).cube[0]


def test_a_planet_lies_at_its_centre_plus_the_shift_of_each_frame():
    still, moved = frame_of_a_planet((0.0, 0.0)), frame_of_a_planet((5.25, -7.5))
    y, x = np.indices(still.shape)
    bright = still > 0.5 * still.max()
    assert (y[bright].mean(), x[bright].mean()) == pytest.approx((64, 64), abs=0.3)
    expected = np.fft.ifft2(ndimage.fourier_shift(np.fft.fft2(still), (5.25, -7.5))).real
    assert np.abs(moved - expected).max() < 1e-3 * still.max()
    assert moved.sum() == pytest.approx(1e5, rel=1e-4)


def test_frames_through_sharper_air_show_more_detail():
    planet = planet_cube(
        OPTICS,
        disc=Disc(radius_px=30),
        size_px=128,
        flux_electron=1e6,
        shifts_px_yx=np.zeros((len(AIR), 2)),
        air=AIR,
        rng=np.random.default_rng(3),
        n=256,
        n_speckle=8,
        noise=False,
    )
    detail = [sum((part**2).sum() for part in np.gradient(frame)) for frame in planet.cube]
    assert detail == sorted(detail, reverse=True)
    assert list(planet.strehls) == sorted(planet.strehls, reverse=True)


def test_a_disc_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit into 128 px"):
        Disc(radius_px=64).drawn(256, rng=np.random.default_rng(1))
