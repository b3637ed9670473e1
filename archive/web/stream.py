"""Where pages listen for what is new: at their own origin or, as in `make run`, at that of the stream process."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings


def stream_address(**terms: str) -> str:
    """Address of the live stream of these terms of lists; empty: there is none, and pages ask now and then."""
    if not settings.STREAM_URL:
        return ""
    return f"{settings.STREAM_URL}?{urlencode(terms)}"


def origin() -> tuple[str, ...]:
    """The stream's origin, as the policy of pages names it; nothing where it is that of the pages."""
    url = urlsplit(settings.STREAM_URL)
    return (f"{url.scheme}://{url.netloc}",) if url.netloc else ()
