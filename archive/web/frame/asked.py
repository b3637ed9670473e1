"""Which frame a page is about."""

from datetime import datetime

from django.http import Http404, HttpRequest

from archive.domain import search
from archive.models import Frame


def asked_frame(request: HttpRequest, frame_id: int, *, at: datetime) -> Frame:
    """The frame, if there is one and the reader may see it. Raises Http404."""
    frame = search.frames_for(request.user, at=at).filter(pk=frame_id).first()
    if frame is None:
        raise Http404("there is no such frame, or you may not see it.")
    return frame
