"""Keys of messages: `exptime`, `roi.xcen` of a nested table, `temps[3]` of a vector, `"a.b".c` of a name with a dot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from telemetry.errors import UsageError

PLAIN = re.compile(r'[^.\[\]",:\s\0]+')
QUOTED = re.compile(r'"((?:[^"\\\0]|\\["\\])*)"')
INDEX = re.compile(r"\[(\d{1,9})\]", re.ASCII)
MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class Key:
    """Where a value lies in a message: names of tables, and places in vectors from zero."""

    parts: tuple[str | int, ...]

    def __str__(self) -> str:
        text = ""
        for part in self.parts:
            text += f"[{part}]" if isinstance(part, int) else f".{_written(part)}"
        return text.removeprefix(".")

    @property
    def plain(self) -> str:
        """As `nonfinite` of a record names it: names stand as they are, whatever is in them."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.parts).removeprefix(".")

    @property
    def path(self) -> list[str]:
        """As PostgreSQL's `#>` takes it."""
        return [str(part) for part in self.parts]


@dataclass(frozen=True, slots=True)
class Named:
    """A key of a channel, `device:event:key`; without a key all of the channel, without an event all of the device."""

    device: str
    event: str | None = None
    key: Key | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.device, self.event, self.key) if part is not None)


def key_of(text: str) -> Key:
    """Raises UsageError for what can be no key."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        if parts and (index := INDEX.match(text, at)):
            parts.append(int(index[1]))
            at = index.end()
            continue
        if parts:
            if text[at] != ".":
                break
            at += 1
        name = QUOTED.match(text, at) or PLAIN.match(text, at)
        if name is None:
            break
        parts.append(re.sub(r"\\(.)", r"\1", name[1]) if name.re is QUOTED else name[0])
        at = name.end()
    if at < len(text) or not parts or len(parts) > MOST_PARTS or text.endswith("."):
        raise UsageError(
            f"{text[:60]!r} is no key: give it as exptime, roi.xcen or temps[3]; "
            'a name with a dot, comma or colon in it stands in quotation marks, as "a.b".'
        )
    return Key(tuple(parts))


def named_of(text: str) -> Named:
    """A key with its channel. Raises UsageError."""
    device, *rest = text.split(":", 2)
    if not device or "" in rest or "\0" in text:
        raise UsageError(
            f"{text[:80]!r} names no key: give it as device:event:key, such as camsci1:telem_stdcam:roi.xcen."
        )
    event = rest[0] if rest else None
    return Named(device, event, key_of(rest[1]) if len(rest) > 1 else None)


def split_at_commas(text: str) -> Iterator[str]:
    """Parts of a list; commas in quotation marks separate nothing."""
    for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,])+', text):
        if part.strip():
            yield part.strip()


def leaves_of(value: Any, before: tuple[str | int, ...] = ()) -> Iterator[tuple[Key, Any]]:
    """Keys of a message and their values: tables are opened, vectors are one value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves_of(inner, (*before, name))
    elif before:
        yield Key(before), value


def _written(name: str) -> str:
    if PLAIN.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
