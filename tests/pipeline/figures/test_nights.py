"""Plots of a night, read back: where the dots lie, how large and of which colour they are."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pipeline.arrays.nightly import Curve
from pipeline.figures.chart import COLOURS
from pipeline.figures.nights import (
    CONTRAST,
    STREHL,
    ContrastLine,
    SeeingPoint,
    StrehlPoint,
    night_contrast_figure,
    night_seeing_figure,
    night_strehl_figure,
)
from tests.pipeline.figures.pictures import opened

TOLD = {"title": "2016-09-25", "description": "a night"}


def coloured(picture: bytes, colour: str) -> np.ndarray:
    """Pixels of exactly this colour; row 0 at the bottom."""
    return np.asarray((opened(picture) == np.round(np.array(to_rgb(colour)) * 255)).all(axis=-1))


class TestSeeing:
    def test_long_exposures_are_larger_and_filters_have_colours(self):
        points = [
            SeeingPoint(4.0, 1.0, "$a_", 10.0),
            SeeingPoint(8.0, 1.5, "$a_", 30.0),
            SeeingPoint(6.0, 1.2, "b", None),
        ]
        picture = night_seeing_figure(points, **TOLD)
        assert opened(picture).shape == (900, 2400, 3)
        first, middle = coloured(picture, COLOURS[0]), opened(picture).shape[1] // 2
        short, long = first[:, :middle].sum(), first[:, middle:].sum()  # with the key's dot, which is short, in one
        assert long + short > 5 * min(long, short)
        assert coloured(picture, COLOURS[1]).any()
        assert not coloured(picture, COLOURS[2]).any()
        assert picture == night_seeing_figure(points, **TOLD)

    def test_later_lies_to_the_right_and_wider_above(self):
        """Two filters, one dot each: first and last, narrow and wide."""
        picture = night_seeing_figure([SeeingPoint(3.0, 1.0, "a", 60.0), SeeingPoint(9.0, 2.0, "b", 60.0)], **TOLD)
        first, last = (coloured(picture, colour) for colour in COLOURS[:2])
        y, x = np.nonzero(first[:, :500])  # without the key
        assert (x.max() < 300, y.max() < 300) == (True, True)
        assert not last[:, :2000].any()


class TestStrehl:
    def test_four_colours_and_a_line_through_the_mean_of_what_is_ok(self):
        ratios = {(True, False): 0.1, (False, False): 0.4, (True, True): 0.2, (False, True): 0.3}
        points = [
            StrehlPoint(3.0 + hour, ratio, is_ok=is_ok, is_faint=is_faint)
            for (is_ok, is_faint), ratio in ratios.items()
            for hour in (0.0, 1.0)
        ]
        picture = night_strehl_figure(points, **TOLD)
        assert opened(picture).shape == (954, 2100, 3)
        assert all(coloured(picture, colour).any() for colour in COLOURS[:4])
        lines = [coloured(picture, colour).sum(axis=1) > 1500 for colour in COLOURS[:4]]  # rows, most of the width
        assert [rows.any() for rows in lines] == [True, False, True, False]
        bright, faint = (np.flatnonzero(rows).mean() for rows in (lines[0], lines[2]))
        bottom = 4.2 * STREHL.letters_px  # of the axes, which begin with nothing
        assert (faint - bottom) / (bright - bottom) == pytest.approx(2.0, rel=0.02)  # a pixel of some 140


class TestContrast:
    @staticmethod
    def line(level: float, *, is_faint: bool) -> ContrastLine:
        separations = np.linspace(0.1, 1.5, 20)
        return ContrastLine(Curve(separations, np.full(20, level)), is_faint=is_faint)

    def test_the_median_of_bright_stars_lies_where_it_is(self):
        lines = [self.line(level, is_faint=False) for level in (2.0, 4.0, 7.0)]
        picture = night_contrast_figure(lines, **TOLD)
        assert opened(picture).shape == (700, 1600, 3)
        rows = np.flatnonzero(coloured(picture, "#000000").sum(axis=1) > 1000)
        bottom, top = 4.2 * CONTRAST.letters_px, 700 - 2.6 * CONTRAST.letters_px
        assert rows.mean() == pytest.approx((bottom + top) / 2, abs=2)  # 4 of the 8 mag that the axis has

    def test_faint_stars_alone_have_no_black_line(self):
        picture = night_contrast_figure([self.line(3.0, is_faint=True)], **TOLD)
        assert not coloured(picture, "#000000").any()
        assert coloured(picture, COLOURS[0]).any()
