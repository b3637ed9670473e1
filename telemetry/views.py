"""A view for each event type, one typed column for each key: what Grafana, and people, ask by SQL.

Columns of binary events follow from the schemas of the bundle: `roi_xcen` is a number of a nested table, a vector is
an array. Those of other events follow from the keys that their latest records have. A value of another type than its
column is NULL there, never an error of the whole question.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5, sha256

from django.db import ProgrammingError, connections, transaction
from psycopg2 import sql

from telemetry import bundles
from telemetry.errors import TransientError
from telemetry.formats.fbs import Field, Schema

MOST_BYTES = 63  # of a name in PostgreSQL
DEEPEST = 4
MOST_KEYS = 200  # of an event without a schema; who has more has keys that are data
_TYPES = {
    "?": "boolean",
    "b": "smallint",
    "B": "smallint",
    "h": "smallint",
    "H": "integer",
    "i": "integer",
    "I": "bigint",
    "q": "bigint",
    "Q": "numeric",
    "f": "real",
    "d": "double precision",
    "string": "text",
}
_OF_JSON: dict[tuple[str, ...], str] = {("number",): "double precision", ("boolean",): "boolean", ("string",): "text"}
_FIRST = ("ts", "ns", "device", "priority")
_MARK = "one event type; columns "


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value lies in a message, and what it is."""

    path: tuple[str, ...]
    type: str
    is_vector: bool = False


def make_views(*, using: str = "default") -> list[str]:
    """Make views that are not there, or whose columns changed; their names. Safe to repeat."""
    made = []
    with connections[using].cursor() as cursor:
        cursor.execute(_KNOWN)
        known: dict[str, str] = dict(cursor.fetchall())
    taken = {name for name, comment in known.items() if not comment.startswith(_MARK)}
    for event, columns in sorted(_events(using).items()):
        name = _view_name(event, taken)
        body = _body(event, columns, using)
        comment = _MARK + sha256(body.encode()).hexdigest()[:16]
        if known.get(name) != comment:
            _make(name, body, comment, using)
            made.append(name)
    return made


def told(made: list[str]) -> list[str]:
    """A sentence that says which views were made, if any."""
    return [f"{len(made)} views made: {', '.join(made)}"] if made else []


_KNOWN = """
    SELECT relname::text, coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class
    WHERE relnamespace = 'telemetry'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'i', 'I', 'S')"""


def _events(using: str) -> dict[str, list[Column]]:
    found = {event: [*columns] for event, columns in _sampled(using)}
    try:
        bundle = bundles.current(using=using)
    except TransientError:
        return found
    for kind in bundle.types.values():
        if kind.reader:
            found[kind.name] = [*_of_schema(kind.reader.schema)]
        elif kind.is_empty:
            found[kind.name] = []
    return found


def _of_schema(schema: Schema) -> Iterator[Column]:
    yield from _of_table(schema.tables, schema.tables[schema.root], ())


def _of_table(
    tables: Mapping[str, tuple[Field, ...]], fields: Iterable[Field], before: tuple[str, ...]
) -> Iterator[Column]:
    for field in fields:
        path = (*before, field.name)
        if field.kind in _TYPES:
            yield Column(path, _TYPES[field.kind], field.is_vector)
        elif field.is_vector or len(path) >= DEEPEST:
            yield Column(path, "jsonb")
        else:
            yield from _of_table(tables, tables[field.kind], path)


def _sampled(using: str) -> Iterator[tuple[str, Iterator[Column]]]:
    """Events that have records, with the keys of the latest thousand of each device."""
    with connections[using].cursor() as cursor:
        cursor.execute(_SAMPLE)
        rows = cursor.fetchall()
    by_event: dict[str, dict[str, tuple[str, ...]]] = {}
    for event, key, types in rows:
        keys = by_event.setdefault(event, {})
        if key is not None and len(keys) < MOST_KEYS:
            keys[key] = tuple(types)
    for event, keys in by_event.items():
        yield event, (Column((key,), _OF_JSON.get(types, "jsonb")) for key, types in keys.items())


_SAMPLE = """
    SELECT event, key, array_remove(array_agg(DISTINCT jsonb_typeof(value) ORDER BY jsonb_typeof(value)), 'null')
    FROM telemetry.channel
    LEFT JOIN LATERAL (
        SELECT msg FROM telemetry.record WHERE channel_id = channel.id AND jsonb_typeof(msg) = 'object'
        ORDER BY ts DESC LIMIT 1000) AS latest ON true
    LEFT JOIN LATERAL jsonb_each(latest.msg) AS each (key, value) ON true
    GROUP BY event, key ORDER BY event, key"""


def _view_name(event: str, taken: set[str]) -> str:
    """The event's name, unless a table has it, or PostgreSQL would cut it."""
    name = event if event not in taken else f"{event}_event"
    if len(name.encode()) <= MOST_BYTES:
        return name
    short = name.encode()[:50].decode(errors="ignore")
    return f"{short}_{md5(event.encode(), usedforsecurity=False).hexdigest()[:8]}"


def _column_names(columns: Iterable[Column]) -> Iterator[tuple[str, Column]]:
    used = {*_FIRST}
    for column in columns:
        whole = "_".join(column.path)
        name = whole.encode()[:MOST_BYTES].decode(errors="ignore")
        if name in _FIRST:
            name = f"msg_{name}"
        number = 1
        while name in used or not name:
            number += 1
            name = f"{whole.encode()[: MOST_BYTES - 6].decode(errors='ignore')}_{number}"
        used.add(name)
        yield name, column


def _body(event: str, columns: Iterable[Column], using: str) -> str:
    """The SELECT of a view. Asked with a range of `ts` it reads the index on channel and time, and nothing else."""
    values = [
        sql.SQL(", {} AS {}").format(_value(column), sql.Identifier(name)) for name, column in _column_names(columns)
    ]
    query = sql.SQL(
        "SELECT record.ts, record.ns, channel.device, record.priority{} FROM telemetry.channel"
        " JOIN telemetry.record ON record.channel_id = channel.id WHERE channel.event = {}"
    ).format(sql.Composed(values), sql.Literal(event))
    with connections[using].cursor() as cursor:
        return query.as_string(cursor.connection)


def _value(column: Column) -> sql.Composable:
    inner = sql.SQL("record.msg #> {}::text[]").format(sql.Literal([*column.path]))
    if column.is_vector:
        return sql.SQL(
            "CASE WHEN jsonb_typeof({inner}) = 'array' THEN ARRAY("
            "SELECT {cast} FROM jsonb_array_elements({inner}) WITH ORDINALITY AS one (value, place) ORDER BY place) END"
        ).format(inner=inner, cast=_cast(sql.SQL("value"), column.type))
    return _cast(inner, column.type)


def _cast(value: sql.Composable, kind: str) -> sql.Composable:
    if kind == "jsonb":
        return value
    if kind == "text":
        return sql.SQL("({}) #>> '{{}}'").format(value)
    said = sql.Literal("boolean" if kind == "boolean" else "number")
    return sql.SQL("CASE WHEN jsonb_typeof({value}) = {said} THEN ({value})::{kind} END").format(
        value=value, said=said, kind=sql.SQL(kind)
    )


def _make(name: str, body: str, comment: str, using: str) -> None:
    view = sql.Identifier("telemetry", name)
    with transaction.atomic(using), connections[using].cursor() as cursor:
        try:
            with transaction.atomic(using):
                cursor.execute(sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(view, sql.SQL(body)))
        except ProgrammingError:  # columns went, or changed their type: PostgreSQL makes such a view anew only
            cursor.execute(sql.SQL("DROP VIEW {}").format(view))
            cursor.execute(sql.SQL("CREATE VIEW {} AS {}").format(view, sql.SQL(body)))
        cursor.execute(sql.SQL("COMMENT ON VIEW {} IS {}").format(view, sql.Literal(comment)))
