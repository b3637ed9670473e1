"""A frame's row and those of the frames that it names, in one statement: docs/decisions/0009 says why this is SQL."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.db import connection

from archive.models import Exposure, Frame

# Django's own description of a model: https://docs.djangoproject.com/en/5.2/ref/models/meta/
FIELDS = {field.column: field.attname for field in Frame._meta.concrete_fields}  # noqa: SLF001
COLUMNS = ", ".join(FIELDS)
FILLED = tuple(column for column in FIELDS if column != "id")

# The rows come as JSON, and PostgreSQL gives each value the type of its column: the frame, and a bare placeholder for
# each name. A name that another transaction brings just now is locked and stays as it is, and is not answered.
# Only a row that was inserted has no xmax: an update by ON CONFLICT locks the old row first, and that stays in the new.
WRITE_FRAMES = """
    WITH held AS (
        SELECT {columns} FROM archive_frame WHERE basename = ANY(%(names)s)
    ), written AS (
        INSERT INTO archive_frame ({filled})
        SELECT {filled} FROM json_populate_recordset(NULL::archive_frame, %(rows)s)
        WHERE basename = %(own)s OR basename NOT IN (SELECT basename FROM held)
        ORDER BY basename COLLATE "C"
        ON CONFLICT (basename) DO UPDATE SET {changes} WHERE archive_frame.basename = %(own)s
        RETURNING {columns}, xmax = 0 AS is_new
    )
    SELECT {columns}, is_new FROM written
    UNION ALL
    SELECT {columns}, false FROM held WHERE basename <> %(own)s
"""
# No row is answered when another transaction makes the same exposure just now: then it is there for the next time.
MAKE_EXPOSURE = """
    WITH made AS (
        INSERT INTO archive_exposure (kind, site_id, name, night)
        VALUES (%(kind)s, %(site_id)s, %(name)s, %(night)s)
        ON CONFLICT (kind, site_id, name) DO NOTHING
        RETURNING id
    )
    SELECT id FROM made
    UNION ALL
    SELECT id FROM archive_exposure WHERE kind = %(kind)s AND site_id = %(site_id)s AND name = %(name)s
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A frame as it now stands, the frames that it names, and whether it was not known before, not even by name."""

    frame: Frame
    named: dict[str, Frame]
    is_new: bool


def write_frames(frame: Frame, *, named: Iterable[str], changes: Collection[str]) -> Written:
    """Insert a frame, or change the columns `changes` of the one of its name; make placeholders for what it names."""
    own, others = frame.basename, sorted({*named} - {frame.basename})
    changed = ", ".join(f"{column} = EXCLUDED.{column}" for column in sorted(changes))
    statement = WRITE_FRAMES.format(columns=COLUMNS, filled=", ".join(FILLED), changes=changed)
    rows = [frame, *(Frame(basename=name, modified_at=frame.modified_at) for name in others)]
    with connection.cursor() as cursor:
        cursor.execute(statement, {"own": own, "names": [own, *others], "rows": _as_json(rows)})
        answered = [(_frame_of(values), is_new) for *values, is_new in cursor]
    is_new = any(is_new for answer, is_new in answered if answer.basename == own)
    found = {answer.basename: answer for answer, _ in answered}
    if missing := [name for name in others if name not in found]:
        found |= {brought.basename: brought for brought in Frame.objects.filter(basename__in=missing)}
    return Written(found.pop(own), found, is_new)


def make_exposure(exposure: Exposure) -> int:
    """The id of the exposure of this kind, site and name, made if there was none."""
    values = {name: getattr(exposure, name) for name in ("kind", "site_id", "name", "night")}
    while True:
        with connection.cursor() as cursor:
            cursor.execute(MAKE_EXPOSURE, values)
            row: tuple[int] | None = cursor.fetchone()
        if row is not None:
            return row[0]


def _as_json(frames: Sequence[Frame]) -> str:
    return json.dumps([{column: _text(getattr(frame, FIELDS[column])) for column in FILLED} for frame in frames])


def _text(value: Any) -> str | None:
    """What PostgreSQL reads as a value of the column's own type."""
    if value is None:
        return None
    return value.hexewkb.decode() if isinstance(value, GEOSGeometry) else str(value)


def _frame_of(values: Sequence[Any]) -> Frame:
    return Frame.from_db(connection.alias, list(FIELDS.values()), values)
