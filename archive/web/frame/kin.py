"""What the page of a frame shows of other frames; /frame/<id>/family/: all on one side of it, page by page."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from archive.domain.access import Links
from archive.domain.lineage import MOST_COUNTED, kin_of, lineage_of
from archive.domain.observing import names_by_frame
from archive.models import Frame, Reader
from archive.web.frame.asked import asked_frame
from archive.web.frame.group import groups_of
from archive.web.frame.provenance import BEFORE, WORDS, branches_of, drawing_of
from archive.web.paging import paged
from archive.web.policy import strict_policy


def around(frame: Frame, reader: Reader, links: Links, *, at: datetime) -> dict[str, Any]:
    """Context of the parts `provenance.html` and `group.html`, and of the links to an observation and to MUSE."""
    lineage = lineage_of(frame, reader, at=at)
    shown = None
    if lineage:
        shown = {
            "drawing": drawing_of(lineage),
            "before": branches_of(lineage, way=-1),
            "behind": branches_of(lineage, way=1),
            "n_before": lineage.more[-1],
            "n_behind": lineage.more[1],
            "most_counted": MOST_COUNTED,
        }
    return {
        "lineage": shown,
        "muse": lineage.exposures,
        "groups": groups_of(frame, reader, links, at=at),
        "observation": names_by_frame([frame.pk], reader, at=at).get(frame.pk, ""),
    }


@strict_policy
@require_safe
def frame_family(request: HttpRequest, frame_id: int) -> HttpResponseBase:
    """All frames that one was made from, or by `?way=behind` all that were made of it."""
    at = timezone.now()
    frame = asked_frame(request, frame_id, at=at)
    is_before = request.GET.get("way") != "behind"
    found = paged(request, kin_of(frame, request.user, is_before=is_before, at=at))
    words = BEFORE if is_before else WORDS
    kin = [(words.get(each.kind, each.kind), each.source if is_before else each.derived) for each in found.rows]
    title = "What was used for" if is_before else "What was made of"
    context = {"frame": frame, "is_before": is_before, "title": title, "paged": found, "kin": kin}
    return render(request, "archive/web/frame/family.html", context)
