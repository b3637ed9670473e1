import numpy as np
import pytest
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.psf_model import Telescope
from pipeline.arrays.seeing import measure_seeing, to_zenith_500nm, widening_arcsec
from pipeline.simulation.detector import exposed, pixel_image
from pipeline.simulation.optics import KITT_PEAK as SIMULATED
from pipeline.simulation.seeing import air_fwhm_arcsec, fwhm_arcsec, seeing_image

KITT_PEAK = Telescope(1.85, 0.879)
OPTICS = SIMULATED.optics("Si")
PIXEL_ARCSEC = 0.0351594


def frame_of(seeing_arcsec, *, flux=1e6, seed=71):
    image = seeing_image(OPTICS, seeing_arcsec=seeing_arcsec, n=512)
    light = flux * (pixel_image(image, size_px=256, centre_yx=(128.3, 127.6)) + 1e-4)
    return exposed(light.astype(np.float32), rng=np.random.default_rng(seed)).astype(float), image


def measured(frame, **given):
    given = {"zenith_distance_deg": 0.0, "near_yx": (129, 127), **given}
    return measure_seeing(frame, scale_arcsec=PIXEL_ARCSEC, wavelength_nm=763.0, telescope=KITT_PEAK, **given)


@pytest.mark.parametrize("seeing_arcsec", [0.8, 2.2])
def test_the_width_as_seen_and_the_seeing_of_the_air_come_out(seeing_arcsec):
    frame, image = frame_of(seeing_arcsec)
    found = measured(frame)
    assert found.model == "moffat"
    assert found.fwhm_arcsec == pytest.approx(fwhm_arcsec(image, OPTICS), rel=0.03)
    assert found.gaussian_fwhm_arcsec == pytest.approx(fwhm_arcsec(image, OPTICS), rel=0.06)
    assert found.zenith_500nm_arcsec == pytest.approx(seeing_arcsec, rel=0.03)
    assert found.fwhm_y_arcsec == pytest.approx(found.fwhm_x_arcsec, rel=0.02)
    assert not found.is_dropped_by_legacy


@pytest.mark.parametrize("seeing_arcsec", [0.7, 1.0, 1.5, 2.2])
def test_the_telescope_widens_a_star_as_its_transfer_function_says(seeing_arcsec):
    seen = fwhm_arcsec(seeing_image(OPTICS, seeing_arcsec=seeing_arcsec), OPTICS)
    air = air_fwhm_arcsec(OPTICS, seeing_arcsec=seeing_arcsec)
    assert seen - widening_arcsec(KITT_PEAK, 763.0) == pytest.approx(air, rel=0.005)


def test_what_smoothed_the_image_is_taken_out():
    frame, _ = frame_of(0.8)
    plain = measured(frame)
    smoothed = measured(ndimage.gaussian_filter(frame, 3.0), smoothing_sigma_px=3.0)
    assert smoothed.fwhm_arcsec == pytest.approx(plain.fwhm_arcsec, rel=0.03)
    assert measured(ndimage.gaussian_filter(frame, 3.0)).fwhm_arcsec > 1.04 * plain.fwhm_arcsec


def test_seeing_is_brought_to_500_nm_and_the_zenith():
    assert to_zenith_500nm(500.0, 0.0) == 1
    assert to_zenith_500nm(1000.0, 0.0) == pytest.approx(2**0.2)
    assert to_zenith_500nm(500.0, 60.0) == pytest.approx(0.5**0.6)
    frame, _ = frame_of(1.2)
    high, low = (measured(frame, zenith_distance_deg=distance) for distance in (0.0, 60.0))
    assert low.fwhm_arcsec == high.fwhm_arcsec
    assert low.zenith_500nm_arcsec == pytest.approx(high.zenith_500nm_arcsec * 0.5**0.6)
    assert low.zenith_500nm_error_arcsec == pytest.approx(high.zenith_500nm_error_arcsec * 0.5**0.6)


def test_without_a_zenith_distance_there_is_no_seeing_of_the_zenith():
    frame, _ = frame_of(1.2)
    found = measured(frame, zenith_distance_deg=None)
    assert (found.zenith_500nm_arcsec, found.zenith_500nm_error_arcsec) == (None, None)


def test_the_original_dropped_stars_narrower_than_ten_pixels():
    y, x = np.indices((200, 200))
    squared = (y - 100) ** 2 + (x - 100) ** 2
    for fwhm_px, is_dropped in ((9.0, True), (11.0, False)):
        found = measured(1000 * 2.0 ** -(4 * squared / fwhm_px**2), near_yx=(100, 100))
        assert found.is_dropped_by_legacy == is_dropped


@pytest.mark.parametrize("distance", [-1.0, 90.0, float("nan")])
def test_a_star_below_the_horizon_is_refused(distance):
    with pytest.raises(UsageError, match="horizon"):
        measured(np.ones((200, 200)), zenith_distance_deg=distance)


def test_a_star_narrower_than_its_smoothing_is_refused():
    frame, _ = frame_of(0.8)
    with pytest.raises(UsageError, match="not wider"):
        measured(frame, smoothing_sigma_px=15.0)


def test_no_star_is_refused():
    y, _ = np.indices((200, 200))
    with pytest.raises(UsageError, match="Neither"):
        measured(5.0 + 0.1 * y, near_yx=(100, 100))
