"""JSON of many messages in the making: what readers of messages add to, and what is written at the end.

Numbers of a whole batch of messages become text together, because orjson writes an array of floats some twenty times
faster than Python writes them one by one, and single precision in its own shortest form.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from telemetry.formats.flatbuffer_layouts import Layout


@dataclass(slots=True)
class Texts:
    """JSON of many messages in the making: pieces of text, and numbers whose text comes at the end."""

    parts: list[Any] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)
    singles_at: list[int] = field(default_factory=list)  # index in `parts` of each
    doubles: list[float] = field(default_factory=list)
    doubles_at: list[int] = field(default_factory=list)
    nested: list[tuple[int, int, int]] = field(
        default_factory=list
    )  # a part that is the text of others, inner ones first
    ranges: list[tuple[int, int]] = field(default_factory=list)  # of each message in `parts`
    strings: dict[bytes, str] = field(default_factory=dict)  # JSON of short ones, for many come again
    alike: dict[Layout, tuple[list[int], list[bytes]]] = field(default_factory=dict)  # messages by layout, with numbers
    odd: set[int] = field(default_factory=set)  # messages with numbers that are none, found so far
    poor: set[int] = field(default_factory=set)  # messages whose strings are more than their text says, likewise
    message: bytes = b""  # the last one
    lossy: bool = False  # the last message has more than its text says
    unknown: int = 0  # fields of the last message that are newer than its schema
    budget: int = 0  # bytes of strings and tables that the last message may still spell out

    def forget_from(self, mark: tuple[int, int, int, int]) -> None:
        """Go back to `mark`: a message turned out to be malformed."""
        parts, singles, doubles, nested = mark
        del self.parts[parts:], self.nested[nested:]
        del self.singles[singles:], self.singles_at[singles:]
        del self.doubles[doubles:], self.doubles_at[doubles:]
        self.odd.discard(len(self.ranges))

    def add_plain(self, text: str) -> None:
        """Add a message that is this JSON."""
        self.parts.append(text)
        self.ranges.append((len(self.parts) - 1, len(self.parts)))

    def add_alike(self, layout: Layout, message: bytes) -> None:
        """Add a message that is laid out so."""
        found = self.alike.get(layout)
        if found is None:
            found = self.alike[layout] = ([], [])
        found[0].append(len(self.ranges))
        found[1].append(message)
        self.ranges.append((len(self.parts), len(self.parts)))

    def mark(self) -> tuple[int, int, int, int]:
        """How much there is."""
        return len(self.parts), len(self.singles), len(self.doubles), len(self.nested)

    def finished(self) -> list[bytes]:
        """The JSON of each message. Numbers that JSON can not say are null there, and their messages are in `odd`."""
        parts = self.parts
        for values, places, kind in (
            (self.singles, self.singles_at, np.float32),
            (self.doubles, self.doubles_at, np.float64),
        ):
            if values:
                self._write(np.array(values, dtype=kind), places)
        for place, start, end in self.nested:
            parts[place] = "".join(parts[start:end])
        told = ["".join(parts[start:end]) for start, end in self.ranges]
        for layout, (numbers, messages) in self.alike.items():
            written = layout.written(messages)
            for number, text in zip(numbers, written.texts, strict=True):
                told[number] = text
            self.odd.update(numbers[each] for each in written.odd)
            self.poor.update(numbers[each] for each in written.lossy)
        return [text.encode() for text in told]

    def _write(self, values: Any, places: list[int]) -> None:
        parts = self.parts
        for place, text in zip(places, json_of(values)[1:-1].split(","), strict=True):
            parts[place] = text
        if not np.isfinite(values).all():
            starts = [start for start, _ in self.ranges]
            for index in np.flatnonzero(~np.isfinite(values)):
                self.odd.add(bisect_right(starts, places[index]) - 1)


def json_of(values: Any) -> str:
    """JSON of an array of numbers: null for those that are none."""
    if not values.flags.aligned:  # only what damage makes up
        values = values.copy()
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
