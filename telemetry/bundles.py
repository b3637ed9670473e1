"""The schema bundles that the database holds: every process that decodes has the same."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from django.db import connections

from telemetry.errors import TransientError
from telemetry.formats.schemas import Bundle

HOW_TO_ADD = "give an observatory's code table and .fbs files by: xtelemdb bundle add FOLDER_OR_ZIP"


def add(source: Path, *, using: str = "default") -> tuple[Bundle, bool]:
    """Make the bundle in a folder or zip the one that decodes from now on; whether it was not that already.

    Raises UsageError that names the file and line which can not be read.
    """
    bundle = Bundle.load(source)
    if _newest_digest(using=using) == bundle.digest:
        return bundle, False
    with connections[using].cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.bundle (digest, content, source, added_at) VALUES (%s, %s, %s, clock_timestamp())"
            " ON CONFLICT (digest) DO UPDATE SET added_at = clock_timestamp(), source = excluded.source",
            [bundle.digest, bundle.as_zip(), str(source)],
        )
    return bundle, True


def current(*, using: str = "default") -> Bundle:
    """The bundle that was added last.

    Raises TransientError while there is none: the same bytes can be read once one is added.
    """
    digest = _newest_digest(using=using)
    if digest is None:
        raise TransientError(f"There is no schema bundle that decodes binary telemetry: {HOW_TO_ADD}")
    return _held(digest, using)


def _newest_digest(*, using: str) -> str | None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT digest FROM telemetry.bundle ORDER BY added_at DESC LIMIT 1")
        row = cursor.fetchone()
    return row[0] if row else None


@lru_cache(maxsize=4)
def _held(digest: str, using: str) -> Bundle:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT content FROM telemetry.bundle WHERE digest = %s", [digest])
        return Bundle.load(BytesIO(bytes(cursor.fetchone()[0])))
