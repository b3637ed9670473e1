"""Which pixels are asked for: numbers out of an address, cut to the image and held to bounds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from archive.downloads.cutout_layout import Part
from archive.errors import UsageError

MOST_PIXELS = 2048 * 2048  # of an answer: 16 MiB
BINS = tuple(1 << power for power in range(11))
CORNER, EXTENT, SKY = ("x0", "y0"), ("width", "height"), ("ra", "dec", "size")
FURTHEST_PX = 10**9  # beyond it a number is a slip of the keyboard


@dataclass(frozen=True, slots=True)
class Region:
    """Pixels from zero, x along the first axis: `x0` up to, not including, `x0 + width`."""

    x0: int
    y0: int
    width: int
    height: int
    bin: int
    plane: int
    is_clipped: bool

    @property
    def nx(self) -> int:
        """Width of the answer, px; the last column may be the mean of fewer pixels than the others."""
        return -(-self.width // self.bin)

    @property
    def ny(self) -> int:
        return -(-self.height // self.bin)


@dataclass(frozen=True, slots=True)
class SkyBox:
    """A square on the sky: its centre, ICRS, and its side."""

    ra_deg: float
    dec_deg: float
    side_arcsec: float


def asked_sky(asked: Mapping[str, str]) -> SkyBox | None:
    """The place that is asked for, None when pixels are. Raises UsageError when it is none."""
    if not any(asked.get(name) for name in SKY):
        return None
    if any(asked.get(name) for name in (*CORNER, *EXTENT)):
        raise UsageError("ra, dec and size say what x0, y0, width and height say: give one or the other.")
    ra_deg, dec_deg, side_arcsec = (_number(asked, name) for name in SKY)
    if not -90 <= dec_deg <= 90 or not -360 <= ra_deg <= 360 or not 0 < side_arcsec <= 360 * 3600:
        raise UsageError("ra and dec are degrees, size is arcseconds: this is no place or no size on the sky.")
    return SkyBox(ra_deg % 360.0, dec_deg, side_arcsec)


def asked_region(asked: Mapping[str, str], part: Part, *, box: tuple[int, int, int, int] | None = None) -> Region:
    """The pixels that the parameters ask for, cut to the image; `box` is x0, y0, width, height from elsewhere.

    Raises UsageError when there are none, or more than one answer may have.
    """
    if box is None:
        x0, y0 = (_whole(asked, name, 0, least=-FURTHEST_PX) for name in CORNER)
        whole = (max(part.width - x0, 1), max(part.height - y0, 1))
        width, height = (_whole(asked, name, size, least=1) for name, size in zip(EXTENT, whole, strict=True))
    else:
        x0, y0, width, height = box
    left, low = max(x0, 0), max(y0, 0)
    right, top = min(x0 + width, part.width), min(y0 + height, part.height)
    if left >= right or low >= top:
        raise UsageError(f"none of these pixels are there: the image has {part.width} by {part.height} from 0.")
    step, plane = _bin(asked), _plane(asked, part)
    is_clipped = (left, low, right, top) != (x0, y0, x0 + width, y0 + height)
    region = Region(left, low, right - left, top - low, step, plane, is_clipped)
    if region.nx * region.ny > MOST_PIXELS:
        enough = next((each for each in BINS if -(-width // each) * -(-height // each) <= MOST_PIXELS), BINS[-1])
        raise UsageError(
            f"that is {region.nx} by {region.ny} pixels, more than {MOST_PIXELS} in one answer: "
            f"ask for a smaller region, or for means with bin={enough}."
        )
    return region


def _plane(asked: Mapping[str, str], part: Part) -> int:
    plane = _whole(asked, "plane", 0, least=0)
    if plane >= part.planes:
        raise UsageError(f"there is no plane {plane}: this image has {part.planes}, counted from 0.")
    return plane


def _bin(asked: Mapping[str, str]) -> int:
    step = _whole(asked, "bin", 1, least=1)
    if step not in BINS:
        raise UsageError(f"bin={step} is none: give {', '.join(map(str, BINS))}.")
    return step


def _whole(asked: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = asked.get(name, "").strip()
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 12 or not least <= int(text) <= FURTHEST_PX:
        raise UsageError(f"{name}={text[:40]!r} is none: give a whole number of pixels from {least}.")
    return int(text)


def _number(asked: Mapping[str, str], name: str) -> float:
    try:
        value = float(asked.get(name, "")[:40])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{', '.join(SKY)} go together, each a number: {name} is none.")
    return value
