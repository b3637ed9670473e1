"""How far files are read and copied, counted for each host and each location."""

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from telemetry.locations import Lag, list_locations
from telemetry.queries.asking import rows_of
from telemetry.recordings import IS_WAITING


@dataclass(frozen=True, slots=True)
class HostLag:
    """Files of one host, and those of them that wait to be read."""

    host: str
    n_files: int
    n_gone: int
    n_waiting: int
    waiting_bytes: int  # at most: of a file that is read in part, all of it
    oldest_waiting_ns: int | None
    newest_record_ns: int | None


def hosts(*, using: str = DEFAULT_DB_ALIAS) -> list[HostLag]:
    """Every host of the inventory, by name."""
    rows = rows_of(
        f"""
        SELECT host, count(*), count(gone_at), count(*) FILTER (WHERE {IS_WAITING}),
            coalesce(sum(size_bytes) FILTER (WHERE {IS_WAITING}), 0)::bigint,
            min(modified_ns) FILTER (WHERE {IS_WAITING}),
            (SELECT max(last_ns) FROM telemetry.recording WHERE recording.host = file.host)
        FROM telemetry.file GROUP BY host ORDER BY host""",  # noqa: S608 - the condition is ours
        [],
        using=using,
    )
    return [HostLag(*row) for row in rows]


def locations(*, using: str = DEFAULT_DB_ALIAS) -> list[Lag]:
    """Every location, by name."""
    return list_locations(using=using)
