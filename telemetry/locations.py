"""Where copies are kept, and how far they lag behind their origins."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.db import IntegrityError, connections, transaction

from telemetry.errors import ConflictError, NotFoundError, TransientError, UsageError
from telemetry.filecopy import OURS
from telemetry.listing import path_text

_MARK = f"{OURS}location"
# A file waits for a location until its copy was made of what the file now is.
_WAITS = """(replica.id IS NULL OR replica.state <> 'ok'
    OR (replica.origin_size_bytes, replica.origin_modified_ns) IS DISTINCT FROM (file.size_bytes, file.modified_ns))"""


@dataclass(frozen=True, slots=True)
class Place:
    """One location. `prefix` is a folder of this computer, or ssh://host/folder."""

    id: int
    name: str
    prefix: str
    is_local: bool


def copy_place(prefix: str, host: str, raw: bytes) -> Path:
    """Where the copy of a host's file is put. `raw` is its path there."""
    return Path(prefix, host, os.fsdecode(raw).lstrip("/"))


def place_of_copy(prefix: str, host: str, raw: bytes, said: str) -> Path:
    """Where a copy lies whose row says `said`: a text, which may stand for bytes that are none."""
    usual = copy_place(prefix, host, raw)
    return usual if path_text(os.fsencode(usual))[0] == said else Path(said)


@dataclass(frozen=True, slots=True)
class Lag:
    """A location, its copies by state, and the origins that are there but not copied, or copied as they were before."""

    place: Place
    n_ok: int
    n_differs: int
    n_missing: int
    size_bytes: int
    n_not_copied: int
    n_older: int


def add_location(name: str, prefix: str, *, using: str = "default") -> Place:
    """Take a location into the list; adding it again with the same prefix changes nothing.

    A local folder gets a mark, by which `sync` later knows that the disk is mounted.

    Raises UsageError for a prefix that is no absolute folder nor an ssh:// address, ConflictError for a taken name.
    """
    is_local = "://" not in prefix
    prefix = prefix.rstrip("/") or "/"
    if not is_local and not prefix.startswith("ssh://"):
        raise UsageError(f"{prefix} is neither a folder nor an address such as ssh://popeye/ceph/magao-x.")
    if is_local and not (Path(prefix).is_absolute() and Path(prefix).is_dir()):
        raise UsageError(f"{prefix} is no folder here: mount its disk, or make it, and give its absolute path.")
    try:
        with transaction.atomic(using), connections[using].cursor() as cursor:
            cursor.execute(
                "INSERT INTO telemetry.location (name, prefix, is_local) VALUES (%s, %s, %s)", [name, prefix, is_local]
            )
    except IntegrityError as error:
        known = find_location(name, using=using)
        if known.prefix != prefix:
            raise ConflictError(f"The location {name} is {known.prefix}: choose another name for {prefix}.") from error
    if is_local and os.access(prefix, os.W_OK):
        (Path(prefix) / _MARK).touch()
    return find_location(name, using=using)


def find_location(name: str, *, using: str = "default") -> Place:
    """The location of this name or prefix. Raises NotFoundError with those that there are."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT id, name, prefix, is_local FROM telemetry.location ORDER BY name")
        places = [Place(*row) for row in cursor.fetchall()]
    for place in places:
        if name in {place.name, place.prefix}:
            return place
    known = ", ".join(place.name for place in places) or "none; add one by: xtelemdb replica add NAME PREFIX"
    raise NotFoundError(f"There is no location {name}. There are: {known}.")


def must_be_mounted(place: Place, *, to_write: bool) -> Path:
    """The folder of a local location.

    Raises UsageError for a remote one, TransientError while its disk is away.
    """
    if not place.is_local:
        raise UsageError(f"{place.name} ({place.prefix}) is another computer: its bytes can not be read here.")
    folder = Path(place.prefix)
    marked = (folder / _MARK).exists()
    try:
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise TransientError(f"{folder} can not be read ({error.strerror}): mount the disk of {place.name}.") from error
    if (to_write or is_empty) and not marked:
        raise TransientError(
            f"{folder} has no mark {_MARK}: is the disk of {place.name} mounted? "
            f"If it is, add it again: xtelemdb replica add {place.name} {place.prefix}"
        )
    return folder


def list_locations(*, using: str = "default") -> list[Lag]:
    """All locations by name, each with its lag behind the files that are there, of all hosts."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            """SELECT location.id, name, prefix, is_local,
                count(*) FILTER (WHERE state = 'ok'), count(*) FILTER (WHERE state = 'differs'),
                count(*) FILTER (WHERE state = 'missing'),
                coalesce(sum(origin_size_bytes) FILTER (WHERE state = 'ok'), 0)
            FROM telemetry.location LEFT JOIN telemetry.replica ON location_id = location.id
            GROUP BY location.id ORDER BY name"""
        )
        rows = cursor.fetchall()
    return [Lag(Place(*row[:4]), row[4], row[5], row[6], int(row[7]), *_lag_of(row[0], using=using)) for row in rows]


def _lag_of(location_id: int, *, using: str) -> tuple[int, int]:
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FILTER (WHERE replica.id IS NULL), count(*) FILTER (WHERE replica.id IS NOT NULL)
            FROM telemetry.file LEFT JOIN telemetry.replica ON file_id = file.id AND location_id = %s
            WHERE gone_at IS NULL AND {_WAITS}""",  # noqa: S608 - of constants
            [location_id],
        )
        not_copied, older = cursor.fetchone()
    return not_copied, older


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that a location has not, or not as it is now."""

    id: int
    host: str
    path: str
    raw_path: bytes | None
    size_bytes: int

    @property
    def raw(self) -> bytes:
        """The path's bytes, as its computer has them."""
        return self.raw_path if self.raw_path is not None else self.path.encode()


def waiting_for(
    place: Place, *, host: str = "", after: int = 0, limit: int = 1000, using: str = "default"
) -> list[Waiting]:
    """Files that are there and wait to be copied to a location, of one host or of all, by id after `after`."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"""SELECT file.id, host, file.path, raw_path, size_bytes
            FROM telemetry.file LEFT JOIN telemetry.replica ON file_id = file.id AND location_id = %s
            WHERE gone_at IS NULL AND {_WAITS} AND (%s = '' OR host = %s) AND file.id > %s
            ORDER BY file.id LIMIT %s""",  # noqa: S608 - of constants
            [place.id, host, host, after, limit],
        )
        return [
            Waiting(pk, of_host, path, None if raw is None else bytes(raw), size)
            for pk, of_host, path, raw, size in cursor.fetchall()
        ]
