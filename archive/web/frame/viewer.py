"""What the viewer of pixels is told on the page of a frame."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from archive.models import Version
from ingest.names import is_fits

MOST_KIN = 24


def viewer_of(newest: Sequence[Version], around: Mapping[str, Any]) -> dict[str, str] | None:
    """Frames around this one to blink with, as JSON; None for a frame whose pixels can not be shown.

    `around` is what the page shows of other frames: the reader may see all that stands there.
    """
    if not newest or newest[0].object.fault or not is_fits(newest[0].extension):
        return None
    lineage = around["lineage"] or {"before": (), "behind": ()}
    named = {each.frame.pk: each.frame.basename for each in (*lineage["before"], *lineage["behind"])}
    named |= {each["id"]: each["name"] for group in around["groups"] for each in group.frames}
    kin = [{"id": pk, "name": name} for pk, name in named.items()]
    return {"kin": json.dumps(kin[:MOST_KIN])}
