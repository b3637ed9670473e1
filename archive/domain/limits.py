"""How often something may happen: counters in the cache, one per name and span of time.

Spans begin at fixed instants (a day at midnight UTC), so one number in the cache is enough and it only ever grows. A
cache that is down counts nothing and refuses nobody.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache

SPANS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in each span of `span_s` seconds."""

    most: int
    span_s: int


def limit_of(scope: str) -> Limit | None:
    """Limit that is set for a scope; None when it is set to nothing."""
    text: str = settings.THROTTLES[scope]
    if not text:
        return None
    number, _, span = text.partition("/")
    return Limit(int(number), SPANS_S[span[0]])


def count(scope: str, name: str, *, at: datetime) -> int:
    """Count one more, and tell how many there are in this span."""
    limit = limit_of(scope)
    if limit is None:
        return 0
    key = _key(scope, name, limit, at)
    try:
        return cache.incr(key)
    except ValueError:  # the first of this span, or the cache does not answer
        cache.add(key, 0, limit.span_s)
    try:
        return cache.incr(key)
    except ValueError:
        return 0


def counted(scope: str, name: str, *, at: datetime) -> int:
    """How many there are in this span."""
    limit = limit_of(scope)
    return 0 if limit is None else int(cache.get(_key(scope, name, limit, at)) or 0)


def seconds_left(scope: str, *, at: datetime) -> int:
    """Until the next span begins."""
    limit = limit_of(scope)
    return 0 if limit is None else limit.span_s - int(at.timestamp()) % limit.span_s


def is_used_up(scope: str, name: str, *, at: datetime) -> bool:
    limit = limit_of(scope)
    return limit is not None and counted(scope, name, at=at) >= limit.most


def _key(scope: str, name: str, limit: Limit, at: datetime) -> str:
    span = int(at.timestamp()) // limit.span_s
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    return f"limit:{scope}:{limit.span_s}:{span}:{digest}"
