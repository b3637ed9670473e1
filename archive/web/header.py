"""A FITS header as pages show it: its first cards, or those that hold what is looked for."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

CARDS_AT_ONCE = 40


def cards_of(header: Mapping[str, Any], given: QueryDict) -> dict[str, Any]:
    """Cards in the order of the header: the first ones, all (`?all`), or those that hold `?q=` in key or value."""
    wanted = given.get("q", "").strip()
    folded = wanted.casefold()
    found = [
        (key, value) for key, value in header.items() if folded in key.casefold() or folded in str(value).casefold()
    ]
    most = len(found) if wanted or "all" in given else CARDS_AT_ONCE
    return {"cards": found[:most], "n_cards": len(header), "n_found": len(found), "q": wanted}
