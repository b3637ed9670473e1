import numpy as np
import pytest

from pipeline.arrays.mosaic import assemble, data_section
from pipeline.arrays.planes import ImagePlane

QUADRANTS = {  # DETSEC in unbinned pixels: 128 columns and 96 rows, binned 2 x 2, of a detector read from [1025,1025]
    "[1025:1152,1025:1120]": (slice(0, 48), slice(0, 64), 1, 1),
    "[1280:1153,1025:1120]": (slice(0, 48), slice(64, 128), 1, -1),
    "[1025:1152,1216:1121]": (slice(48, 96), slice(0, 64), -1, 1),
    "[1280:1153,1216:1121]": (slice(48, 96), slice(64, 128), -1, -1),
}
BIASES = (1000, 1100, 900, 1250)
GAINS = (2.0, 1.0, 4.0, 0.5)


def scene():
    """Electrons (96, 128), multiples of four: a slope along the rows of the detector and some stars, no noise."""
    x = np.arange(128)
    stars = np.zeros((96, 128))
    stars[10::17, 9::23] = 4000
    return 400.0 + 4 * np.round(x / 8 + stars / 4)


def raw_amplifiers(electrons, *, biases=BIASES, gains=GAINS, inherited=None):
    """What four amplifiers write for `electrons`: each reads from its own corner and adds ten overscan columns."""
    amplifiers = []
    for (detsec, (rows, columns, step_y, step_x)), bias, gain in zip(QUADRANTS.items(), biases, gains, strict=True):
        signal = electrons[rows, columns][::step_y, ::step_x] / gain + bias
        pixels = np.hstack([signal, np.full((48, 10), float(bias))]).round().astype(np.uint16)
        cards = {"DETSEC": detsec, "DATASEC": "[1:64,1:48]", "BIASSEC": "[66:74,1:48]", "CCDSUM": "2 2", "GAIN": gain}
        amplifiers.append(ImagePlane(pixels, {**(inherited or {}), **cards}))
    return amplifiers


def test_four_flipped_amplifiers_of_different_bias_and_gain_come_back_as_the_scene():
    # The slope is half a count per column: two strips of four columns differ by two at a seam along the rows at most.
    restored = assemble(raw_amplifiers(scene()))
    assert restored.shape == (96, 128)
    assert np.abs(restored - scene()).max() <= 2.0


def test_a_flat_scene_comes_back_exactly():
    np.testing.assert_array_equal(assemble(raw_amplifiers(np.full((96, 128), 800.0))), 800)


def test_sections_of_the_primary_header_do_not_disturb():
    inherited = {"TRIMSEC": "[1:1024,1:1024]", "CCDSEC": "[1025:3072,1025:3072]", "ORIGIN": "LCOGT"}
    plain, with_more = assemble(raw_amplifiers(scene())), assemble(raw_amplifiers(scene(), inherited=inherited))
    np.testing.assert_array_equal(with_more, plain)


def test_a_wrong_gain_leaves_no_step_at_the_seams():
    amplifiers = raw_amplifiers(np.full((96, 128), 800.0))
    for amplifier, gain in zip(amplifiers, (2.1, 1.02, 3.9, 0.49), strict=True):
        amplifier.cards["GAIN"] = gain
    restored = assemble(amplifiers)
    assert np.ptp(restored) < 0.01  # before levelling: 780 to 840


def test_a_bright_corner_does_not_darken_its_amplifier():
    electrons = np.full((96, 128), 800.0)
    electrons[60:, 80:] = 20000.0  # covers most of one quadrant, and keeps clear of the seams
    restored = assemble(raw_amplifiers(electrons))
    np.testing.assert_array_equal(restored, electrons)


def test_gains_are_used_only_if_every_amplifier_has_one():
    amplifiers = raw_amplifiers(np.full((96, 128), 800.0), gains=(2.0, 2.0, 2.0, 2.0))
    amplifiers[3].cards["GAIN"] = 0.0
    np.testing.assert_array_equal(assemble(amplifiers), 400)


def test_without_places_the_amplifiers_stand_side_by_side_in_the_order_of_the_file():
    one = ImagePlane(np.full((20, 5), 7.0), {})
    other = ImagePlane(np.full((20, 3), 7.0), {})
    assert assemble([one, other]).shape == (20, 8)


def test_unequal_heights_side_by_side_leave_blank_pixels():
    image = assemble([ImagePlane(np.full((4, 2), 7.0), {}), ImagePlane(np.full((3, 2), 7.0), {})])
    assert np.isnan(image[3, 2:]).all()
    assert np.isfinite(image[:3]).all()


def test_images_of_the_same_place_stand_side_by_side():
    cards = {"DETSEC": "[1:5,1:20]"}
    assert assemble([ImagePlane(np.ones((20, 5)), cards), ImagePlane(np.ones((20, 5)), cards)]).shape == (20, 10)


def test_a_gap_between_chips_is_blank():
    left = ImagePlane(np.full((20, 5), 3.0), {"DETSEC": "[1:5,1:20]"})
    right = ImagePlane(np.full((20, 5), 9.0), {"DETSEC": "[8:12,1:20]"})
    image = assemble([left, right])
    assert np.isnan(image[:, 5:7]).all()
    assert (image[:, :5] == 3).all()
    assert (image[:, 7:] == 9).all()


def test_a_mosaic_larger_than_memory_allows_is_made_smaller():
    wide = [
        ImagePlane(np.full((4, 8000), 5, np.int16), {"DETSEC": f"[{n * 8000 + 1}:{n * 8000 + 8000},1:4]"})
        for n in (0, 1)
    ]
    image = assemble(wide)
    assert image.shape == (2, 8000)
    assert (image == 5).all()


@pytest.mark.parametrize(
    ("cards", "shape"),
    [
        ({}, (50, 60)),
        ({"TRIMSEC": "[1:40,1:30]"}, (50, 60)),  # a reduced image with the sections of its raw one
        ({"TRIMSEC": "[1:40,1:30]", "BIASSEC": "UNKNOWN"}, (50, 60)),
        ({"TRIMSEC": "[1:40,1:30]", "BIASSEC": "[41:60,1:50]"}, (30, 40)),
        ({"TRIMSEC": "[1:400,1:300]", "DATASEC": "[1:50,1:50]", "BIASSEC": "[51:60,1:50]"}, (50, 50)),
        ({"TRIMSEC": "[1:40,1:30]", "BIASSEC": "[410:600,1:50]"}, (50, 60)),
        ({"DATASEC": "[1:40,1:30]", "DETSEC": "[101:180,1:60]", "CCDSUM": "2 2"}, (30, 40)),
    ],
)
def test_the_data_section_counts_only_in_a_raw_image(cards, shape):
    assert data_section(ImagePlane(np.zeros((50, 60)), cards)).shape == shape


def test_places_follow_the_binning_of_each_axis():
    cards = [{"DETSEC": f"[{x}:{x + 39},{y}:{y + 39}]", "CCDSUM": "2 4"} for x in (1, 41) for y in (1, 41)]
    image = assemble([ImagePlane(np.full((10, 20), 5.0), each) for each in cards])
    np.testing.assert_array_equal(image, np.full((20, 40), 5.0))
