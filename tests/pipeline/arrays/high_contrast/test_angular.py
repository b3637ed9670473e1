"""Frames in which the field turns: signs, blanks, what a companion takes from itself, and companions found again."""

from functools import cache

import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.high_contrast.angular import AngularSetting, sequence_of
from pipeline.arrays.high_contrast.angular_analysis import analyse_angular
from pipeline.arrays.high_contrast.geometry import Zone, offset_yx
from pipeline.arrays.high_contrast.rings import Ring, enough_rotation
from pipeline.arrays.high_contrast.rotation import north_up, turned, turned_offset
from tests.pipeline.arrays.high_contrast.skies import FWHM_PX, gaussian, smooth_pattern

SIDE = 61
ANGLES = np.linspace(-30.0, 50.0, 16)
SETTING = AngularSetting(FWHM_PX, zone=Zone(6.0, 28.0), components=4)
STAR = gaussian(side=SIDE)


@cache
def frames(*companions: tuple[float, float, float], noise: float = 1e-5, side: int = SIDE) -> np.ndarray:
    """A star of peak 1, speckles that stay in the pupil and drift a little, companions that turn with the field."""
    rng = np.random.default_rng(5)
    patterns = 1e-3 * np.array([smooth_pattern(rng, side=side) for _ in range(3)])
    drift = np.cumsum(rng.normal(scale=0.1, size=(len(ANGLES), 2)), axis=0)
    cube = []
    for angle, (first, second) in zip(ANGLES, drift, strict=True):
        image = gaussian(side=side) + patterns[0] + first * patterns[1] + second * patterns[2]
        for separation, position_angle, flux in companions:
            image += flux * gaussian(offset_yx(separation, position_angle - angle), side=side)
        cube.append(image + noise * rng.normal(size=image.shape))
    return np.array(cube)


@pytest.mark.parametrize("side", [60, 61])
def test_a_companion_turns_to_its_place_on_the_sky(side):
    """A star north-east of the middle: north is +y, east -x."""
    frame = gaussian(offset_yx(15.0, 45.0 - 30.0), side=side)
    up = turned(frame, 30.0)
    y, x = np.unravel_index(np.nanargmax(up), up.shape)
    assert y - side // 2 > 8
    assert x - side // 2 < -8
    assert np.nanmax(np.abs(up - gaussian(offset_yx(15.0, 45.0), side=side))) < 2e-3  # splines of a width of 4 px
    assert turned_offset(offset_yx(15.0, 15.0), 30.0) == pytest.approx(offset_yx(15.0, 45.0))


def test_blanks_do_not_count_and_stay_where_no_frame_has_a_value():
    cube = np.ones((3, 21, 21))
    cube[0, 10, 15] = np.nan
    cube[:, 10, 10] = np.nan
    up = north_up(cube, np.array([0.0, 90.0, 180.0]))
    assert np.isnan(up[10, 10])
    assert np.nanmin(up) == pytest.approx(1.0, abs=0.15)  # cubic splines ring beside a blank
    assert np.isfinite(up).sum() == 21 * 21 - 1


def test_frames_are_told_by_those_in_which_a_companion_has_moved_enough():
    far = enough_rotation(np.array([0.0, 10.0, 350.0, 180.0]), 20.0, least_px=6.0)
    # 10° of 20 px are 3.5 px, 20° are 6.9 px.
    assert far.tolist() == [[False, False, False, True], [False, False, True, True],
                            [False, True, False, True], [True, True, True, False]]  # fmt: skip


def test_a_response_is_the_derivative_of_the_residual_to_rounding():
    """Against a difference of two residuals, patterns made anew for each."""
    rng = np.random.default_rng(2)
    cube, added = rng.normal(size=(2, 9, 25, 25))
    cube[3, 4, 12] = np.nan
    may_tell = rng.random((9, 9)) < 0.7
    zone, step = Zone(4.0, 11.0), 1e-6

    def left(amount: float) -> np.ndarray:
        return Ring(cube + amount * added, zone, may_tell, components=2).residual()

    expected = (left(step) - left(-step)) / (2 * step)
    response = Ring(cube, zone, may_tell, components=2).response(added)
    told = np.isfinite(expected)
    # Differences err by step² and by rounding over the step: both about 1e-10 times what the patterns magnify.
    assert np.abs(response - expected)[told].max() < 1e-6
    assert told.any(axis=1).sum() == (may_tell.sum(axis=1) >= 3).sum()


@pytest.mark.parametrize("side", [60, 61])
def test_throughput_is_what_an_injection_leaves(side):
    place = offset_yx(17.0, 110.0)
    alone, flux = sequence_of(frames(side=side), ANGLES, STAR, SETTING), 1e-6
    with_one = sequence_of(frames((17.0, 110.0, flux), side=side), ANGLES, STAR, SETTING)
    gained = (with_one.residual - alone.residual) / flux
    response = alone.at(place)
    reached = response != 0
    # The injected star is an exact Gaussian, the response moves one by a transform of single precision.
    assert np.abs(gained - response)[reached].max() < 1e-3
    assert 0.7 < alone.throughput(place) < 1.0


@pytest.mark.parametrize(
    ("flux", "px", "share"),
    [(2e-4, 0.15, 0.03), (2e-2, 0.02, 0.005)],  # noise alone at the first; of the bright one what first order leaves
)
def test_a_companion_is_found_where_it_is_and_as_bright(flux, px, share):
    found = analyse_angular(frames((18.3, 222.0, flux)).astype(np.float32), ANGLES, gaussian(side=40), SETTING)
    (only,) = found.companions
    offset = np.array(only.companion.offset_yx) - np.array(offset_yx(18.3, 222.0))
    assert np.hypot(*offset) < px
    assert only.companion.flux == pytest.approx(flux, rel=share)
    assert only.t > only.threshold
    assert np.isnan(found.residual[SIDE // 2, SIDE // 2])


def test_limits_are_those_of_frames_without_their_companions():
    with_one = analyse_angular(frames((18.0, 60.0, 3e-3)), ANGLES, STAR, SETTING).curve
    alone = analyse_angular(frames(), ANGLES, STAR, SETTING)
    assert alone.companions == ()
    # The fit takes the noise of one aperture along: of 25, where it was 3 sigma, that is 9/24 of the variance, 0.26 mag.
    assert with_one.delta_mag == pytest.approx(alone.curve.delta_mag, abs=0.26)
    assert (alone.curve.throughput < 1).all()
    assert (alone.curve.throughput[1:] > 0.6).all()


def test_where_the_field_turns_too_little_nothing_is_told():
    slow = ANGLES / 4  # 20° in all: 6 px from 17 px on
    setting = AngularSetting(FWHM_PX, zone=Zone(6.0, 28.0), protection_fwhm=1.5, components=4)
    found = sequence_of(frames(), slow, STAR, setting)
    assert found.zone.inner_px > 10
    with pytest.raises(UsageError, match=r"turns by 4\.0°"):
        sequence_of(frames(), ANGLES / 20, STAR, setting)


@pytest.mark.parametrize(
    ("cube", "angles", "star", "says"),
    [
        (np.ones((3, 9, 9)), np.zeros(3), np.ones((9, 9)), "at least 4"),
        (np.ones((9, 9)), np.zeros(9), np.ones((9, 9)), "no sequence"),
        (np.ones((5, 9, 9)), np.zeros(4), np.ones((9, 9)), "each of the 5 frames"),
        (np.ones((5, 9, 9)), np.full(5, np.nan), np.ones((9, 9)), "finite angle"),
        (np.ones((5, 9, 9)), np.zeros(5), np.ones(9), "no image"),
        (np.ones((5, 61, 61)), np.zeros(5), np.zeros((31, 31)), "no light"),
        (np.ones((5, 61, 61)), np.zeros(5), np.ones((13, 31)), "6 px from its middle"),
    ],
)
def test_what_does_not_fit_together_is_refused(cube, angles, star, says):
    with pytest.raises(UsageError, match=says):
        sequence_of(cube, angles, star, SETTING)
