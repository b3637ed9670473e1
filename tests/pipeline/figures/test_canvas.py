import matplotlib as mpl
import numpy as np
import pytest

from pipeline.figures.canvas import BLANK, Compass, colours_of, compass, fitted, paint, png_of, scale_bar, sheet, write
from tests.pipeline.figures.pictures import chunks, opened


def drawn(*, width=300, height=200, draw=id):
    figure = sheet(width, height)
    draw(paint(figure, np.zeros((height, width, 3), dtype=np.uint8)))
    return png_of(figure, description="nothing")


def lit(picture):
    """Rows and columns of the lit pixels, their first and last."""
    y, x = np.nonzero(opened(picture).max(axis=-1) > 200)
    return (y.min(), y.max()), (x.min(), x.max())


def test_a_pixel_of_the_image_is_a_pixel_of_the_picture():
    rgb = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    figure = sheet(60, 40)
    paint(figure, rgb)
    np.testing.assert_array_equal(opened(png_of(figure, description="")), rgb)


def test_the_file_says_what_it_shows_and_neither_when_nor_by_what_it_was_made():
    texts = [content for kind, content in chunks(drawn()) if kind in (b"tEXt", b"iTXt", b"zTXt")]
    assert texts == [b"Description\0nothing"]
    assert b"tIME" not in dict(chunks(drawn()))


def test_settings_of_the_machine_change_no_picture():
    def letters(axes):
        write(axes, 20, 50, "Strehl 12 %", size_px=20)

    before = drawn(draw=letters)
    with mpl.rc_context({"savefig.dpi": 200, "savefig.facecolor": "white", "savefig.bbox": "tight"}):
        assert drawn(draw=letters) != before  # they would, so that the next line tells something
    mpl.rcdefaults()
    assert drawn(draw=letters) == before


def test_letters_stand_on_their_line_and_have_their_size():
    (bottom, top), (left, _) = lit(drawn(draw=lambda axes: write(axes, 30, 50, "H", size_px=40)))
    assert bottom == pytest.approx(50, abs=1)
    assert top - bottom == pytest.approx(0.73 * 40, abs=2)  # capitals of this font
    assert left == pytest.approx(30, abs=6)


def test_a_scale_bar_is_as_long_as_it_says():
    lengths = []
    picture = drawn(draw=lambda axes: lengths.append(scale_bar(axes, arcsec_per_px=0.01, size_px=10)))
    row = opened(picture)[15].max(axis=-1) > 128
    assert lengths == [0.5]  # 1" were a third of the width
    assert row.sum() == pytest.approx(50, abs=1)


@pytest.mark.parametrize("turn_deg", range(0, 360, 45))
def test_the_compass_stays_within_the_picture_whichever_way_it_points(turn_deg):
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    points = Compass(north_yx=(c, -s), east_yx=(-s, -c))
    (bottom, top), (left, right) = lit(drawn(draw=lambda axes: compass(axes, points, size_px=20)))
    assert min(bottom, left) >= 2
    assert max(top, right) <= 150


def test_the_arrow_to_north_points_north():
    north = Compass(north_yx=(1.0, 0.0), east_yx=(0.0, -1.0))
    (bottom, top), (left, right) = lit(drawn(draw=lambda axes: compass(axes, north, size_px=20)))
    assert top - bottom > 60
    assert right - left > 60
    columns = (opened(drawn(draw=lambda axes: compass(axes, north, size_px=20)))[:, right - 14 : right] > 200).all(
        axis=-1
    )
    assert columns.sum(axis=0).max() > 40  # the arrow, and the letter above it


def test_pixels_without_a_value_have_a_colour_of_their_own():
    fractions = np.array([[0.0, np.nan], [1.0, 0.5]])
    rgb = colours_of(fractions)
    np.testing.assert_array_equal(rgb[0, 1], np.round(np.array(BLANK) * 255))
    assert rgb[0, 0].sum() < rgb[1, 1].sum() < rgb[1, 0].sum()


class TestFitted:
    def test_fewer_pixels_are_means(self):
        image = np.arange(16.0).reshape(4, 4)
        np.testing.assert_allclose(fitted(image, (2, 2)), [[2.5, 4.5], [10.5, 12.5]])

    def test_many_more_are_squares(self):
        image = np.array([[0.0, 1.0], [2.0, 3.0]])
        np.testing.assert_array_equal(fitted(image, (8, 8)), image.repeat(4, axis=0).repeat(4, axis=1))

    def test_a_few_more_go_between_and_never_beyond(self):
        image = np.tile([0.0, 1.0], (10, 5))
        larger = fitted(image, (14, 14))
        assert larger.min() >= 0
        assert larger.max() <= 1

    @pytest.mark.parametrize("shape", [(5, 5), (14, 14), (40, 40)])
    def test_what_has_no_value_keeps_its_place(self, shape):
        image = np.ones((10, 10))
        image[:5] = np.nan
        found = fitted(image, shape)
        assert np.isnan(found[: shape[0] // 2 - 1]).all()
        assert (found[shape[0] // 2 + 1 :] == 1).all()

    def test_an_image_without_any_value_is_none(self):
        assert np.isnan(fitted(np.full((4, 4), np.nan), (6, 6))).all()
