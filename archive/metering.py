"""How much one reader may ask for: whose requests are counted together, and whether there are too many of them.

For all that answers over HTTP, API and pages alike. Anonymous readers are counted by address, users by name; staff has
no limit.
"""

from datetime import datetime

from django.http import HttpRequest

from archive.addresses import client_address
from archive.domain import limits

ANONYMOUS, USER = "anonymous", "user"  # names of the limits
OPEN_PAGES = "open-pages"


def counted_as(request: HttpRequest) -> tuple[str, str] | None:
    """The limit that a request counts for, and under which name; None: for none."""
    user = request.user
    if not user.is_authenticated:
        return ANONYMOUS, client_address(request)
    return None if user.is_staff else (USER, str(user.pk))


def seconds_to_wait(request: HttpRequest, *, at: datetime) -> int:
    """Count a request. 0: it may go on; else when the next one may."""
    meter = counted_as(request)
    return 0 if meter is None else _seconds_to_wait(*meter, at=at)


def seconds_to_wait_of_open_page(request: HttpRequest, *, at: datetime) -> int:
    """The same of what a page asks by itself, by a limit of its own.

    A page that stands open all night would else use up what its reader may ask for.
    """
    meter = counted_as(request)
    return 0 if meter is None else _seconds_to_wait(OPEN_PAGES, " ".join(meter), at=at)


def _seconds_to_wait(scope: str, name: str, *, at: datetime) -> int:
    limit = limits.limit_of(scope)
    if limit is None or limits.count(scope, name, at=at) <= limit.most:
        return 0
    return limits.seconds_left(scope, at=at)
