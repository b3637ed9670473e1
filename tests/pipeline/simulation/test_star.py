import numpy as np
import pytest

from pipeline.simulation.optics import KITT_PEAK, ideal_image
from pipeline.simulation.psf import fine_psf, psf_of
from pipeline.simulation.star import Companion, random_shifts, star_cube

OPTICS = KITT_PEAK.optics("Si")
IDEAL = psf_of(ideal_image(OPTICS, 256), OPTICS)


def stars(**changes):
    asked = {"n_frames": 1, "size_px": 96, "flux_electron": 1e4, "psf": IDEAL, "noise": False}
    return star_cube(OPTICS, rng=np.random.default_rng(21), **asked | changes)


def test_a_star_without_air_has_strehl_ratio_one_and_all_its_flux():
    star = stars(size_px=128)
    assert star.strehl == pytest.approx(1, abs=1e-6)
    assert star.cube.sum() == pytest.approx(1e4, rel=1e-5)


def test_whole_shifts_move_the_frame_by_whole_pixels():
    still = stars().cube[0]
    moved = stars(n_frames=2, shifts_px_yx=[(4, -7), (0, 2)]).cube
    inside = (slice(10, -10), slice(10, -10))
    assert np.array_equal(moved[0][inside], np.roll(still, (4, -7), axis=(0, 1))[inside])
    assert np.array_equal(moved[1][inside], np.roll(still, (0, 2), axis=(0, 1))[inside])


def test_a_shift_for_each_frame_is_asked_for():
    with pytest.raises(ValueError, match="shorter"):
        stars(n_frames=3, shifts_px_yx=[(0, 0), (1, 1)])


def test_a_companion_is_the_same_star_fainter_and_beside_it():
    companion = Companion(separation_arcsec=0.7, position_angle_deg=90, delta_mag=2.5)
    offset = companion.offset_yx_px(OPTICS)
    assert offset == pytest.approx((0, -0.7 / OPTICS.pixel_arcsec), abs=1e-9)  # east is on the left
    both = stars(companions=[companion]).cube[0]
    beside = stars(flux_electron=1e3, shifts_px_yx=[offset]).cube[0]
    assert np.abs(both - stars().cube[0] - beside).max() < 1e-3


def test_north_is_up_and_position_angles_run_through_east():
    y, x = Companion(1.0, 0.0, 1.0).offset_yx_px(OPTICS)
    assert (y, x) == pytest.approx((1 / OPTICS.pixel_arcsec, 0), abs=1e-9)
    y, x = Companion(1.0, 135.0, 1.0).offset_yx_px(OPTICS)
    assert y < 0
    assert x < 0


def test_the_strehl_ratio_told_is_that_of_the_frames_together():
    star = stars(n_frames=40, psf=None, n=256, n_speckle=2, seeing_arcsec=1.0, leak=0.04)
    peak = star.cube.mean(axis=0)[48, 48] / 1e4
    ideal = stars().cube[0, 48, 48] / 1e4
    assert 0.3 < star.strehl < 0.6
    assert peak / ideal == pytest.approx(star.strehl, rel=0.02)  # the pixel takes a little more from a sharp image


def test_sky_and_noise_are_those_of_an_emccd():
    cube = stars(n_frames=8, size_px=128, flux_electron=0.0, sky_electron_px=3.0, noise=True).cube
    assert cube.mean() == pytest.approx(3, rel=0.01)
    assert cube.var() == pytest.approx(2 * 3 + 0.01, rel=0.02)


def test_each_frame_has_speckles_of_its_own_unless_one_image_is_given():
    speckled = stars(n_frames=2, psf=None, n=256).cube
    assert np.abs(speckled[0] - speckled[1]).max() > 0.1 * speckled.max()
    psf = fine_psf(OPTICS, seeing_arcsec=1.2, leak=0.05, n_speckle=4, rng=np.random.default_rng(1), n=256)
    same = stars(n_frames=2, psf=psf)
    assert np.array_equal(same.cube[0], same.cube[1])
    assert same.strehl == psf.strehl


def test_the_same_seed_gives_the_same_frames():
    one, again = (stars(n_frames=2, psf=None, n=256, noise=True).cube for _ in range(2))
    assert np.array_equal(one, again)


def test_a_wandering_star_keeps_its_spread_and_remembers_where_it_was():
    shifts = random_shifts(20_000, rms_px=3.0, rng=np.random.default_rng(5), memory=0.8)
    assert shifts.std(axis=0) == pytest.approx([3, 3], rel=0.05)
    assert (shifts[1:] * shifts[:-1]).mean() / shifts.var() == pytest.approx(0.8, abs=0.02)
