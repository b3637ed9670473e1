"""Where pages listen for what is new: at their own origin or, as in `make run`, at that of the stream process."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

REFRESH_S = 15  # between two questions of a page that has no stream


def live_part(query: str) -> dict[str, Any]:
    """What `archive/web/live.html` tells the script of a part that follows the events of these terms of lists.

    Without an address there is no stream, and the page asks now and then.
    """
    address = f"{settings.STREAM_URL}?{query}" if settings.STREAM_URL and query else settings.STREAM_URL
    return {"stream": address, "refresh_s": REFRESH_S}


def origin() -> tuple[str, ...]:
    """The stream's origin, as the policy of pages names it; nothing where it is that of the pages."""
    url = urlsplit(settings.STREAM_URL)
    return (f"{url.scheme}://{url.netloc}",) if url.netloc else ()
