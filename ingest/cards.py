"""FITS header cards to a mapping of values fit for JSON. Pure Python: no C library reads foreign text here.

Observatories' files hold many cards that break the letter of the standard. A card that can not be read as any FITS
value keeps its text; it never makes a file unreadable.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

CARD_BYTES = 80
COMMENTARY = frozenset({"COMMENT", "HISTORY", ""})

# Line ends and NULs become blanks and bytes outside ASCII question marks: neither a log nor PostgreSQL takes them.
_CLEAN = bytes.maketrans(bytes(range(256)), b" " * 0x20 + bytes(range(0x20, 0x7F)) + b" " + b"?" * 0x80)
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'")
_WHOLE = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?")
_EXPONENTS = str.maketrans("Dd", "Ee")
_NOT_FINITE = frozenset({"NAN", "INF", "INFINITY"})
_FLAGS = {"T": True, "F": False, "": None}


def clean_text(raw: bytes) -> str:
    """Header bytes as printable ASCII, byte for byte."""
    return raw.translate(_CLEAN).decode("ascii")


def parse_cards(text: str) -> dict[str, Any]:
    """Values by keyword of a header's cards up to END, each 80 characters of `clean_text`.

    HIERARCH keywords lose that word, CONTINUE cards are joined, and of a repeated keyword the first counts.
    """
    reading = _Reading()
    for start in range(0, len(text), CARD_BYTES):
        reading.add(text[start : start + CARD_BYTES])
    return reading.values()


def parse_value(field_text: str) -> Any:
    """Value of the part of a card behind its equals sign: text, flag, number, or None when undefined or not finite."""
    if quoted := _QUOTED.match(field_text):
        return quoted[1].replace("''", "'").rstrip()
    bare = field_text.split("/", 1)[0].strip()
    if bare in _FLAGS:
        return _FLAGS[bare]
    if _WHOLE.fullmatch(bare):
        return int(bare)
    if _REAL.fullmatch(bare):
        number = float(bare.translate(_EXPONENTS))
        return number if math.isfinite(number) else None
    return None if bare.upper().lstrip("+-") in _NOT_FINITE else bare


@dataclass(slots=True)
class _Reading:
    """Cards taken so far, and the long text whose end has not come yet."""

    found: dict[str, Any] = field(default_factory=dict)
    commentary: dict[str, list[str]] = field(default_factory=dict)
    long_key: str = ""
    long_parts: list[str] = field(default_factory=list)

    def add(self, card: str) -> None:
        keyword = card[:8].rstrip().upper()
        if keyword == "CONTINUE" and self.long_parts:
            self._continue(card[8:])
            return
        self._finish_long()
        if keyword in COMMENTARY:
            self._comment(keyword, card[8:].rstrip())
        elif keyword == "HIERARCH" and "=" in card:
            name, value = card[8:].split("=", 1)
            self._value(" ".join(name.split()), value)
        elif "=" in card[:9]:
            name, value = card.split("=", 1)
            self._value(name.strip().upper(), value)
        elif keyword != "CONTINUE":
            self._comment(keyword, card[8:].rstrip())

    def values(self) -> dict[str, Any]:
        self._finish_long()
        for keyword, lines in self.commentary.items():
            if any(lines) or keyword:
                self.found.setdefault(keyword, "\n".join(lines))
        return self.found

    def _comment(self, keyword: str, line: str) -> None:
        self.commentary.setdefault(keyword, []).append(line)

    def _value(self, keyword: str, field_text: str) -> None:
        value = parse_value(field_text)
        if isinstance(value, str) and value.endswith("&"):
            self.long_key, self.long_parts = keyword, [value]
        else:
            self.found.setdefault(keyword, value)

    def _continue(self, field_text: str) -> None:
        text = parse_value(field_text)
        if isinstance(text, str) and self.long_parts[-1].endswith("&"):
            self.long_parts[-1] = self.long_parts[-1][:-1]
            self.long_parts.append(text)

    def _finish_long(self) -> None:
        if self.long_parts:
            self.found.setdefault(self.long_key, "".join(self.long_parts).rstrip())
            self.long_parts = []
