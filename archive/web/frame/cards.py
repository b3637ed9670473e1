"""Cards of a frame's header that hold what is looked for."""

from typing import Any

from django.http import QueryDict

from archive.models import Headers

CARDS_AT_ONCE = 40


def header_of(frame_id: int, given: QueryDict) -> dict[str, Any]:
    """Cards with `?q=` in key or value, in the order of the header; the first 40 without it, all by `?all`.

    Whether their reader may see the frame is for the caller to ask.
    """
    cards = Headers.objects.filter(frame=frame_id).values_list("data", flat=True).first() or {}
    wanted = str(given.get("q", "")).strip()
    folded = wanted.casefold()
    found = [
        (key, value) for key, value in cards.items() if folded in key.casefold() or folded in str(value).casefold()
    ]
    most = len(found) if wanted or "all" in given else CARDS_AT_ONCE
    return {"cards": found[:most], "n_cards": len(cards), "n_found": len(found), "q": wanted}
