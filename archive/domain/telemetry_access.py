"""Who may read which telemetry: the one rule, which every route starts from.

Telemetry tells where a telescope pointed, so it can betray a target before its public date; some events name people.
Host names and paths, the inventory and its copies, are for staff alone.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from archive.domain.replica import with_fallback
from archive.models import Reader, is_staff
from telemetry.queries.asking import limited
from telemetry.queries.channels import Channels
from telemetry.queries.spans import Span

T = TypeVar("T")
STAFF, USERS, EVERYONE = "staff", "users", "everyone"


def may_read(reader: Reader) -> bool:
    """Whether `reader` may read telemetry of any time. Of a frame's exposure, whoever sees the frame may."""
    allowed = settings.TELEMETRY_READERS
    if allowed == EVERYONE or is_staff(reader):
        return True
    return allowed == USERS and reader.is_active and not reader.is_anonymous


def channels_for(reader: Reader, *, using: str = DEFAULT_DB_ALIAS) -> Channels:
    """What `reader` may look at, once they may read telemetry at all: events that name people are for staff."""
    hidden = () if is_staff(reader) else tuple(settings.TELEMETRY_PRIVATE_EVENTS)
    return Channels(hidden, using)


def shown_span(reader: Reader, span: Span) -> Span:
    """A span as `reader` sees it: who observed and under which title is for staff."""
    return span if is_staff(reader) else Span(span.start_ns, span.end_ns, email=None, title=None)


def asked(question: Callable[[Channels], T], reader: Reader, *, at: datetime) -> T:
    """What `question` answers of the channels that `reader` may look at, by the replica where that may answer.

    Raises telemetry's TransientError when that takes too long.
    """

    def ask(alias: str) -> T:
        with limited(alias):
            return question(channels_for(reader, using=alias))

    return with_fallback(ask, reader, at=at)
