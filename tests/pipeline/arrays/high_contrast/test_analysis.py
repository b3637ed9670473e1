import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.high_contrast.analysis import Setting, analyse
from pipeline.arrays.high_contrast.companion_fit import position_error_px
from pipeline.arrays.high_contrast.contrast import contrast_curve
from pipeline.arrays.high_contrast.crop import crop_star
from pipeline.arrays.high_contrast.geometry import Zone
from pipeline.arrays.high_contrast.injection import inject_and_recover
from pipeline.arrays.high_contrast.model import CompanionModel, template_of
from pipeline.arrays.high_contrast.noise import ApertureSums, detection_threshold
from pipeline.arrays.high_contrast.pca import Basis
from tests.pipeline.arrays.high_contrast.skies import FWHM_PX, SIDE, Sky, gaussian

ZONE = Zone(FWHM_PX * 2, 45)
SETTING = Setting(FWHM_PX, highpass="none", zone=ZONE)


@pytest.mark.parametrize(("separation", "angle"), [(15.0, 0.0), (22.3, 359.6), (30.0, 90.0), (38.7, 217.0)])
def test_a_planted_companion_is_found_where_and_as_bright_as_it_is(separation, angle):
    sky = Sky(noise=1e-4)
    flux = 0.01
    found = analyse(sky.star((separation, angle, flux)), sky.stars(20), SETTING).companions
    assert len(found) == 1
    companion = found[0].companion
    assert found[0].t > found[0].threshold
    assert companion.flux == pytest.approx(flux, abs=5 * companion.flux_error)
    assert companion.flux_error < 0.02 * flux  # of a hundred times the noise of a pixel, over a dozen pixels
    error_px = position_error_px(companion, FWHM_PX)
    assert companion.separation_px == pytest.approx(separation, abs=5 * error_px)
    turned = (companion.position_angle_deg - angle + 180) % 360 - 180
    assert np.radians(turned) * separation == pytest.approx(0, abs=5 * error_px)
    assert companion.delta_mag == pytest.approx(5.0, abs=5 * companion.delta_mag_error)


def test_two_companions_are_told_apart_the_brighter_first():
    sky = Sky(noise=1e-4)
    found = analyse(sky.star((25.0, 40.0, 0.01), (25.0, 200.0, 0.03)), sky.stars(20), SETTING).companions
    assert [round(each.companion.flux, 2) for each in found] == [0.03, 0.01]
    assert [round(each.companion.position_angle_deg) for each in found] == [200, 40]


def test_a_companion_does_not_spoil_the_limits_beside_it():
    sky = Sky(noise=1e-4)
    references, alone = sky.stars(20), sky.star()
    limit = analyse(alone, references, SETTING).curve.delta_mag_at(25.0)
    with_one = analyse(alone + 0.01 * gaussian((25.0, 0.0)), references, SETTING)
    # What the fit leaves is about the scatter of one aperture, in one or two of forty: 5 % of the variance, 0.03 mag.
    assert with_one.curve.delta_mag_at(25.0) == pytest.approx(limit, abs=0.1)


def test_nothing_is_found_where_nothing_is():
    sky = Sky(noise=1e-4)
    assert analyse(sky.star(), sky.stars(20), SETTING).companions == ()


def test_the_limit_of_white_noise_is_that_of_its_aperture():
    """Without patterns: s = noise times the root of the aperture's squared weights, and all light passes."""
    rng, noise = np.random.default_rng(5), 1e-3
    mask = ZONE.mask((SIDE, SIDE))
    model = CompanionModel(template_of(gaussian(), fwhm_px=FWHM_PX), Basis(np.empty((0, mask.sum())), mask), FWHM_PX)
    weights = ApertureSums(np.pad([[1.0]], SIDE // 2), diameter_px=FWHM_PX).every_pixel
    sigma = noise * np.sqrt((weights**2).sum())
    curves = [
        contrast_curve(np.where(mask, noise * rng.normal(size=mask.shape), np.nan), model, ZONE) for _ in range(30)
    ]
    for place, count in enumerate(curves[0].aperture_count):
        expected = detection_threshold(count) * sigma / model.star_sum
        mean = np.sqrt(np.mean([curve.flux[place] ** 2 for curve in curves]))
        # A scatter of n values is known to 1 / √(2 (n - 1)), of 30 to a fifth of that; what is read between pixels is
        # up to 5 % smoother than what is read on them.
        assert mean == pytest.approx(expected, rel=0.05 + 4 / np.sqrt(2 * (count - 1) * 30))
        assert curves[0].throughput[place] == pytest.approx(1.0, abs=0.01)


def test_images_of_another_shape_and_too_few_references_are_refused():
    sky = Sky()
    with pytest.raises(UsageError, match="do not fit an image"):
        analyse(sky.star(), sky.stars(5)[:, 1:], SETTING)
    with pytest.raises(UsageError, match="2 references are too few"):
        analyse(sky.star(), sky.stars(2), SETTING)


@pytest.mark.parametrize("off", [(0.0, 0.0), (0.31, -0.44), (-2.7, 3.2)])
def test_a_star_is_cut_out_on_its_middle_pixel(off):
    cut = crop_star(gaussian(off), near_yx=(50.0, 50.0), half_px=30, fwhm_px=FWHM_PX)
    assert cut.shape == (61, 61)
    assert cut == pytest.approx(gaussian(side=61), abs=5e-3)  # to 1/100 px, on the steepest slope of 0.36 a pixel


@pytest.mark.parametrize("off", [(6.5, 0.0), (-6.5, 0.0), (0.0, 9.0)])
def test_a_star_that_is_elsewhere_is_refused_on_either_side(off):
    with pytest.raises(UsageError, match="No peak lies within 5 px"):
        crop_star(gaussian(off), near_yx=(50.0, 50.0), half_px=30, fwhm_px=FWHM_PX)


def test_a_square_beyond_the_image_is_refused():
    with pytest.raises(UsageError, match="does not lie in the image"):
        crop_star(gaussian(), near_yx=(50.0, 50.0), half_px=60, fwhm_px=FWHM_PX)


def test_a_companion_that_is_put_in_stands_out_by_its_brightness():
    sky = Sky(noise=1e-4)
    references, star = sky.stars(20), sky.star()
    limit = 10 ** (-0.4 * analyse(star, references, SETTING).curve.delta_mag_at(25.0))
    shares = [
        np.median(
            [
                each.share
                for each in inject_and_recover(
                    star, references, SETTING, separation_px=25.0, flux=factor * limit, angles_deg=range(5, 360, 60)
                )
            ]
        )
        for factor in (1.0, 3.0)
    ]
    # t scatters by 1, of a threshold of 6, in six places; and the ring's scatter is that of 36 apertures.
    for factor, share in zip((1.0, 3.0), shares, strict=True):
        assert share == pytest.approx(factor, abs=3 * np.hypot(1.25 / 6 / np.sqrt(6), factor / np.sqrt(2 * 35)))
