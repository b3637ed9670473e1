"""Observation spans that touch a time, as the view `telemetry.observations` tells them, without reading years."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS

from telemetry.queries.asking import rows_of
from telemetry.queries.times import Window, columns_of, ns_of

LOOK_BACK = timedelta(days=2)  # a span that began earlier is told as if it had begun here


@dataclass(frozen=True, slots=True)
class Span:
    """Who observed what, and when. `end_ns` None: it goes on."""

    start_ns: int
    end_ns: int | None
    email: str | None
    title: str | None


def spans(window: Window, *, using: str = DEFAULT_DB_ALIAS) -> list[Span]:
    """Spans that touch the window, in their order."""
    start_ns, end_ns = window.bounds()
    start, end = columns_of(start_ns)[0], columns_of(end_ns)[0]
    rows = rows_of(
        "SELECT start_ts, start_ns, end_ts, end_ns, email, obsname FROM telemetry.observations_between(%s, %s)"
        " WHERE start_ts < %s AND (end_ts IS NULL OR end_ts >= %s) ORDER BY start_ts, start_ns",
        # What ends a span that touches the window may lie far beyond it.
        [start - LOOK_BACK, end + LOOK_BACK, end, start],
        using=using,
    )
    return [
        Span(ns_of(at, at_ns), None if to is None else ns_of(to, to_ns), email, title)
        for at, at_ns, to, to_ns, email, title in rows
    ]
