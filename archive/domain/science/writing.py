"""Science rows into the database: found by what names them, and brought to what is told, or added.

To write a row twice changes nothing. No event is recorded and no task started: what is written happened long ago.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import ForeignKey, QuerySet

from archive.domain.science.tables import OBJECTS, TABLES, Row, Table, columns_of, is_nested, leaves, table_of
from archive.domain.science.told import plain
from archive.enums import ExpiringKind
from archive.models import Frame, Product, Tombstone

Key = tuple[Any, ...]
Ids = dict[Key, Any]

FREE_IDS = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
# Numbers of tombstones count too: no other frame may ever have them.
NEXT_ID = """
    SELECT setval(
        pg_get_serial_sequence('{table}', 'id'),
        greatest((SELECT max(id) FROM {table}), {others}, nextval(pg_get_serial_sequence('{table}', 'id')))
    )
"""
OF_TOMBSTONES = "(SELECT max(thing_id) FROM archive_tombstone WHERE kind = 'frame')"
UPSERT = """
    INSERT INTO {table} ({columns})
    SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)
    ON CONFLICT ({key}) DO UPDATE SET ({changed}) = ROW({new})
    WHERE ({old}) IS DISTINCT FROM ({new})
"""


@dataclass(slots=True)
class Written:
    """What became of rows: how many stand as told, and of which a reason kept them out."""

    n_rows: int = 0
    refused: list[tuple[Row, str]] = field(default_factory=list)


def write(table: Table, rows: Iterable[Row]) -> Written:
    """Write rows of one table. What they name must be there: those whose names nobody knows are refused."""
    written = Written()
    by_key = {flat([row[name] for name in table.key]): row for row in rows}
    named = {
        column.name: _ids_named(table, column, by_key.values())
        for column in table.columns
        if isinstance(column, ForeignKey) and not is_nested(column)
    }
    good: dict[Key, Row] = {}
    for key, row in by_key.items():
        lost = [name for name, ids in named.items() if row[name] is not None and flat(row[name]) not in ids]
        if lost:
            written.refused.append((row, f"the archive has no {lost[0]} {row[lost[0]]}"))
        else:
            good[key] = row
    if table.model is Product:
        _make_room(good, written)
    objects = _objects(row for row in good.values()) if any(map(is_nested, table.columns)) else {}
    found = _with_ids(table, good)
    lines = [
        {
            **{column.column: _value(column, row, named, objects) for column in table.columns},
            **table.fills(row),
            **({"id": found[key]} if "id" in columns_of(table.model) and "id" in table.left_out else {}),
        }
        for key, row in good.items()
    ]
    _upsert(table, lines)
    written.n_rows = len(lines)
    return written


def flat(key: Any) -> Key:
    """A key as its leaves."""
    if isinstance(key, list | tuple):
        return tuple(leaf for part in key for leaf in flat(part))
    return (key,)


def ids_of(table: Table, keys: Collection[Key]) -> Ids:
    """Ids of those rows that are there, by the leaves of their keys."""
    if not keys:
        return {}
    paths = list(leaves(table))
    place = paths.index(table.lead)
    rows: QuerySet[Any] = QuerySet(table.model).filter(**{f"{table.lead}__in": {key[place] for key in keys}})
    return {tuple(map(plain, values)): pk for pk, *values in rows.values_list("pk", *paths)}


def name_frames(basenames: Collection[str]) -> None:
    """Let frames be known by name which others name; not those that were deleted."""
    gone = Tombstone.objects.filter(kind=ExpiringKind.FRAME, name__in=basenames).values_list("name", flat=True)
    there = Frame.objects.filter(basename__in=basenames).values_list("basename", flat=True)
    new = sorted(set(basenames) - set(gone) - set(there))
    Frame.objects.bulk_create([Frame(basename=name) for name in new], ignore_conflicts=True)


def set_sequences() -> None:
    """Let new rows have ids behind those that came back."""
    with connection.cursor() as cursor:
        for table in TABLES:
            if table.keeps_id:
                others = OF_TOMBSTONES if table.model is Frame else "0"
                cursor.execute(NEXT_ID.format(table=_table(table), others=others))


def _ids_named(table: Table, column: Any, rows: Iterable[Row]) -> Ids:
    target = table_of(column.related_model)
    keys = {flat(row[column.name]) for row in rows if row[column.name] is not None}
    if table.name == "relation":
        name_frames([key[0] for key in keys])
    return ids_of(target, keys)


def _objects(rows: Iterable[Row]) -> Ids:
    """Write the stored objects inside of rows; their ids."""
    objects = {flat([row["object"][name] for name in OBJECTS.key]): row["object"] for row in rows if row["object"]}
    found = _with_ids(OBJECTS, objects)
    _upsert(OBJECTS, [{**row, "id": found[key]} for key, row in objects.items()])
    return found


def _with_ids(table: Table, rows: dict[Key, Row]) -> Ids:
    """Id of each row: its own where it is there, the one that it had where that is free, else a new one."""
    if "id" not in columns_of(table.model) or "id" not in table.left_out:
        return {}
    found = ids_of(table, rows.keys())
    new = [key for key in rows if key not in found]
    wished = {rows[key]["id"]: key for key in new if table.keeps_id and rows[key].get("id")}
    taken = set(QuerySet(table.model).filter(pk__in=wished).values_list("pk", flat=True))
    given = {key: number for number, key in wished.items() if number not in taken}
    rest = [key for key in new if key not in given]
    with connection.cursor() as cursor:
        cursor.execute(FREE_IDS, [_table(table), len(rest)])
        numbers = [number for (number,) in cursor.fetchall()]
    return {**found, **given, **dict(zip(rest, numbers, strict=True))}


def _value(column: Any, row: Row, named: dict[str, Ids], objects: Ids) -> Any:
    # A document may be older than the column.
    value = row[column.name] if column.name in row else plain(column.get_default())
    if value is None or not isinstance(column, ForeignKey):
        return value
    if is_nested(column):
        return objects[flat([value[name] for name in OBJECTS.key])]
    return named[column.name][flat(value)]


def _upsert(table: Table, lines: Sequence[Row]) -> None:
    if not lines:
        return
    columns = list(lines[0])
    primary = next(column.column for column in columns_of(table.model).values() if column.primary_key)
    changed = [name for name in columns if name != primary and name not in table.only_new]
    statement = UPSERT.format(
        table=_table(table),
        columns=", ".join(columns),
        key=primary,
        changed=", ".join(changed),
        new=", ".join(f"excluded.{name}" for name in changed),
        old=", ".join(f"{_table(table)}.{name}" for name in changed),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(lines, allow_nan=False)])


def _table(table: Table) -> str:
    return table.model._meta.db_table  # noqa: SLF001 - a documented interface


def _make_room(rows: dict[Key, Row], written: Written) -> None:
    """A product that is current takes the place of one that only waits; one that was begun here stays."""
    for key, row in list(rows.items()):
        if not row["is_current"]:
            continue
        place = {name: row[name] for name in ("night", "subject", "kind")}
        others = Product.objects.filter(**place, is_current=True).exclude(fingerprint=row["fingerprint"])
        if others.filter(lease__gt=0).exists():
            written.refused.append((rows.pop(key), "the archive has made another one since"))
        else:
            others.delete()
