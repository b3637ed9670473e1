"""A FITS header that came as a text file: cards of 80 characters, as a rule without line ends.

Runs in the child of `ingest.sandbox`; call `Inspector.read_text_header` for a file that comes from outside.
"""

from pathlib import Path
from typing import Any

from archive.errors import UsageError
from ingest.cards import CARD_BYTES, parse_cards

# PostgreSQL takes no NUL, and no log the others.
CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


def read_text_header(path: Path, *, most_bytes: int) -> dict[str, Any]:
    """Values by keyword; those that are undefined or not finite are None. Letters outside ASCII are kept.

    Raises UsageError when the file is too long or holds no card with a value.
    """
    size = path.stat().st_size
    if size > most_bytes:
        raise UsageError(f"{path.name} has {size} bytes, a header may have {most_bytes}: shorten it.")
    cards = _cards(_decoded(path.read_bytes()))
    if not any("=" in card[:9] for card in cards):
        raise UsageError(
            f"{path.name} holds no header card with a value: write it as cards of {CARD_BYTES} characters."
        )
    return parse_cards("".join(cards))


def _decoded(raw: bytes) -> str:
    """UTF-8 where it is that; else Latin-1, in which every byte is a letter."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _cards(text: str) -> list[str]:
    """Each 80 characters, up to END."""
    if "\n" in text:
        lines = text.split("\n")
    else:
        lines = [text[start : start + CARD_BYTES] for start in range(0, len(text), CARD_BYTES)]
    cards = [line.translate(CONTROL)[:CARD_BYTES].ljust(CARD_BYTES) for line in lines]
    ends = (number for number, card in enumerate(cards) if card.rstrip() == "END")
    return cards[: next(ends, len(cards))]
