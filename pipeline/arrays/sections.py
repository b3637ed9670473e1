"""Image sections as headers write them, "[1025:2048,3072:2049]", and what they cut out of an array."""

import re
from dataclasses import dataclass

from archive.errors import UsageError
from pipeline.arrays.planes import Cards, Pixels

SECTION = re.compile(r"\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]")
BINNING = re.compile(r"([1-9]\d*)\s+([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Section:
    """A rectangle of pixels from zero, stop not included; `*_reversed` where the header counts downwards."""

    y_start: int
    y_stop: int
    x_start: int
    x_stop: int
    y_reversed: bool = False
    x_reversed: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return self.y_stop - self.y_start, self.x_stop - self.x_start

    def fits_in(self, shape: tuple[int, ...]) -> bool:
        return self.y_stop <= shape[0] and self.x_stop <= shape[1]

    def overlaps(self, other: "Section") -> bool:
        apart_in_y = self.y_stop <= other.y_start or other.y_stop <= self.y_start
        apart_in_x = self.x_stop <= other.x_start or other.x_stop <= self.x_start
        return not (apart_in_y or apart_in_x)

    def cut(self, pixels: Pixels) -> Pixels:
        """The pixels of this section, in rising order of the axes: a view."""
        view = pixels[self.y_start : self.y_stop, self.x_start : self.x_stop]
        if self.y_reversed:
            view = view[::-1]
        return view[:, ::-1] if self.x_reversed else view


def parse_section(text: str) -> Section:
    """Read "[x1:x2,y1:y2]", which counts from one and includes both ends. Raises UsageError if it is none."""
    match = SECTION.fullmatch(text.strip())
    numbers = [int(number) for number in match.groups()] if match else [0]
    if min(numbers) < 1:
        raise UsageError(f"{text!r} is no image section: write it like [1:2048,1:1024], counted from 1.")
    x_first, x_last, y_first, y_last = numbers
    return Section(
        y_start=min(y_first, y_last) - 1,
        y_stop=max(y_first, y_last),
        x_start=min(x_first, x_last) - 1,
        x_stop=max(x_first, x_last),
        y_reversed=y_first > y_last,
        x_reversed=x_first > x_last,
    )


def section_of(cards: Cards, key: str) -> Section | None:
    """Section under `key`, or None where the header has none; telescopes write UNKNOWN, N/A and [0:0,0:0] for none."""
    try:
        return parse_section(str(cards.get(key, "")))
    except UsageError:
        return None


def binning_of(cards: Cards) -> tuple[int, int]:
    """Detector pixels per image pixel, (in y, in x), from CCDSUM "x y"; (1, 1) where the header does not say."""
    match = BINNING.fullmatch(str(cards.get("CCDSUM", "")).strip())
    return (int(match[2]), int(match[1])) if match else (1, 1)
