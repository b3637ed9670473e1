"""Science rows as lines of JSON: the same rows give the same bytes, whatever their ids and wherever they are kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.gis.geos import GEOSGeometry
from django.db import connection, transaction
from django.db.models import CharField, F, ForeignKey, Model, QuerySet, TextField
from django.db.models.functions import Collate

from archive.domain.science.tables import OBJECTS, TABLES, Row, Table, columns_of, is_nested, leaves, table_of

ROWS_AT_A_TIME = 1000


def everything() -> Iterator[bytes]:
    """Every science row, a line each: table after table, and in each by key in the order of bytes."""
    for table in TABLES:
        for row in told(table, table.rows):
            yield line_of(row)


@contextmanager
def at_one_moment() -> Iterator[None]:
    """See all tables as they are now, whatever is written meanwhile. In a transaction, as that sees them."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def number_of_rows() -> int:
    return sum(table.rows.count() for table in TABLES)


def told(table: Table, rows: QuerySet[Any], *, with_ids: bool = False) -> Iterator[Row]:
    """Rows of one table, those of a queryset on its model, by key.

    `with_ids` adds the ids of those whose rows are known by them.
    """
    in_order = rows.select_related(*_joins(table)).order_by(*_order(table))
    for each in in_order.iterator(chunk_size=ROWS_AT_A_TIME):
        row = row_of(table, each)
        if with_ids and table.keeps_id:
            row["id"] = each.pk
        yield row


def row_of(table: Table, row: Any) -> Row:
    """One row, with what it names read already or now."""
    return {"row": table.name, **_columns(table, row)}


def line_of(row: Row) -> bytes:
    """One row as canonical JSON, with the end of its line. Raises ValueError for NaN and infinity."""
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"{text}\n".encode("utf-8", "surrogatepass")


def plain(value: object) -> Any:
    """A column's value as JSON has it: instants in UTC, shapes as the hexadecimal of PostGIS, which rounds nothing."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, GEOSGeometry):
        return value.hexewkb.decode()
    return value


def key_of(table: Table, row: Model) -> Any:
    """What names a row: one value, or a list of those of its columns."""
    values = [_named(row, name) for name in table.key]
    return values[0] if len(values) == 1 else values


def _named(row: Model, name: str) -> Any:
    column = columns_of(type(row))[name]
    if isinstance(column, ForeignKey):
        other = getattr(row, name)
        return None if other is None else key_of(table_of(column.related_model), other)
    return plain(getattr(row, name))


def _columns(table: Table, each: Model) -> Row:
    row: Row = {}
    for column in table.columns:
        if is_nested(column):
            stored = getattr(each, column.name)
            row[column.name] = None if stored is None else _columns(OBJECTS, stored)
        else:
            row[column.name] = _named(each, column.name)
    for name, not_told in table.in_items_not.items():
        row[name] = [{key: value for key, value in item.items() if key not in not_told} for item in row[name]]
    return row


def _joins(table: Table) -> list[str]:
    """What is to be read with each row: all that names the rows that it names."""
    found = []
    for column in table.columns:
        if isinstance(column, ForeignKey):
            found.append(column.name)
            if not is_nested(column):
                paths = (leaf.rpartition("__")[0] for leaf in leaves(table_of(column.related_model)))
                found += [f"{column.name}__{path}" for path in paths if path]
    return found


def _order(table: Table) -> list[Any]:
    """By key, text in the order of bytes: the collation of a database is its own."""
    return [Collate(F(leaf), "C") if _is_text(table, leaf) else F(leaf) for leaf in leaves(table)]


def _is_text(table: Table, leaf: str) -> bool:
    model: Any = table.model
    *through, last = leaf.split("__")
    for name in through:
        model = columns_of(model)[name].related_model
    return isinstance(columns_of(model)[last], CharField | TextField)
