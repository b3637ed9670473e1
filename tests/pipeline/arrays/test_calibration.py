import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.calibration import (
    CalibratedFrames,
    Calibration,
    floating_pattern,
    master_dark,
    master_flat,
    middle_of,
)
from pipeline.arrays.frames import disc
from pipeline.simulation.camera import FAST, FAST_SUBARRAY, Camera, Readout
from tests.pipeline.arrays.stars import star

SHAPE = (64, 80)
BIAS, GAIN = 1000.0, 0.2


def response():
    y, x = np.indices(SHAPE) / 64 - 0.5
    return (1 - 0.4 * (x**2 + y**2)).astype(np.float32)


def raw_of(light, *, pattern=0.0):
    """Counts of electrons, unrounded."""
    return (BIAS + pattern + light * response() / GAIN).astype(np.float32)


def calibration(**changes):
    return Calibration(
        **{"dark": np.full(SHAPE, BIAS, np.float32), "flat": response(), "electron_per_adu": GAIN} | changes
    )


def test_an_even_sky_comes_back_even_whatever_the_response():
    # Had the bias been taken out twice, or after the flat, 1000 counts would leave the flat's shape here.
    electrons = calibration().electrons(raw_of(np.full(SHAPE, 3.0)))
    np.testing.assert_allclose(electrons, 3.0, atol=1e-3)


def test_a_star_keeps_its_light():
    light = star(SHAPE, centre_yx=(30.3, 41.8), flux=5e4) + 2
    np.testing.assert_allclose(calibration().electrons(raw_of(light)), light, atol=1e-2)


def test_what_was_given_is_not_changed():
    raw = raw_of(np.full(SHAPE, 3.0)).astype(np.uint16)
    before = raw.copy()
    calibration().electrons(raw, source=disc(SHAPE, centre_yx=(32, 40), radius_px=20))
    np.testing.assert_array_equal(raw, before)


def test_floating_rows_and_columns_are_taken_out_and_the_star_keeps_its_light():
    light = star(SHAPE, centre_yx=(30.3, 41.8), flux=5e4, sigma_px=4) + 2
    source = disc(SHAPE, centre_yx=(30.3, 41.8), radius_px=20)
    steps = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        pattern = rng.normal(0, 5, (SHAPE[0], 1)) + rng.normal(0, 5, SHAPE[1])  # 5 counts are one electron
        noise = rng.normal(0, 0.5, SHAPE)
        rest = calibration().electrons(raw_of(light + noise, pattern=pattern), source=source) - light
        assert rest.mean(axis=1).std() < 0.2
        assert rest.mean(axis=0).std() < 0.2
        steps.append(rest[source].mean() - rest[~source].mean())
    assert np.mean(steps) == pytest.approx(0, abs=0.05)


def test_a_star_under_no_mask_would_be_taken_for_the_floor_of_its_rows():
    light = star(SHAPE, centre_yx=(32, 40), flux=2e4, sigma_px=12)
    nothing = np.zeros(SHAPE, dtype=bool)
    assert (
        np.ptp(
            floating_pattern(light + np.random.default_rng(2).normal(0, 9, SHAPE).astype(np.float32), ignore=nothing)
        )
        > 3
    )


def test_the_pattern_of_a_blank_image_is_its_noise_and_has_no_level():
    image = np.random.default_rng(3).normal(50, 1, (200, 300)).astype(np.float32)
    pattern = floating_pattern(image, ignore=np.zeros(image.shape, dtype=bool))
    assert abs(pattern.mean()) < 1e-3
    assert pattern.std() < 0.15
    assert not floating_pattern(image, ignore=np.ones(image.shape, dtype=bool)).any()


def test_saturated_pixels_have_no_value_and_others_keep_theirs():
    raw = raw_of(np.full(SHAPE, 3.0))
    raw[5, 6], raw[7, 8] = 65535, 65534
    electrons = calibration(saturated_adu=65535).electrons(raw)
    assert np.argwhere(np.isnan(electrons)).tolist() == [[5, 6]]


def test_bad_pixels_get_the_mean_of_their_neighbours():
    dark = np.random.default_rng(5).normal(BIAS, 0.5, SHAPE).astype(np.float32)
    dark[20, 30] += 500
    electrons = calibration(dark=dark).electrons(raw_of(np.full(SHAPE, 3.0)) + (dark - BIAS))
    assert electrons[20, 30] == pytest.approx(3.0, abs=1e-3)


def test_a_sub_array_takes_the_middle_of_the_flat():
    whole = np.arange(1024 * 1024, dtype=np.float32).reshape(1024, 1024)
    np.testing.assert_array_equal(middle_of(whole, (256, 256), what="flat"), whole[384:640, 384:640])
    assert middle_of(whole, (1024, 1024), what="flat") is not None


@pytest.mark.parametrize("shape", [(2048, 2048), (255, 256)])
def test_a_flat_without_such_a_middle_is_refused(shape):
    with pytest.raises(UsageError, match="another detector mode"):
        middle_of(np.ones((1024, 1024), np.float32), shape, what="flat")


def test_a_frame_of_another_mode_is_refused():
    with pytest.raises(UsageError, match="dark of the frame's own mode"):
        calibration().electrons(np.zeros((32, 32)))


def test_a_flat_of_zeros_is_refused():
    with pytest.raises(UsageError, match="flat of zeros"):
        calibration(flat=np.zeros(SHAPE, np.float32)).electrons(raw_of(np.zeros(SHAPE)))


def test_flats_without_light_or_of_another_shape_are_refused():
    dark = np.full(SHAPE, BIAS, np.float32)
    noise = np.random.default_rng(6).normal(BIAS - 1, 3, (4, *SHAPE))
    with pytest.raises(UsageError, match="no light in it"):
        master_flat(noise, dark=dark)
    with pytest.raises(UsageError, match="no light in it"):
        master_flat(np.full((4, *SHAPE), 65535.0), dark=dark, saturated_adu=65535)
    with pytest.raises(UsageError, match="dark of the flats' mode"):
        master_flat(np.full((4, 8, 8), 3e4), dark=dark)


def test_a_lamp_that_brightens_does_not_matter():
    flats = np.array([raw_of(np.full(SHAPE, level)) for level in (900, 1000, 1800)])
    flat = master_flat(flats, dark=np.full(SHAPE, BIAS, np.float32))
    np.testing.assert_allclose(flat, response() / response().mean(), rtol=1e-4)
    assert flat.mean(dtype=np.float64) == pytest.approx(1, abs=1e-6)


def test_masters_are_the_maps_of_the_simulated_camera():
    camera, rng = Camera(3, 128), np.random.default_rng(7)
    closed, lit = Readout(camera, FAST, "Si"), np.full((128, 128), 3000, np.float32)
    dark = master_dark(np.array([closed.frame(0 * lit, rng=rng) for _ in range(24)]))
    flat = master_flat(np.array([closed.frame(lit, rng=rng) for _ in range(24)]), dark=dark, saturated_adu=65535)
    true_dark, true_flat = camera.dark_frame_adu(FAST), camera.response(FAST, "Si")
    cold = camera.dark_electron(FAST) < 0.5
    assert np.median(dark[cold] - true_dark[cold]) == pytest.approx(0, abs=1.0)  # the bias drifts by 2 counts a frame
    assert (dark - true_dark)[cold].std() < 1.0
    assert (flat / true_flat - 1).std() < 1.2 * np.sqrt(2 / 3000 / 24)  # √2: multiplication's own noise


def test_simulated_frames_of_a_sub_array_are_calibrated_to_their_light():
    camera, rng = Camera(3, 512), np.random.default_rng(8)
    readout = Readout(camera, FAST_SUBARRAY, "Si")
    light = star((256, 256), centre_yx=(128, 130), flux=1e6, sigma_px=9) + 20
    raws = np.array([readout.frame(light, rng=rng) for _ in range(20)])
    science = Calibration(
        camera.dark_frame_adu(FAST_SUBARRAY), camera.response(FAST, "Si"), electron_per_adu=0.2, saturated_adu=65535
    )
    frames = CalibratedFrames(raws, science)
    mean = np.mean([frames[number] for number in range(len(frames))], axis=0)
    off = (mean - light) / np.sqrt((2 * light + 4 * 0.4**2) / 20)
    assert abs(off.mean()) < 1.0  # of the drift, 0.4 electrons a frame
    assert off.std() == pytest.approx(1, abs=0.1)


def test_the_same_frame_gives_the_same_bytes():
    raw = raw_of(np.random.default_rng(9).normal(3, 1, SHAPE))
    source = disc(SHAPE, centre_yx=(32, 40), radius_px=20)
    assert (
        calibration().electrons(raw, source=source).tobytes() == calibration().electrons(raw, source=source).tobytes()
    )
