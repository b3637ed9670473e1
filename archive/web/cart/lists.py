"""Lists of frames as text: a cart that is written, names and ids that somebody pasted."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from archive.domain import search
from archive.errors import UsageError
from archive.models import Reader

BETWEEN = re.compile(r"[\s,;]+")
ADDRESS = re.compile(r"/frames?/(\d{1,18})/?$")
FITS = ".fits"


def text_of(form: str, rows: Sequence[tuple[int, str]]) -> str:
    """Ids or names, one a line, or both as a table."""
    if form == "ids":
        return "".join(f"{frame_id}\n" for frame_id, _ in rows)
    if form == "names":
        return "".join(f"{name}\n" for _, name in rows)
    into = io.StringIO()
    csv.writer(into).writerows([("id", "name"), *rows])
    return into.getvalue()


def known(text: str, reader: Reader, *, at: datetime) -> tuple[list[int], list[str]]:
    """Ids of the frames that are written in a text, in its order, and the words that name none.

    A line is looked for as a whole, then word by word: as the name of a frame, as that of a file of one, as an id.
    Raises UsageError.
    """
    lines = list(dict.fromkeys(filter(None, map(str.strip, text.splitlines()))))
    words = {line: list(filter(None, BETWEEN.split(line))) for line in lines}
    n_words = sum(map(len, words.values()))
    if not n_words:
        raise UsageError("write names or ids of frames, one a line.")
    if n_words > settings.CART_MAX_FRAMES:
        raise UsageError(f"these are {n_words:,} names, and a cart holds up to {settings.CART_MAX_FRAMES:,} frames.")
    ids = _ids_of({*lines, *(word for found in words.values() for word in found)}, reader, at=at)
    found: list[int] = []
    unknown: list[str] = []
    for line in lines:
        for word in [line] if line in ids else words[line]:
            if word in ids:
                found.append(ids[word])
            else:
                unknown.append(word)
    return found, unknown


def _ids_of(words: set[str], reader: Reader, *, at: datetime) -> dict[str, int]:
    """Ids by what was written; what the reader may not see is not there."""
    seen = search.frames_for(reader, at=at).order_by()
    meant = {word: _names_of(word) for word in words}
    numbers = {word: number for word in words if (number := _number_of(word)) is not None}
    named = seen.filter(basename__any_of=list({name for names in meant.values() for name in names}))
    by_name = dict(named.values_list("basename", "pk"))
    there = set(seen.filter(pk__any_of=list(numbers.values())).values_list("pk", flat=True)) if numbers else set()
    found = {word: number for word, number in numbers.items() if number in there}
    for word, names in meant.items():
        if name := next((name for name in names if name in by_name), None):
            found[word] = by_name[name]
    return found


def _names_of(word: str) -> tuple[str, ...]:
    """Names that a word may mean: its own, that of a file of Robo-AO's or MUSE's, that of any other file."""
    if "\0" in word:
        return ()
    last = word.strip("\"'").rsplit("/", 1)[-1]
    return last, last.split(FITS, 1)[0], last.split(".", 1)[0]


def _number_of(word: str) -> int | None:
    if match := ADDRESS.search(word):
        return int(match[1])
    return int(word) if word.isascii() and word.isdecimal() and len(word) < len(str(1 << 62)) else None
