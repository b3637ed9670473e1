import numpy as np
import pytest
from astropy.wcs import WCS

from ingest.simulation.sky import Galaxy, Stars, add_galaxy, add_star, add_stars, cluster_stars, field_stars, sersic


def plain_wcs(ny=400, nx=400, *, scale_arcsec=1.0):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 20.0]
    wcs.wcs.crpix = [nx / 2, ny / 2]
    wcs.wcs.cd = np.diag([-scale_arcsec, scale_arcsec]) / 3600
    wcs.wcs.set()
    return wcs


@pytest.mark.parametrize("flux", [1e3, 1e5, 1e7])
@pytest.mark.parametrize("place", [(60.0, 70.0), (60.4, 69.7)])
def test_a_star_holds_its_flux(flux, place):
    image = np.zeros((128, 128))
    add_star(image, y=place[0], x=place[1], flux=flux, fwhm_px=2.6)
    assert image.sum() == pytest.approx(flux, rel=0.02)


def test_a_star_is_half_as_bright_half_a_width_from_its_centre():
    image = np.zeros((65, 65))
    add_star(image, y=32, x=32, flux=1e6, fwhm_px=8)
    assert image[32, 36] / image[32, 32] == pytest.approx(0.5)
    assert image[28, 32] / image[32, 32] == pytest.approx(0.5)


def test_a_star_beyond_the_edge_changes_nothing():
    image = np.zeros((20, 20))
    add_star(image, y=500, x=-500, flux=1e6, fwhm_px=2)
    assert not image.any()


def test_a_star_of_known_place_and_magnitude_has_its_flux_there():
    image = np.zeros((400, 400))
    # 30 arcsec north and, at declination 20, very nearly 40 arcsec east of the reference pixel (199, 199).
    stars = Stars(np.array([150 + 40 / 3600 / np.cos(np.radians(20))]), np.array([20 + 30 / 3600]), np.array([15.0]))
    add_stars(image, stars, plain_wcs(), zero_point=20.0, exposure_s=10, fwhm_px=3)
    assert image.argmax() == np.ravel_multi_index((229, 159), image.shape)
    assert image.sum() == pytest.approx(10 * 100, rel=0.03)  # five magnitudes are a factor of a hundred


@pytest.mark.parametrize("index", [0.5, 1.0, 2.5, 4.0])
def test_a_sersic_profile_has_an_integral_of_one_and_half_of_it_within_its_radius(index):
    radius = np.linspace(0, 200, 2_000_001)
    shells = 2 * np.pi * radius * sersic(radius, index)
    half = radius <= 1
    assert np.trapezoid(shells, radius) == pytest.approx(1, rel=0.01)
    assert np.trapezoid(shells[half], radius[half]) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("arms", [0.0, 0.6])
def test_a_galaxy_holds_its_flux_with_and_without_arms(arms):
    image = np.zeros((400, 400))
    galaxy = Galaxy(150.0, 20.0, 15.0, radius_arcsec=20, index=1.0, axis_ratio=0.6, position_angle_deg=30, arms=arms)
    add_galaxy(image, galaxy, plain_wcs(), zero_point=20.0, exposure_s=10)
    assert image.sum() == pytest.approx(1000, rel=0.01)


def test_a_galaxy_lies_along_its_position_angle():
    image = np.zeros((400, 400))
    galaxy = Galaxy(150.0, 20.0, 15.0, radius_arcsec=20, index=1.0, axis_ratio=0.3, position_angle_deg=40)
    add_galaxy(image, galaxy, plain_wcs(), zero_point=20.0, exposure_s=10)
    y, x = np.indices(image.shape) - 199.0
    east, north = -x, y
    moment = np.array([[(image * p * q).sum() for p in (north, east)] for q in (north, east)])
    major = np.linalg.eigh(moment)[1][:, 1]
    assert np.degrees(np.arctan2(major[1], major[0])) % 180 == pytest.approx(40, abs=0.5)


@pytest.mark.parametrize("place", [(202.5, 47.2), (0.02, -69.5), (317.2, -88.96), (359.99, 10.0)])
def test_stars_lie_about_their_target_wherever_it_is(place):
    ra, dec = np.radians(place)
    stars = field_stars(np.random.default_rng(1), ra_deg=place[0], dec_deg=place[1], radius_deg=0.1, number=500)
    star_ra, star_dec = np.radians(stars.ra_deg), np.radians(stars.dec_deg)
    cosine = np.sin(dec) * np.sin(star_dec) + np.cos(dec) * np.cos(star_dec) * np.cos(star_ra - ra)
    distance = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    assert 0.09 < distance.max() < 0.1 * np.sqrt(2) + 1e-6
    assert ((stars.ra_deg >= 0) & (stars.ra_deg < 360)).all()


def test_half_of_a_cluster_lies_within_its_half_light_radius():
    stars = cluster_stars(np.random.default_rng(1), ra_deg=6.0, dec_deg=0.0, core_deg=0.01, number=20_000)
    # Of Plummer's sphere on the sky, share u lies within core * sqrt(u / (1 - u)); shares beyond 0.97 are not drawn.
    radius = np.hypot(stars.ra_deg - 6.0, stars.dec_deg)
    assert np.mean(radius < 0.01) == pytest.approx(0.5 / 0.97, abs=0.015)
