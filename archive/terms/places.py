"""Places in the sky as readers write them: hours or degrees, minutes and seconds, or decimal degrees.

What has no letters is told by its form: a single number is decimal degrees, of right ascension too; two or three
numbers are hours (of right ascension) or degrees (of declination), minutes and seconds.
"""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from archive.errors import UsageError

RA_FORMS = "decimal degrees (187.5), H:M:S (12:30:00) or HhMmSs (12h30m00s)"
DEC_FORMS = "decimal degrees (-12.5), D:M:S (-12:30:00) or DdMmSs (-12d30m00s)"
DEG_PER_HOUR = 15.0
LONGEST = 60

NUMBER = r"(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})"
DECIMAL = re.compile(rf"([+-]?){NUMBER}(e[+-]?\d{{1,3}})?")
PARTS = re.compile(rf"([+-]?){NUMBER} ?[: ] ?{NUMBER}(?: ?[: ] ?{NUMBER})?")
LETTERS = re.compile(rf"([+-]?){NUMBER} ?(h|d|deg|°)(?: ?{NUMBER} ?[m'])?(?: ?{NUMBER} ?[s\"])?")
# As they come out of papers.
PRINTED = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{PRIME}": "'", "\N{DOUBLE PRIME}": '"'})

DEG_PER_UNIT: Mapping[str, float] = {"deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600, "rad": math.degrees(1.0)}


class _Written(NamedTuple):
    """A number with its sign, and in what: h or d as its letter says; none: decimal, or parts without letters."""

    value: float
    unit: str
    is_decimal: bool


def right_ascension_deg(text: str) -> float:
    """Right ascension, degrees. Raises UsageError, which says what is understood."""
    says = f"{text[:LONGEST]!r} is no right ascension: give {RA_FORMS}."
    written = _read(text)
    if written is None:
        raise UsageError(says)
    if written.is_decimal or written.unit == "d":
        return written.value
    if not 0.0 <= written.value < 24.0:
        raise UsageError(f"{says} Hours run from 0 to 24.")
    return written.value * DEG_PER_HOUR


def declination_deg(text: str) -> float:
    """Declination, degrees; a sign is that of the whole. Raises UsageError, which says what is understood."""
    says = f"{text[:LONGEST]!r} is no declination: give {DEC_FORMS}."
    written = _read(text)
    if written is None:
        raise UsageError(says)
    if written.unit == "h":
        raise UsageError(f"{says} It has no hours.")
    if not -90.0 <= written.value <= 90.0:
        raise UsageError(f"{says} It lies between -90 and 90 degrees.")
    return written.value


def _read(text: str) -> _Written | None:
    """What a text says; None when it is in none of the forms."""
    if len(text) > LONGEST:
        return None
    tidy = " ".join(text.translate(PRINTED).lower().split())
    if found := DECIMAL.fullmatch(tidy):
        value = float(tidy)
        return _Written(value, "", is_decimal=True) if math.isfinite(value) else None
    if found := PARTS.fullmatch(tidy):
        sign, *parts = found.groups()
        return _sum(sign, parts, "")
    if found := LETTERS.fullmatch(tidy):
        sign, whole, letter, *parts = found.groups()
        return _sum(sign, [whole, *parts], "h" if letter == "h" else "d")
    return None


def _sum(sign: str, parts: list[str | None], unit: str) -> _Written | None:
    """Sixtieths added up; None where a part is 60 or more, or where one before the last has a fraction."""
    numbers = [float(part) for part in parts if part is not None]
    whole = all(number == int(number) for number in numbers[:-1])
    if not whole or any(number >= 60.0 for number in numbers[1:]):
        return None
    total = 0.0
    for part in reversed(parts):
        total = total / 60.0 + float(part or 0.0)
    return _Written(-total if sign == "-" else total, unit, is_decimal=False)
