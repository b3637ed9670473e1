"""Small pictures of any FITS image: one image, a mosaic of amplifiers, a cube or a spectrum."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.arrays.lineplot import draw_line
from pipeline.arrays.mosaic import assemble, data_section
from pipeline.arrays.planes import EightBits, ImagePlane, Picture, Pixels, without_infinities, working_dtype
from pipeline.arrays.shrink import area_mean, fitted_shape
from pipeline.arrays.stretch import Curve, to_eight_bits, white_level, zscale_limits

LARGEST_PX = 4096
QUALITY = 85
SPECTRUM_ROWS = 8  # an image of at most so many rows, each much longer, is a spectrum and its companions
SPECTRUM_ASPECT = 32
CUBE_PLANES = 9  # read of a cube, evenly spaced; their median stands for all
BAND_PIXELS = 1 << 20
SCIENCE_NAMES = frozenset({"SCI", "SPECTRUM", "DATA", "PRIMARY"})
COMPANION_NAMES = frozenset(
    {"BPM", "MASK", "DQ", "ERR", "ERROR", "VAR", "VARIANCE", "IVAR", "WHT", "STAT", "THUMBNAIL"}
)


def previews(planes: Sequence[ImagePlane], sizes: Mapping[str, int], *, curve: Curve = "asinh") -> dict[str, Picture]:
    """One picture per size, a name and the longest side in pixels; a small image is never enlarged.

    `planes` are the HDUs that hold pixels, in the order of the file. Masks and errors beside the science image are
    left out; several science images are taken as amplifiers of one detector. Without pixels there is no picture: {}.
    """
    science = science_planes(planes)
    if not science:
        return {}
    if is_spectrum(science[0].pixels):
        return _plots(science[0], sizes)
    return _pictures(_one_image(science), sizes, curve)


def whole_image(planes: Sequence[ImagePlane]) -> Pixels | None:
    """All pixels of the science image (ny, nx), with those that saw no light; None where there is no image.

    A cube is the median of its planes, a spectrum a row; amplifiers are put together as for a picture.
    """
    science = science_planes(planes)
    if len(science) > 1:
        return _one_image(science)
    return middle_plane(np.atleast_2d(science[0].pixels)) if science else None


def science_planes(planes: Sequence[ImagePlane]) -> list[ImagePlane]:
    """The planes worth showing, each with axes of length one taken away and its blank pixels as NaN."""
    filled = [plane for plane in planes if plane.pixels.size and plane.pixels.ndim]
    science = [plane for plane in filled if _name(plane) in SCIENCE_NAMES]
    chosen = science or [plane for plane in filled if _name(plane) not in COMPANION_NAMES] or filled[:1]
    return [replace(plane, pixels=_with_blanks(plane)) for plane in chosen]


def is_spectrum(pixels: Pixels) -> bool:
    """Whether the pixels are one row of numbers, or a few rows far longer than they are many."""
    longest: int = max(pixels.shape)
    rows = pixels.size // longest
    return longest > 1 and rows <= SPECTRUM_ROWS and longest >= SPECTRUM_ASPECT * rows


def middle_plane(pixels: Pixels) -> Pixels:
    """An image (ny, nx) that stands for a cube (…, ny, nx): the median of up to nine of its planes, evenly spaced.

    A median leaves out cosmic rays and the glitches of single planes. Of an even number the lower middle is taken;
    pixels without a finite value do not count.
    """
    ny, nx = pixels.shape[-2:]
    planes = pixels.reshape(-1, ny, nx)
    if len(planes) == 1:
        return np.asarray(planes[0])
    chosen = np.unique(np.linspace(0, len(planes) - 1, CUBE_PLANES).round().astype(int))
    image = np.empty((ny, nx), dtype=working_dtype(pixels))
    rows = max(1, BAND_PIXELS // (nx * len(chosen)))
    for start in range(0, ny, rows):
        stack = np.stack([planes[n, start : start + rows] for n in chosen]).astype(image.dtype)
        image[start : start + rows] = _median_along_first(without_infinities(stack))
    return image


def jpeg(eight_bits: EightBits, *, quality: int = QUALITY) -> bytes:
    """Encode (ny, nx); row 0 becomes the bottom of the picture, as FITS has it. The same pixels give the same bytes."""
    return _encoded(eight_bits[::-1], quality=quality)


def _encoded(top_first: EightBits, *, quality: int = QUALITY) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(top_first)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _pictures(image: Pixels, sizes: Mapping[str, int], curve: Curve) -> dict[str, Picture]:
    made: dict[str, Picture] = {}
    picture: Picture | None = None
    full_shape = image.shape
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        # Each from the next larger: an area mean of an area mean is the same but for the rounding of shapes.
        shape = fitted_shape(full_shape, min(size, LARGEST_PX))
        if picture is None or shape != image.shape:
            image = area_mean(image, shape)
            picture = _picture(image, curve)
        made[name] = picture
    return {name: made[name] for name in sizes}


def _picture(image: Pixels, curve: Curve) -> Picture:
    low, high = zscale_limits(image)  # of each size anew: the smaller one has less noise and shows fainter stars
    white = white_level(image, low, high) if curve == "asinh" else high  # a line to the stars would leave the sky black
    eight_bits = to_eight_bits(image, low, high, white=white, curve=curve)
    return Picture(jpeg=jpeg(eight_bits), width_px=image.shape[1], height_px=image.shape[0])


def _plots(plane: ImagePlane, sizes: Mapping[str, int]) -> dict[str, Picture]:
    flux = _first_row(plane.pixels)
    plots: dict[str, Picture] = {}
    for name, size in sizes.items():
        plot = draw_line(flux, plane.cards, width_px=size)
        plots[name] = Picture(jpeg=_encoded(plot), width_px=plot.shape[1], height_px=plot.shape[0])
    return plots


def _first_row(pixels: Pixels) -> NDArray[np.float64]:
    """The first of the rows along the longest axis: spectrographs put the result before what it was made from."""
    longest = int(np.argmax(pixels.shape))
    rows = np.moveaxis(pixels, longest, -1).reshape(-1, pixels.shape[longest])
    return without_infinities(rows[0].astype(np.float64))


def _one_image(science: Sequence[ImagePlane]) -> Pixels:
    flat = [replace(plane, pixels=middle_plane(np.atleast_2d(plane.pixels))) for plane in science]
    if len(flat) > 1:
        return assemble(flat)
    return data_section(flat[0]).cut(flat[0].pixels)


def _median_along_first(stack: Pixels) -> Pixels:
    stack.sort(axis=0)  # NaN comes last
    n_values = np.isfinite(stack).sum(axis=0)
    middle = np.maximum(n_values - 1, 0) // 2
    return np.asarray(np.take_along_axis(stack, middle[None], axis=0)[0])


def _name(plane: ImagePlane) -> str:
    return str(plane.cards.get("EXTNAME", "")).strip().upper()


def _with_blanks(plane: ImagePlane) -> Pixels:
    """Floats with NaN where whole numbers equal BLANK; BLANK counts as stored, unsigned numbers are stored shifted."""
    pixels, blank = plane.pixels, plane.cards.get("BLANK")
    if pixels.dtype.kind not in "iu" or not isinstance(blank, int):
        return pixels
    is_shifted = pixels.dtype.kind == "u" and pixels.dtype.itemsize > 1
    is_blank = pixels == blank + (1 << (8 * pixels.dtype.itemsize - 1) if is_shifted else 0)
    return np.where(is_blank, np.nan, pixels.astype(working_dtype(pixels)))
