"""Cards of a header that hold what is looked for."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from archive.models import Headers

CARDS_AT_ONCE = 40


def header_of(frame_id: int, given: QueryDict) -> dict[str, Any]:
    """Those of a frame, as `cards_of` has it. Whether their reader may see the frame is for the caller to ask."""
    header = Headers.objects.filter(frame=frame_id).values_list("data", flat=True).first()
    return cards_of(header or {}, given)


def cards_of(header: Mapping[str, Any], given: QueryDict) -> dict[str, Any]:
    """Cards with `?q=` in key or value, by their keys; the first 40 without it, all by `?all`.

    The database keeps no order of its own for the keys of a header, so that the file's is not known here.
    """
    wanted = str(given.get("q", "")).strip()
    folded = wanted.casefold()
    found = [
        (key, value)
        for key, value in sorted(header.items())
        if folded in key.casefold() or folded in str(value).casefold()
    ]
    most = len(found) if wanted or "all" in given else CARDS_AT_ONCE
    return {"cards": found[:most], "n_cards": len(header), "n_found": len(found), "q": wanted}
