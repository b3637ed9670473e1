"""The amplifiers of a raw image, put together as they lie on the detector."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from pipeline.arrays.planes import ImagePlane, Pixels, finite_median, working_dtype
from pipeline.arrays.sections import Section, binning_of, section_of
from pipeline.arrays.shrink import area_mean

LONGEST_PX = 8192  # of the assembled image; larger mosaics are shrunk amplifier by amplifier, to bound memory
EDGE_PX = 4  # width of the strips compared on both sides of a seam
EDGE_LEAST_PX = 16  # seams shorter than this tell nothing about levels


@dataclass(frozen=True, slots=True)
class Tile:
    """An amplifier's own pixels (ny, nx), float, and where its first pixel lies in the assembled image."""

    pixels: Pixels
    y_start: int
    x_start: int

    @property
    def y_stop(self) -> int:
        return self.y_start + len(self.pixels)

    @property
    def x_stop(self) -> int:
        return self.x_start + int(self.pixels.shape[1])


def assemble(amplifiers: Sequence[ImagePlane]) -> Pixels:
    """One image (ny, nx), float, of all amplifiers, each two-dimensional.

    From each the median of its overscan (BIASSEC) is taken; counts become electrons if all tell a GAIN above zero.
    The data section is placed by DETSEC over the binning, reversed where DETSEC counts downwards. Unless all have a
    DETSEC of the data section's size, and none lies on another, they stand side by side in the order of the file. Then
    a constant is added to each so that levels agree along the seams. Detector pixels that no amplifier read are NaN.
    """
    gains = [_gain(amplifier) for amplifier in amplifiers]
    use_gains = all(gain > 0 for gain in gains)
    signals = [
        _signal(amplifier, gain=gain if use_gains else 1.0) for amplifier, gain in zip(amplifiers, gains, strict=True)
    ]
    tiles = leveled(_placed(signals, amplifiers))
    ny, nx = max(tile.y_stop for tile in tiles), max(tile.x_stop for tile in tiles)
    image = np.full((ny, nx), np.nan, dtype=np.result_type(*(tile.pixels for tile in tiles)))
    for tile in tiles:
        image[tile.y_start : tile.y_stop, tile.x_start : tile.x_stop] = tile.pixels
    return image


def data_section(plane: ImagePlane) -> Section:
    """Rectangle that saw light: TRIMSEC or DATASEC where the header is that of a raw image, else all pixels.

    Reduced images keep old sections in their headers, so a section counts only if it has the size of DETSEC or lies
    beside an overscan that is still part of the image.
    """
    shape = plane.pixels.shape
    overscan = _overscan(plane)
    detector_shape = _detector_shape(plane)
    for key in ("TRIMSEC", "DATASEC"):
        section = section_of(plane.cards, key)
        if section is None or not section.fits_in(shape):
            continue
        if section.shape == detector_shape or (overscan is not None and not section.overlaps(overscan)):
            return section
    return Section(y_start=0, y_stop=shape[0], x_start=0, x_stop=shape[1])


def leveled(tiles: Sequence[Tile]) -> list[Tile]:
    """Tiles with a constant added to each, zero on average, so that the medians on both sides of each seam agree.

    Only strips along the seams are compared, not whole tiles: a galaxy in one corner does not darken its tile.
    """
    rows, steps = [], []
    for (i, one), (j, other) in combinations(enumerate(tiles), 2):
        step = _step_across_seam(one, other)
        if step is not None:
            row = np.zeros(len(tiles))
            row[i], row[j] = -1, 1
            rows.append(row)
            steps.append(-step)
    if not rows:
        return list(tiles)
    offsets = np.linalg.lstsq(np.array(rows), np.array(steps), rcond=None)[0]
    return [
        replace(tile, pixels=tile.pixels + tile.pixels.dtype.type(offset))
        for tile, offset in zip(tiles, offsets, strict=True)
    ]


def _signal(amplifier: ImagePlane, *, gain: float) -> Pixels:
    pixels = amplifier.pixels
    signal = data_section(amplifier).cut(pixels).astype(working_dtype(pixels))
    overscan = _overscan(amplifier)
    bias = finite_median(overscan.cut(pixels)) if overscan else 0.0
    if np.isfinite(bias):
        signal -= bias
    signal *= gain
    return signal


def _gain(amplifier: ImagePlane) -> float:
    """GAIN, electrons per count; zero where the header does not tell."""
    gain = amplifier.cards.get("GAIN")
    return float(gain) if isinstance(gain, int | float) and np.isfinite(gain) else 0.0


def _overscan(plane: ImagePlane) -> Section | None:
    section = section_of(plane.cards, "BIASSEC")
    return section if section and section.fits_in(plane.pixels.shape) else None


def _detector_shape(plane: ImagePlane) -> tuple[int, int] | None:
    """Shape of DETSEC in image pixels."""
    section = section_of(plane.cards, "DETSEC")
    if section is None:
        return None
    binning_y, binning_x = binning_of(plane.cards)
    return section.shape[0] // binning_y, section.shape[1] // binning_x


def _placed(signals: Sequence[Pixels], amplifiers: Sequence[ImagePlane]) -> list[Tile]:
    tiles = [_on_detector(signal, amplifier) for signal, amplifier in zip(signals, amplifiers, strict=True)]
    known = [tile for tile in tiles if tile is not None]
    if len(known) < len(tiles) or any(_overlap(one, other) for one, other in combinations(known, 2)):
        known = _side_by_side(signals)
    y_first, x_first = min(tile.y_start for tile in known), min(tile.x_start for tile in known)
    moved = [replace(tile, y_start=tile.y_start - y_first, x_start=tile.x_start - x_first) for tile in known]
    return _shrunk(moved)


def _on_detector(signal: Pixels, amplifier: ImagePlane) -> Tile | None:
    section = section_of(amplifier.cards, "DETSEC")
    if section is None or _detector_shape(amplifier) != signal.shape:
        return None
    binning_y, binning_x = binning_of(amplifier.cards)
    turned = signal[::-1] if section.y_reversed else signal
    turned = turned[:, ::-1] if section.x_reversed else turned
    return Tile(pixels=turned, y_start=section.y_start // binning_y, x_start=section.x_start // binning_x)


def _side_by_side(signals: Sequence[Pixels]) -> list[Tile]:
    starts = np.cumsum([0, *(signal.shape[1] for signal in signals)])
    return [Tile(pixels=signal, y_start=0, x_start=int(start)) for signal, start in zip(signals, starts, strict=False)]


def _overlap(one: Tile, other: Tile) -> bool:
    in_y = min(one.y_stop, other.y_stop) > max(one.y_start, other.y_start)
    in_x = min(one.x_stop, other.x_stop) > max(one.x_start, other.x_start)
    return in_y and in_x


def _shrunk(tiles: list[Tile]) -> list[Tile]:
    longest = max(max(tile.y_stop, tile.x_stop) for tile in tiles)
    factor = -(-longest // LONGEST_PX)
    if factor == 1:
        return tiles
    small = []
    for tile in tiles:
        ny, nx = tile.pixels.shape
        pixels = area_mean(tile.pixels, (-(-ny // factor), -(-nx // factor)))
        small.append(Tile(pixels=pixels, y_start=tile.y_start // factor, x_start=tile.x_start // factor))
    return small


def _step_across_seam(one: Tile, other: Tile) -> float | None:
    """Level of `other` minus that of `one` where they touch; None if they do not."""
    for low, high, sign in ((one, other, 1), (other, one, -1)):
        strips = _strips(low, high)
        if strips is not None:
            step = finite_median(strips[1]) - finite_median(strips[0])
            return sign * step if np.isfinite(step) else None
    return None


def _strips(low: Tile, high: Tile) -> tuple[Pixels, Pixels] | None:
    """Pixels on both sides of the seam if `high` begins in x or y where `low` ends."""
    if low.x_stop == high.x_start:
        first, last = max(low.y_start, high.y_start), min(low.y_stop, high.y_stop)
        if last - first >= EDGE_LEAST_PX:
            return (
                low.pixels[first - low.y_start : last - low.y_start, -EDGE_PX:],
                high.pixels[first - high.y_start : last - high.y_start, :EDGE_PX],
            )
    if low.y_stop == high.y_start:
        first, last = max(low.x_start, high.x_start), min(low.x_stop, high.x_stop)
        if last - first >= EDGE_LEAST_PX:
            return (
                low.pixels[-EDGE_PX:, first - low.x_start : last - low.x_start],
                high.pixels[:EDGE_PX, first - high.x_start : last - high.x_start],
            )
    return None
