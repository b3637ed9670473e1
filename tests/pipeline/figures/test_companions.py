import numpy as np
import pytest

from pipeline.figures.canvas import Compass
from pipeline.figures.companions import PANEL_PX, Mark, Subtracted, star_picture, subtraction_picture
from pipeline.figures.contrast import contrast_plot
from tests.pipeline.figures.pictures import chunks, opened

SIDE = 201


def shown(signal, marks=()):
    y, x = np.indices((SIDE, SIDE)) - SIDE // 2
    return Subtracted(
        star=np.exp(-(y**2 + x**2) / 8.0),
        signal=signal,
        scale_arcsec=0.01758,
        points=Compass((1.0, 0.0), (0.0, -1.0)),
        caption="HD 1984",
        remark="12 other stars",
        marks=marks,
    )


def colour_at(picture, offset_yx):
    """Mean colour of the right panel about an offset from its middle, px of the image."""
    factor = PANEL_PX / SIDE
    y, x = (int((SIDE // 2 + offset + 0.5) * factor) for offset in offset_yx)
    right = opened(picture)[:, -PANEL_PX:].astype(int)
    return right[y - 4 : y + 5, x - 4 : x + 5].mean(axis=(0, 1))


@pytest.mark.parametrize(("t", "brighter", "darker"), [(8.0, 0, 2), (-8.0, 2, 0)])
def test_what_stands_out_is_red_and_what_is_too_dark_is_blue_at_its_own_place(t, brighter, darker):
    signal = np.zeros((SIDE, SIDE))
    signal[SIDE // 2 + 25 : SIDE // 2 + 36, SIDE // 2 - 45 : SIDE // 2 - 34] = t
    picture = subtraction_picture(shown(signal), description="a star")
    there, elsewhere = colour_at(picture, (30, -40)), colour_at(picture, (-30, 40))
    assert there[brighter] > there[darker] + 40
    assert abs(elsewhere[0] - elsewhere[2]) < 20


def test_a_companion_is_circled_where_it_is():
    signal = np.zeros((SIDE, SIDE))
    without = opened(subtraction_picture(shown(signal), description="a")).astype(int)
    circled = subtraction_picture(shown(signal, (Mark((30.0, -40.0), "2.5 mag"),)), description="a")
    rows, columns = np.nonzero(np.abs(opened(circled).astype(int) - without).sum(axis=2))
    factor = PANEL_PX / SIDE
    y, x = (SIDE // 2 + 30.5) * factor, (SIDE // 2 - 39.5) * factor + without.shape[1] - PANEL_PX
    assert abs((rows.min() + rows.max()) / 2 - y) < 3  # the circle is the highest thing that is drawn
    assert columns.min() == pytest.approx(x - 34, abs=4)


def test_pictures_are_the_same_each_time_and_described():
    signal = np.full((SIDE, SIDE), np.nan)
    first = subtraction_picture(shown(signal), description="nothing is known")
    assert first == subtraction_picture(shown(signal), description="nothing is known")
    assert any(b"nothing is known" in content for kind, content in chunks(first) if kind in (b"tEXt", b"iTXt"))
    assert opened(star_picture(shown(signal).star, description="a star")).shape == (402, 402, 3)


def test_a_curve_is_drawn_through_its_limits_and_without_any_it_says_so():
    separations = np.linspace(0.2, 1.45, 30)
    drawn = [
        contrast_plot(separations, np.full(30, limit), title="HD", description="limits")
        for limit in (2.0, 4.0, 6.0, np.nan)
    ]
    assert opened(drawn[0]).shape == (700, 1600, 3)
    columns = [opened(each)[:, 900:920].astype(int).sum(axis=2) for each in drawn[:3]]  # beside the title
    rows = [int(np.nonzero((column < 250).any(axis=1))[0].max()) for column in columns]
    assert rows[0] - rows[1] == pytest.approx(rows[1] - rows[2], abs=2)
    assert rows[1] - rows[2] > 100, "fainter is lower: two of eight magnitudes are a quarter of the axes"
    assert drawn[3] not in drawn[:3]
