import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.core_halo import core_and_halo, finer, narrowest_core_arcsec
from pipeline.arrays.filters import KNOWN_FILTERS, monochromatic
from pipeline.arrays.psf_model import Telescope
from pipeline.simulation.detector import exposed, pixel_image
from pipeline.simulation.optics import KITT_PEAK as SIMULATED
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.seeing import seeing_image

KITT_PEAK = Telescope(1.85, 0.879)
AT_763 = monochromatic("Si", 763.0)
RAW_ARCSEC, FINE_ARCSEC = 0.0351594, 0.0175797
CORE_MIN_ARCSEC = narrowest_core_arcsec(KITT_PEAK, AT_763)


def moffat(radius_arcsec, fwhm_arcsec, beta):
    alpha = fwhm_arcsec / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return (1 + (radius_arcsec / alpha) ** 2) ** -beta


def two_parts(*, core_arcsec, halo_arcsec, sky=0.0, side=201, scale_arcsec=FINE_ARCSEC):
    """Within 0.0527" one Moffat function, outside another: what the fit takes a star for."""
    y, x = np.indices((side, side)) - side // 2
    radius = np.hypot(y, x) * scale_arcsec
    inner = 1000 * moffat(radius, core_arcsec, 2.0)
    return sky + np.where(radius <= 0.0527, inner, 300 * moffat(radius, halo_arcsec, 3.0))


def widths(image, *, scale_arcsec=FINE_ARCSEC, sky=0.0, at_yx=None, core_min_arcsec=CORE_MIN_ARCSEC):
    middle = at_yx or tuple(n // 2 for n in image.shape)
    return core_and_halo(
        image, at_yx=middle, scale_arcsec=scale_arcsec, sky_count_px=sky, core_min_arcsec=core_min_arcsec
    )


@pytest.mark.parametrize(("core", "halo"), [(0.08, 0.25), (0.1, 0.4), (0.06, 0.15)])
def test_the_widths_of_two_moffat_functions_come_out(core, halo):
    found = widths(two_parts(core_arcsec=core, halo_arcsec=halo, sky=30.0), sky=30.0)
    assert found.core_arcsec == pytest.approx(core, rel=0.01)
    assert found.halo_arcsec == pytest.approx(halo, rel=0.01)
    assert found.is_ok


def test_a_bad_pixel_and_a_blank_hardly_change_them():
    image = two_parts(core_arcsec=0.08, halo_arcsec=0.25)
    image[110, 108], image[95, 100] = 600, np.nan
    found = widths(image)
    assert found.halo_arcsec == pytest.approx(0.25, rel=0.03)
    assert found.core_arcsec == pytest.approx(0.08, rel=0.03)


@pytest.mark.parametrize("flux", [1e4, 1e6])
@pytest.mark.parametrize("times", [1, 2])
def test_a_corrected_star_is_ok_down_to_ten_thousand_electrons(flux, times):
    psf = fine_psf(SIMULATED.optics("Si"), seeing_arcsec=1.2, leak=0.05, n_speckle=24, rng=np.random.default_rng(51))
    light = flux * (pixel_image(psf.array, size_px=256, centre_yx=(128.2, 127.9)) + 1e-4)
    frame = exposed(light.astype(np.float32), rng=np.random.default_rng(52)).astype(float)
    image = finer(frame[:255, :255], times)
    at_yx = (times * 128.2, times * 127.9)
    found = widths(image, scale_arcsec=RAW_ARCSEC / times, sky=float(np.median(image)), at_yx=at_yx)
    assert found.core_arcsec == pytest.approx(0.083, abs=0.01)
    assert 0.2 < found.halo_arcsec < 0.37
    assert found.is_ok


def test_a_lone_spike_is_bad_on_the_finer_grid_where_it_is_widest():
    frame = np.zeros((101, 101))
    frame[50, 50] = 1000
    spike = widths(finer(frame, 2), at_yx=(100, 100))
    assert spike.core_arcsec < 0.045
    assert not spike.is_ok


def test_a_star_without_correction_is_bad():
    image = pixel_image(
        seeing_image(SIMULATED.optics("Si"), seeing_arcsec=1.5, n=512), size_px=256, centre_yx=(128, 128)
    )
    found = widths(1e6 * image.astype(float), scale_arcsec=RAW_ARCSEC)
    assert found.halo_arcsec > 1
    assert not found.is_ok


def test_without_light_there_are_no_widths():
    found = widths(np.zeros((101, 101)))
    assert (found.core_arcsec, found.halo_arcsec, found.is_ok) == (None, None, False)


def test_a_core_without_values_is_refused():
    image = two_parts(core_arcsec=0.08, halo_arcsec=0.25)
    image[95:106, 95:106] = np.nan
    with pytest.raises(UsageError, match="Too few pixels"):
        widths(image)


def test_the_narrowest_core_is_the_originals_where_light_is_narrower():
    assert narrowest_core_arcsec(KITT_PEAK, KNOWN_FILTERS["Sg"]) == 0.04
    assert 0.045 < narrowest_core_arcsec(KITT_PEAK, KNOWN_FILTERS["Si"]) < 0.05


def test_the_finer_grid_goes_through_the_pixels_and_follows_a_wave_between_them():
    y, x = np.mgrid[:31, :31]
    wave = np.cos(2 * np.pi * (3 * y + 5 * x) / 31)
    fine_y, fine_x = np.mgrid[:62, :62] / 2
    np.testing.assert_allclose(finer(wave, 2), np.cos(2 * np.pi * (3 * fine_y + 5 * fine_x) / 31), atol=1e-12)
