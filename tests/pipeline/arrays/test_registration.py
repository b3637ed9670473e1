import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.registration import Search, register, register_part
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.scene import random_shifts
from pipeline.simulation.star import star_cube
from tests.pipeline.arrays.stars import read, stars

SHAPE = (128, 128)
SKY = 0.5


@pytest.fixture(scope="module")
def psf():
    """The image of the acceptance figures: Strehl 0.19."""
    rng = np.random.default_rng(3)
    return fine_psf(KITT_PEAK.optics(), seeing_arcsec=1.44, leak=0.06, n_speckle=64, rng=rng, n=256)


def simulated(psf, *, flux, n=100, seed=5, sky=SKY, rms_px=2.5):
    rng = np.random.default_rng(seed)
    shifts = random_shifts(n, rms_px=rms_px, rng=rng)
    cube = star_cube(
        KITT_PEAK.optics(),
        n_frames=n,
        size_px=128,
        flux_electron=flux,
        shifts_px_yx=shifts,
        sky_electron_px=sky,
        rng=rng,
        n=256,
        psf=psf,
    ).cube
    return cube - np.float32(sky), shifts


def off(found, shifts, is_used=slice(None)):
    """Errors (n, 2) but for what all have in common: a template may lie anywhere."""
    errors = found.shifts_yx - shifts
    return (errors - np.median(errors, axis=0))[is_used]


def test_stars_without_noise_are_found_to_a_hundredth_of_a_pixel():
    shifts = np.random.default_rng(1).uniform(-15, 15, (20, 2))
    found = register(stars(SHAPE, shifts_yx=shifts, flux=1000))
    np.testing.assert_allclose(off(found, shifts), 0, atol=0.01)
    np.testing.assert_allclose(found.shifts_yx, shifts, atol=0.05)
    assert found.is_trusted.all()


@pytest.mark.parametrize(
    ("flux", "most_px", "sky"),
    [(1e4, 0.12, SKY), (3e3, 0.20, SKY), (1e3, 0.35, SKY), (500, 0.55, SKY), (300, 0.8, SKY), (500, 0.55, 2.0)],
)
def test_faint_stars_are_found_as_well_as_asked(psf, flux, most_px, sky):
    cube, shifts = simulated(psf, flux=flux, sky=sky)
    found = register(cube)
    errors = off(found, shifts, found.is_trusted)
    assert np.sqrt((errors**2).mean()) <= most_px
    assert np.hypot(*errors.T).max() <= 5
    assert found.is_trusted.mean() > 0.95


@pytest.mark.parametrize(("flux", "rel"), [(1e4, 0.2), (1e3, 0.2), (500, 0.3)])
def test_the_error_it_states_is_the_scatter_about_the_truth(psf, flux, rel):
    cube, shifts = simulated(psf, flux=flux, n=150, seed=8)
    found = register(cube)
    assert (off(found, shifts) / found.sigma_px[:, np.newaxis]).std() == pytest.approx(1, rel=rel)


def test_without_a_star_the_typical_snr_is_none_at_all(psf):
    cube, _ = simulated(psf, flux=0, n=60)
    assert register(cube).typical_snr < 1.5


def test_without_a_star_noise_makes_none():
    """Shifts chosen by noise would pile up some sigma of one frame. Of 169 pixels none is beyond 5 sigma of the mean."""
    sky, n = 5.0, 80
    found = register(read(np.full((n, *SHAPE), sky), rng=np.random.default_rng(2)) - np.float32(sky))
    first = found.template.shape[0] // 2 - 6
    near = found.template[first : first + 13, first : first + 13]
    assert near.max() < 5 * np.sqrt(2 * sky / found.is_trusted.sum())  # the camera doubles the variance of photons


def test_with_a_star_it_grows_with_its_light(psf):
    found = [register(simulated(psf, flux=flux, n=40)[0]).typical_snr for flux in (300, 1000)]
    assert found[1] / found[0] == pytest.approx(1000 / 300, rel=0.25)


def test_a_frame_in_which_the_star_jumps_is_told():
    rng = np.random.default_rng(2)
    shifts = random_shifts(40, rms_px=1, rng=rng)
    shifts[17] = (14, -9)
    found = register(read(stars(SHAPE, shifts_yx=shifts, flux=2000, sky=SKY), rng=rng) - np.float32(SKY))
    assert np.flatnonzero(found.is_jump).tolist() == [17]
    np.testing.assert_allclose(found.shifts_yx[17], (14, -9), atol=0.5)


def test_a_frame_without_the_star_is_told_and_does_not_spoil_the_others():
    rng = np.random.default_rng(4)
    shifts = random_shifts(40, rms_px=2, rng=rng)
    light = stars(SHAPE, shifts_yx=shifts, flux=1000, sky=SKY)
    light[[3, 30]] = SKY
    found = register(read(light, rng=rng) - np.float32(SKY))
    assert not (found.is_trusted & ~found.is_lost)[[3, 30]].any() or found.snr[[3, 30]].max() < 5
    others = np.delete(off(found, shifts), [3, 30], axis=0)
    assert np.hypot(*others.T).max() < 0.6


def test_a_star_is_looked_for_within_the_radius_only():
    shifts = np.zeros((12, 2))
    shifts[5] = (0, 20)
    found = register(stars(SHAPE, shifts_yx=shifts, flux=1000), search=Search(radius_px=10))
    assert not found.is_trusted[5]
    assert found.is_trusted.sum() == 11


def test_a_single_frame_is_found_too():
    found = register(stars(SHAPE, shifts_yx=np.array([[3.3, -2.2]]), flux=1000))
    assert found.shifts_yx[0] == pytest.approx((3.3, -2.2), abs=0.01)
    assert np.isnan(found.sigma_px[0])


def test_no_frame_is_refused():
    with pytest.raises(UsageError, match="no frame"):
        register(np.zeros((0, 64, 64), np.float32))


def test_the_same_frames_give_the_same_bytes(psf):
    cube, _ = simulated(psf, flux=300, n=20)
    first, second = register(cube), register(cube.copy())
    assert first.shifts_yx.tobytes() == second.shifts_yx.tobytes()
    assert first.template.tobytes() == second.template.tobytes()
    assert first.sigma_px.tobytes() == second.sigma_px.tobytes()


def test_half_of_the_pixels_find_the_same_places():
    shifts = np.random.default_rng(6).uniform(-8, 8, (15, 2))
    cube = stars(SHAPE, shifts_yx=shifts, flux=1000)
    found = register(cube)
    board = (np.indices(SHAPE).sum(axis=0) % 2).astype(np.float32)
    again = register_part(cube, board, found.template, near_yx=found.shifts_yx + 1.0)
    np.testing.assert_allclose(again - again.mean(axis=0), shifts - shifts.mean(axis=0), atol=0.02)
