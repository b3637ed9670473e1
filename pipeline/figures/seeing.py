"""A star in a seeing exposure, the function that was fitted to it, and what that leaves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.display import brightness
from pipeline.arrays.robust import robust_sigma
from pipeline.figures.canvas import COLOUR_MAP, DIVERGING, colours_of, fitted, paint, png_of, scale_bar, sheet, write

WIDTH_PX, HEIGHT_PX = 1800, 600  # 9 by 3 inches at 200 dots an inch
GAP_PX = 6
PANEL_PX = (WIDTH_PX - 2 * GAP_PX) // 3
LETTERS_PX, MARGIN_PX = 22, 20
GROUND = "#202020"
LEAST_SIGMA = 3.0  # of the residual's noise: the colours of the residual reach at least so far
RESIDUAL_PERCENTILE = 99.9


def seeing_figure(
    data: NDArray[Any], model: NDArray[Any], *, scale_arcsec: float, caption: str, remark: str, description: str
) -> bytes:
    """PNG of 1800 x 600 pixels: data, model and data less model (ny, nx), counts without sky, side by side.

    Data and model have the same colours. Those of the residual are symmetric about black at zero, red where the star is
    brighter than the model; the picture says how far they reach.
    """
    shown = np.stack([data, model]).astype(np.float64)
    fractions = brightness(np.vstack(list(shown)), percentiles=(20.0, 100.0))
    first, second = np.vsplit(fractions, 2)
    residual = shown[0] - shown[1]
    reach = _reach(residual)
    peak = float(np.nanmax(model))
    third = np.clip(residual / (2 * reach) + 0.5, 0, 1)
    figure = sheet(WIDTH_PX, HEIGHT_PX, colour=GROUND)
    titles = (
        f"data\n{caption}",
        f"model\n{remark}",
        f"data less model\ncolours to ±{100 * reach / peak:.2g} % of the peak",
    )
    maps = (COLOUR_MAP, COLOUR_MAP, DIVERGING)
    for number, (panel, title, colour_map) in enumerate(zip((first, second, third), titles, maps, strict=True)):
        rgb = colours_of(fitted(panel, (HEIGHT_PX, PANEL_PX)), colour_map=colour_map)
        left = number * (PANEL_PX + GAP_PX) / WIDTH_PX
        axes = paint(figure, rgb, (left, 0.0, PANEL_PX / WIDTH_PX, 1.0))
        write(axes, MARGIN_PX, HEIGHT_PX - MARGIN_PX, title, size_px=LETTERS_PX, at="lt")
        scale_bar(axes, arcsec_per_px=scale_arcsec * data.shape[1] / PANEL_PX, size_px=LETTERS_PX)
    return png_of(figure, description=description)


def _reach(residual: NDArray[np.float64]) -> float:
    finite = np.abs(residual[np.isfinite(residual)])
    if finite.size == 0:
        return 1.0
    return float(max(np.percentile(finite, RESIDUAL_PERCENTILE), LEAST_SIGMA * robust_sigma(residual))) or 1.0
