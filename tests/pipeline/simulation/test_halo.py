import numpy as np
import pytest

from pipeline.simulation.halo import exponential_halo_psf, moffat_halo_psf, radius_arcsec
from pipeline.simulation.optics import KITT_PEAK, ideal_image
from pipeline.simulation.psf import psf_of

OPTICS = KITT_PEAK.optics("Si")
N = 512


def halo_within(psf, core_share, to_arcsec):
    inside = radius_arcsec(OPTICS, N) < to_arcsec
    return (psf.array - core_share * ideal_image(OPTICS, N))[inside].sum(dtype=float) / (1 - core_share)


@pytest.mark.parametrize("to_arcsec", [0.5, 1.5, 4.0])
def test_an_exponential_halo_holds_the_light_that_its_integral_says(to_arcsec):
    psf = exponential_halo_psf(OPTICS, core_share=0.3, scale_arcsec=0.4)
    share = 1 - (1 + to_arcsec / 0.4) * np.exp(-to_arcsec / 0.4)
    assert halo_within(psf, 0.3, to_arcsec) == pytest.approx(share, abs=2e-3)


@pytest.mark.parametrize("to_arcsec", [0.5, 1.5, 4.0])
def test_a_moffat_halo_holds_the_light_that_its_integral_says(to_arcsec):
    psf = moffat_halo_psf(OPTICS, core_share=0.2, fwhm_arcsec=0.8)
    alpha = 0.8 / 2 / np.sqrt(2 ** (1 / 2.5) - 1)
    share = 1 - (1 + (to_arcsec / alpha) ** 2) ** (1 - 2.5)
    assert halo_within(psf, 0.2, to_arcsec) == pytest.approx(share, abs=2e-3)
    halo = psf.array - 0.2 * ideal_image(OPTICS, N)
    at_half = halo[N // 2, N // 2 + round(0.4 / (OPTICS.pixel_arcsec / 2))]
    assert at_half / halo[N // 2, N // 2] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    "psf",
    [
        exponential_halo_psf(OPTICS, core_share=0.2, scale_arcsec=0.3),
        moffat_halo_psf(OPTICS, core_share=0.05, fwhm_arcsec=0.6),
    ],
    ids=["exponential", "moffat"],
)
def test_the_strehl_ratio_by_formula_is_that_of_the_image(psf):
    assert psf_of(psf.array, OPTICS).strehl == pytest.approx(psf.strehl, rel=1e-5)
