from dataclasses import replace

import numpy as np
import pytest

from ingest.simulation.amplifiers import electrons_of, put_back, read_out
from ingest.simulation.detector import Pattern, calibrated, collected, digitised, pattern_of
from ingest.simulation.observatory import FA15, KB27
from ingest.simulation.sky import add_star


def even(shape, *, dark=0.0):
    return Pattern(flat=np.ones(shape), dark_electron_s=np.full(shape, dark))


def test_counts_follow_gain_bias_and_noise():
    rng = np.random.default_rng(1)
    electrons = collected(np.full((300, 300), 500.0), even((300, 300), dark=2.0), exposure_s=50, rng=rng)
    electrons[electrons > 750] = 600  # cosmic rays
    counts = digitised(electrons, gain=2.0, bias_counts=1000, read_noise=10, rng=rng)
    assert counts.mean() == pytest.approx(1000 + 600 / 2, abs=5 * np.sqrt(700) / 2 / 300)
    assert counts.std() == pytest.approx(np.sqrt(600 + 100) / 2, rel=0.02)


def test_counts_stay_within_sixteen_bits():
    rng = np.random.default_rng(1)
    counts = digitised(np.array([[-1e6, 1e9]]), gain=1.0, bias_counts=0, read_noise=1, rng=rng)
    np.testing.assert_array_equal(counts, [[0, 65535]])


def test_a_star_comes_back_with_its_flux_within_the_noise():
    light = np.full((101, 101), 100.0)
    add_star(light, y=50, x=50, flux=1e5, fwhm_px=3)
    pattern = even(light.shape)
    electrons = collected(light, pattern, exposure_s=0, rng=np.random.default_rng(4))
    y, x = np.indices(light.shape) - 50
    aperture = np.hypot(y, x) <= 30
    flux = calibrated(electrons, pattern, exposure_s=0)[aperture].sum(dtype=float) - 100 * aperture.sum()
    # Within 30 pixels a Moffat profile of beta 3 holds all but 1 / (1 + (30 / alpha)^2)^2 of its flux: 0.01 per cent.
    assert flux == pytest.approx(1e5, abs=4 * np.sqrt(1e5 + 100 * aperture.sum()))


def test_calibration_undoes_flat_field_and_dark_current():
    pattern = pattern_of(KB27, 1)
    electrons = 1000.0 * pattern.flat + pattern.dark_electron_s * 60
    np.testing.assert_allclose(calibrated(electrons, pattern, exposure_s=60), 1000, rtol=1e-6)


def test_a_camera_keeps_its_pattern_and_no_other_camera_has_it():
    assert pattern_of(KB27, 1).flat.mean() == pytest.approx(1)
    assert pattern_of(KB27, 1).flat.std() > 0.003
    assert not np.array_equal(pattern_of(KB27, 1).flat, pattern_of(replace(KB27, name="kb28"), 1).flat)
    assert np.sum(pattern_of(KB27, 1).dark_electron_s > 10) == 40


def test_an_image_read_by_four_amplifiers_is_put_together_again():
    rng = np.random.default_rng(2)
    image = rng.uniform(0, 1e5, FA15.shape)
    restored = np.full(FA15.shape, np.nan)
    for amplifier, counts in read_out(image, replace(FA15, read_noise_electron=0.0), rng):
        assert counts.shape == (522, 544)
        put_back(restored, amplifier, electrons_of(amplifier, counts, FA15))
    assert np.abs(restored - image).max() <= 0.5 * FA15.gain * 1.02 + 1e-6  # half a count


def test_the_overscan_tells_the_bias_of_each_amplifier():
    levels = [
        np.median(counts[:, 519:540])
        for _, counts in read_out(np.full(FA15.shape, 5e4), FA15, np.random.default_rng(1))
    ]
    assert levels == pytest.approx([1055, 880, 1210, 970], abs=0.5)
