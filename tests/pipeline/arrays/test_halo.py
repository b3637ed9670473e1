import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.core_halo import finer
from pipeline.arrays.halo import fit_halo, power_law_outside
from pipeline.arrays.stamp import stamp_of

SCALE_ARCSEC = 0.0351594
PX_PER_ARCSEC = 1 / SCALE_ARCSEC
HALF = 125
APERTURE_PX = 3 * PX_PER_ARCSEC
CORE_PX = 20.0


def star_of(law, *, outside_edge, flux, sky=0.0, half=HALF):
    """A disc within the light by `law` (of r, px), of which `outside_edge` lies beyond the largest circle; `flux` in all."""
    y, x = np.indices((2 * half + 1, 2 * half + 1)) - half
    radius = np.hypot(y, x)
    disc = radius < CORE_PX
    wing = np.where(disc, 0, law(np.maximum(radius, CORE_PX)))
    in_disc = flux - wing[radius <= half].sum() - outside_edge
    return sky + wing + in_disc * disc / disc.sum()


def halo_star(*, flux, sky, half=HALF):
    """Half of the light, about, in a halo that falls as r ** -11/3."""
    height = flux / 2 / power_law_outside(CORE_PX)
    outside_edge = height * power_law_outside(half)
    return star_of(lambda r: height * r ** (-11 / 3), outside_edge=outside_edge, flux=flux, sky=sky, half=half)


def fitted(image, *, edge_share_px=0.0, scale_arcsec=SCALE_ARCSEC):
    middle = tuple((n - 1) / 2 for n in image.shape)
    stamp = stamp_of(image, at_yx=middle, half_px=round(4.4 / scale_arcsec))
    aperture = 3 / scale_arcsec
    return fit_halo(stamp, scale_arcsec=scale_arcsec, aperture_px=aperture, edge_share_px=edge_share_px), stamp


@pytest.mark.parametrize("sky", [0.0, 7.0, -3.0])
def test_sky_and_all_light_are_found_whatever_the_sky(sky):
    halo, stamp = fitted(halo_star(flux=1e5, sky=sky))
    assert halo.sky == pytest.approx(sky, abs=1e-6)
    for radius_arcsec in (1.5, 3.0, 4.0):
        total = halo.total(stamp, radius_arcsec * PX_PER_ARCSEC)
        assert total == pytest.approx(1e5, rel=1e-3)  # the aperture's pixels are not cut


def test_what_the_edges_diffract_is_added_by_its_own_law():
    share_px = 2.0  # of the light lies outside 100 px: 2 %
    image = star_of(lambda r: 1e5 * share_px / (2 * np.pi) * r**-3.0, outside_edge=1e5 * share_px / HALF, flux=1e5)
    halo, stamp = fitted(image, edge_share_px=share_px)
    assert halo.total(stamp, APERTURE_PX) == pytest.approx(1e5, rel=1e-3)
    without, stamp = fitted(image)
    assert without.total(stamp, APERTURE_PX) < 0.998e5


def test_another_star_in_the_zone_changes_neither_sky_nor_halo():
    rng = np.random.default_rng(6)
    image = halo_star(flux=1e5, sky=5.0) + rng.normal(0, 1, (2 * HALF + 1, 2 * HALF + 1))
    alone, _ = fitted(image)
    image[HALF + 90 : HALF + 94, HALF + 10 : HALF + 14] += 500
    beside, _ = fitted(image)
    assert beside.sky == pytest.approx(alone.sky, abs=0.02)


def test_the_stated_errors_are_the_scatter_of_repeated_noise():
    rng = np.random.default_rng(7)
    clean = halo_star(flux=1e5, sky=5.0)
    totals, variances = [], []
    for _ in range(40):
        halo, stamp = fitted(clean + rng.normal(0, 3.0, clean.shape))
        totals.append(halo.total(stamp, APERTURE_PX))
        variances.append(sum(halo.variance(stamp, APERTURE_PX, variance_per_count=0.0)))
    # Part of the aperture is also part of the zone, which the sum of both variances does not know.
    assert np.std(totals, ddof=1) == pytest.approx(np.sqrt(np.mean(variances)), rel=0.4)


def test_the_noise_of_sums_is_found_where_neighbours_are_correlated():
    rng = np.random.default_rng(8)
    image = rng.normal(0, 1.0, (251, 251))
    fine = finer(image, 2) / 4
    halo, _ = fitted(fine, scale_arcsec=SCALE_ARCSEC / 2)
    # Sums of four pixels of the finer grid have the variance of one of the detector's.
    assert halo.pixel_variance == pytest.approx(1 / 4, rel=0.3)
    assert fine.var() == pytest.approx(1 / 16, rel=0.1)


def test_too_little_sky_is_refused():
    with pytest.raises(UsageError, match="too little of the sky"):
        fitted(halo_star(flux=1e5, sky=0.0, half=60))
