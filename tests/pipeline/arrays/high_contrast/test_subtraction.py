import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.high_contrast.geometry import Zone, offset_yx
from pipeline.arrays.high_contrast.highpass import high_passed
from pipeline.arrays.high_contrast.model import CompanionModel, displaced, template_of
from pipeline.arrays.high_contrast.noise import ApertureSums
from pipeline.arrays.high_contrast.pca import basis_of
from pipeline.arrays.high_contrast.references import components_by_cross_validation, likeness, most_alike
from tests.pipeline.arrays.high_contrast.skies import FWHM_PX, SIDE, Sky, gaussian

ZONE = Zone(FWHM_PX * 2, 45)
MASK = ZONE.mask((SIDE, SIDE))


def test_patterns_are_of_length_one_and_at_right_angles():
    patterns = basis_of(Sky().stars(8), MASK).patterns
    assert patterns @ patterns.T == pytest.approx(np.eye(len(patterns)), abs=1e-9)


def test_a_reference_is_told_by_all_patterns_wholly_and_blank_outside_the_zone():
    references = Sky().stars(6)
    left = basis_of(references, MASK).residual(references)
    assert np.abs(left[:, MASK]).max() < 1e-9 * np.abs(references[:, MASK]).max()
    assert np.isnan(left[:, ~MASK]).all()


def test_the_residual_of_a_sum_is_the_sum_of_the_residuals():
    sky = Sky()
    basis = basis_of(sky.stars(8), MASK).first(3)
    one, other = sky.star(), gaussian((12.0, -9.0))
    together = basis.residual(one + 0.01 * other)
    assert together[MASK] == pytest.approx((basis.residual(one) + 0.01 * basis.residual(other))[MASK], abs=1e-12)


def test_brightness_and_level_of_a_reference_do_not_matter():
    references = Sky().stars(6)
    scaled = references * np.array([1, 10, 0.1, 3, 7, 2])[:, np.newaxis, np.newaxis] + 5
    star = Sky(seed=2).star()
    assert basis_of(scaled, MASK).first(3).residual(star)[MASK] == pytest.approx(
        basis_of(references, MASK).first(3).residual(star)[MASK], abs=1e-9
    )


def test_blanks_are_left_out_of_what_they_are_in():
    star = Sky().star()
    star[70, 60] = np.nan
    left = basis_of(Sky(seed=1).stars(6), MASK).first(3).residual(star)
    assert np.isfinite(left[MASK]).all()
    assert left[70, 60] == pytest.approx(0, abs=1e-3)


def test_references_without_light_are_refused():
    with pytest.raises(UsageError, match="No reference has light"):
        basis_of(np.full((4, SIDE, SIDE), 3.0), MASK)


@pytest.mark.parametrize("n_patterns", [1, 3, 5])
def test_as_many_components_as_there_are_patterns(n_patterns):
    references = Sky(n_patterns=n_patterns, noise=1e-4).stars(25)
    assert components_by_cross_validation(references, MASK, at_most=15) == n_patterns


def test_too_few_references_say_nothing():
    with pytest.raises(UsageError, match="2 references are too few"):
        components_by_cross_validation(Sky().stars(2), MASK, at_most=5)


def test_the_most_alike_reference_is_the_star_itself_scaled():
    references = Sky().stars(5)
    star = 2 * references[3] + 1
    assert likeness(star, references, MASK)[3] == pytest.approx(1.0)
    assert most_alike(star, references, MASK, at_most=2)[0] == 3
    assert len(most_alike(star, references, MASK, at_most=2)) == 2


@pytest.mark.parametrize("how", ["gaussian", "starlet"])
def test_a_filter_takes_a_level_out_and_moves_with_the_image(how):
    assert np.abs(high_passed(np.full((64, 64), 7.0), how)).max() < 1e-5
    moved = high_passed(gaussian((5.0, -3.0)), how)
    assert moved == pytest.approx(np.roll(high_passed(gaussian(), how), (5, -3), axis=(0, 1)), abs=1e-6)


def test_a_template_moves_by_parts_of_a_pixel():
    template = template_of(gaussian(), fwhm_px=FWHM_PX)
    offset = (10.3, -7.6)
    # It is cut off where the Gaussian is below 1e-9 of its peak.
    assert displaced(template, offset) == pytest.approx(gaussian(offset), abs=1e-6)


def test_throughput_is_what_an_injected_companion_keeps():
    """Against the long way: subtract with and without it, and see what an aperture holds more."""
    sky = Sky()
    basis = basis_of(sky.stars(12), MASK).first(3)
    model = CompanionModel(template_of(gaussian(), fwhm_px=FWHM_PX), basis, FWHM_PX)
    star, flux = sky.star(), 0.02
    for separation, angle in ((12.0, 0.0), (20.0, 77.0), (33.0, 301.0)):
        offset = offset_yx(separation, angle)
        more = basis.residual(star + flux * gaussian(offset)) - basis.residual(star)
        kept = ApertureSums(more, diameter_px=FWHM_PX).at(np.array(offset))
        assert model.throughput(offset) == pytest.approx(float(kept) / (flux * model.star_sum), rel=1e-4)


def test_a_star_without_light_can_be_no_template():
    with pytest.raises(UsageError, match="no light in its core"):
        CompanionModel(np.zeros((SIDE, SIDE)), basis_of(Sky().stars(4), MASK), FWHM_PX)
