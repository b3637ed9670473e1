"""Colours that are known: grey is grey, a hue is the same bright and faint, and the sky is dark."""

import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.colour import SOFTENING, Bands, coloured, common_bands, sky_level, stretch_of
from pipeline.arrays.passbands import passband_of

STRETCH = 2.0


def shown(*rates):
    """The picture of pixels with these counts a second (red, green, blue) above the sky."""
    planes = np.array(rates, dtype=np.float32).T[:, np.newaxis, :]
    return coloured(Bands(planes, (0, 0)), stretch=STRETCH)[0].astype(float)


def test_what_gives_the_same_in_three_bands_is_grey_however_bright():
    picture = shown(*[(rate, rate, rate) for rate in (0.01, 0.3, 2.0, 40.0, 1e6)])
    assert (np.ptp(picture, axis=1) == 0).all()
    assert np.all(np.diff(picture[:, 0]) >= 0)
    assert picture[-1, 0] == 255


@pytest.mark.parametrize("rates", [(4.0, 2.0, 1.0), (1.0, 2.0, 4.0), (1.0, 5.0, 1.0), (3.0, 1.0, 3.0)])
def test_a_hue_is_the_same_at_any_brightness(rates):
    for factor in (0.5, 3.0, 20.0, 500.0, 1e5):
        (pixel,) = shown([rate * factor for rate in rates])
        # Whole numbers: each may be one less than its share of the largest says.
        assert pixel == pytest.approx(np.array(rates) / max(rates) * pixel.max(), abs=1.01)


@pytest.mark.parametrize("intensity", [0.05, 0.5, 4.0, 60.0])
def test_the_curve_is_that_of_the_paper(intensity):
    (pixel,) = shown((intensity, intensity, intensity))
    # F(I) = asinh(Q I / stretch) by the slope that is a line's at a tenth of the stretch; Lupton et al. 2004, eq. 2.
    wanted = 255 * 0.1 * np.arcsinh(SOFTENING * intensity / STRETCH) / np.arcsinh(0.1 * SOFTENING)
    assert pixel[0] == pytest.approx(min(wanted, 255), abs=1.0)


def test_dark_sky_and_pixels_without_a_value_are_black():
    assert shown((0, 0, 0), (-5, -5, -5), (np.nan, np.nan, np.nan)).max() == 0


def test_sky_and_exposure_are_taken_out_to_within_the_noise():
    chance = np.random.default_rng(1)
    shape, sky, sigma, exposures_s = (200, 300), (100.0, 2500.0, -30.0), (5.0, 20.0, 3.0), (10.0, 60.0, 3.0)
    planes = []
    for level, width, exposure_s in zip(sky, sigma, exposures_s, strict=True):
        plane = chance.normal(level, width, shape)
        plane[50:60, 50:60] += 12.0 * exposure_s
        planes.append(plane.astype(np.float32))
    planes[0][:10] = np.nan
    planes[2][:, 290:] = np.nan
    bands = common_bands(planes, exposures_s=exposures_s)
    assert bands.planes.shape == (3, 190, 290)
    assert bands.cut_yx == (10, 0)
    n = 190 * 290
    for plane, width, exposure_s in zip(bands.planes, sigma, exposures_s, strict=True):
        # Of a median, 1.25 sigma / sqrt(n); five of these. The hundred bright pixels shift it by less.
        assert abs(np.median(plane)) <= 5 * 1.2533 * width / exposure_s / np.sqrt(n)
        assert plane[40:50, 50:60].mean() == pytest.approx(12.0, abs=5 * width / exposure_s / 10)


def test_the_level_of_the_sky_is_not_that_of_the_stars():
    values = np.random.default_rng(2).normal(500, 4, 40_000).astype(np.float32)
    values[:4000] += 300
    # A clip at three sigma of a tenth that is far above: what is left of it is the median's own error.
    assert sky_level(values) == pytest.approx(500, abs=5 * 1.2533 * 4 / np.sqrt(36_000) + 0.05)


def test_frames_without_a_common_pixel_are_refused():
    left, right = np.ones((80, 80), np.float32), np.ones((80, 80), np.float32)
    left[:, :40], right[:, 40:] = np.nan, np.nan
    with pytest.raises(UsageError, match="no pixel in common"):
        common_bands([left, right, left], exposures_s=(1, 1, 1))


@pytest.mark.parametrize("planes", [np.zeros((3, 70, 70)), np.full((3, 70, 70), np.nan), np.ones((3, 70, 70))])
def test_a_picture_of_nothing_is_made_without_complaint(planes):
    planes = planes.astype(np.float32)
    planes[:, 0, 0] = 0
    bands = Bands(planes, (0, 0))
    assert coloured(bands, stretch=stretch_of(bands)).shape == (70, 70, 3)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("rp", "Sloan r"), ("r'", "Sloan r"), ("R", "Cousins R"), ("SDSS_g", "Sloan g"), ("Sg", "Sloan g"),
        ("H-Alpha", "H-alpha"), ("HA", "H-alpha"), ("OIII", "O III"), ("O3", "O III"), ("SII", "S II"),
        ("Bessell-V", "Johnson V"), ("zs", "Pan-STARRS z"), ("I", "Cousins I"), ("i", "Sloan i"),
    ],
)  # fmt: skip
def test_filters_are_known_by_the_names_that_headers_give_them(name, label):
    assert passband_of(name).label == label


@pytest.mark.parametrize("name", ["", "w", "air", "clear", "lp600", "VR", "\x00", "rp,gp", "unknown"])
def test_other_names_tell_nothing(name):
    assert passband_of(name) is None
