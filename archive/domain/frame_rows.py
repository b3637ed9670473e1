"""Rows of a frame, of the frames that it names, and of its parts, in three statements.

docs/decisions/0012 says why this is SQL, and in which order rows are touched.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.db import connection
from django.db.models import Model

from archive.models import Event, Exposure, Frame, Headers, Relation, StoredObject, Version


def _fields(model: type[Model]) -> dict[str, str]:
    """Columns of a table and the attributes that hold them."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - a documented interface
    return {str(field.column): field.attname for field in fields}


def _filled(model: type[Model]) -> list[str]:
    return [column for column in _fields(model) if column != "id"]


def _insert(model: type[Model]) -> str:
    """Insert rows that come as JSON: PostgreSQL gives each value the type of its column."""
    table, columns = model._meta.db_table, ", ".join(_filled(model))  # noqa: SLF001
    return (
        f"INSERT INTO {table} ({columns}) "  # noqa: S608 - names of our own tables
        f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, %({table})s)"
    )


FRAME_FIELDS = _fields(Frame)

# The rows are the frame and a bare placeholder for each name. A name that another transaction brings just now is
# locked, stays as it is, and is not answered. Only a row that was inserted has no xmax: an update by ON CONFLICT locks
# the old row first, and that stays in the new one.
WRITE_FRAMES = """
    WITH held AS (
        SELECT {columns} FROM archive_frame WHERE basename = ANY(%(names)s)
    ), written AS (
        {insert}
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
WRITE_PARTS = f"""
    WITH header AS (
        {_insert(Headers)} ON CONFLICT (frame_id) DO UPDATE SET data = EXCLUDED.data
    ), relation AS (
        {_insert(Relation)} ON CONFLICT DO NOTHING
    ), stored AS (
        {_insert(StoredObject)} RETURNING id, md5
    ), event AS (
        {_insert(Event)}
    ), version AS (
        INSERT INTO archive_version (frame_id, object_id, extension, md5, is_fits, created, preview_attempts)
        SELECT frame_id, stored.id, extension, md5, is_fits, created, preview_attempts
        FROM json_populate_recordset(NULL::archive_version, %(archive_version)s) JOIN stored USING (md5)
        ORDER BY md5
        RETURNING md5, id, object_id
    )
    SELECT md5, id, object_id FROM version
"""  # noqa: S608 - names of our own tables


@dataclass(frozen=True, slots=True)
class Written:
    """A frame as it now stands, the frames that it names, and whether it was not known before, not even by name."""

    frame: Frame
    named: dict[str, Frame]
    is_new: bool


def write_frames(frame: Frame, *, named: Iterable[str], changes: Collection[str]) -> Written:
    """Insert a frame, or change the columns `changes` of the one of its name; make placeholders for what it names."""
    own, others = frame.basename, sorted({*named} - {frame.basename})
    statement = WRITE_FRAMES.format(
        columns=", ".join(FRAME_FIELDS),
        insert=_insert(Frame),
        changes=", ".join(f"{column} = EXCLUDED.{column}" for column in sorted(changes)),
    )
    placeholders = [Frame(basename=name, modified_at=frame.modified_at) for name in others]
    values: dict[str, Any] = {"own": own, "names": [own, *others], "archive_frame": _as_json([frame, *placeholders])}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        answered = [(_frame_of(row), is_new) for *row, is_new in cursor]
    is_new = any(is_new for answer, is_new in answered if answer.basename == own)
    found = {answer.basename: answer for answer, _ in answered}
    if missing := [name for name in others if name not in found]:
        found |= {brought.basename: brought for brought in Frame.objects.filter(basename__in=missing)}
    return Written(found.pop(own), found, is_new)


def write_parts(
    *, headers: Sequence[Headers], relations: Sequence[Relation], versions: Sequence[Version], events: Sequence[Event]
) -> None:
    """Write what belongs to a frame, and give versions and their objects their ids. Headers replace those before."""
    in_order = sorted(relations, key=lambda relation: (relation.source_id, relation.derived_id, relation.kind))
    rows: dict[type[Model], Sequence[Model]] = {
        Headers: headers,
        Relation: in_order,
        StoredObject: [version.object for version in versions],
        Event: events,
        Version: versions,
    }
    with connection.cursor() as cursor:
        values = {model._meta.db_table: _as_json(made) for model, made in rows.items()}  # noqa: SLF001
        cursor.execute(WRITE_PARTS, values)
        ids = {md5: pair for md5, *pair in cursor}
    for version in versions:
        stored = version.object
        version.pk, stored.pk = ids[version.md5]
        version.object = stored  # and with it its id


def make_exposure(exposure: Exposure) -> int:
    """The id of the exposure of this kind, site and name, made if there was none."""
    values = {name: getattr(exposure, name) for name in ("kind", "site_id", "name", "night")}
    while True:
        with connection.cursor() as cursor:
            cursor.execute(MAKE_EXPOSURE, values)
            row: tuple[int] | None = cursor.fetchone()
        if row is not None:
            return row[0]


def _as_json(rows: Sequence[Model]) -> str:
    if not rows:
        return "[]"
    return json.dumps([as_row(row) for row in rows])


def as_row(row: Model) -> dict[str, Any]:
    """Columns of a row, in the form in which PostgreSQL's json_populate_record takes them back."""
    return {column: _plain(getattr(row, name)) for column, name in _fields(type(row)).items()}


def _plain(value: Any) -> Any:
    """What PostgreSQL reads as a value of the column's own type."""
    if value is None or isinstance(value, dict):
        return value
    return value.hexewkb.decode() if isinstance(value, GEOSGeometry) else str(value)


def _frame_of(row: Sequence[Any]) -> Frame:
    return Frame.from_db(connection.alias, list(FRAME_FIELDS.values()), row)
