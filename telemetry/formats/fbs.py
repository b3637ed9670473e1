"""The part of the FlatBuffers schema language that telemetry uses: tables of scalars, strings, vectors and tables.

Language: FlatBuffers documentation, "Schema Grammar". What is not understood is refused with its file and line, for a
schema read wrongly would give wrong values.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from telemetry.formats.errors import BundleError

SCALARS = {
    "bool": "?",
    "byte": "b",
    "int8": "b",
    "ubyte": "B",
    "uint8": "B",
    "short": "h",
    "int16": "h",
    "ushort": "H",
    "uint16": "H",
    "int": "i",
    "int32": "i",
    "uint": "I",
    "uint32": "I",
    "long": "q",
    "int64": "q",
    "ulong": "Q",
    "uint64": "Q",
    "float": "f",
    "float32": "f",
    "double": "d",
    "float64": "d",
}  # fmt: skip - names of FlatBuffers, codes of Python's struct

_TOKEN = re.compile(
    r'[ \t\r]+|//[^\n]*|/\*.*?\*/|(\n)|([A-Za-z_][\w.]*|[-+]?[\d.][\w.+-]*|"[^"\n]*"|[{}()\[\]:;=,])', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table. `kind` is a code of Python's struct, 'string' or a table's name."""

    name: str
    kind: str
    is_vector: bool
    default: float | int | bool
    slot: int  # its place in vtables

    @property
    def is_scalar(self) -> bool:
        """Whether it is a number that lies in the table itself."""
        return len(self.kind) == 1 and not self.is_vector


@dataclass(frozen=True, slots=True)
class Schema:
    """What one text declares."""

    tables: dict[str, tuple[Field, ...]]  # in the order of slots
    root: str


class _Token(NamedTuple):
    text: str
    line: int


def parse_schema(text: str, *, name: str) -> Schema:
    """The tables of a `.fbs` text, whose file is called `name` in errors.

    Raises BundleError with the line that is not understood.
    """
    return _Parser(text, name).schema()


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._tokens = [*_tokens(text, name)]
        self._at = 0

    def schema(self) -> Schema:
        tables: dict[str, tuple[Field, ...]] = {}
        root = ""
        while self._at < len(self._tokens):
            word = self._next()
            if word.text == "table":
                table = self._word()
                tables[table] = self._table()
            elif word.text == "root_type":
                root = self._word().rpartition(".")[2]
                self._expect(";")
            elif word.text in {"namespace", "file_identifier", "file_extension", "attribute"}:
                self._next()
                self._expect(";")
            else:
                self._refuse(word, f"{word.text!r} is not understood here: tables, namespace and root_type are")
        if not tables:
            raise BundleError(f"{self._name}: it declares no table.")
        root = root or [*tables][-1]
        if root not in tables:
            raise BundleError(f"{self._name}: its root_type {root} is no table of it.")
        self._check_kinds(tables)
        return Schema(tables, root)

    def _table(self) -> tuple[Field, ...]:
        self._expect("{")
        fields: list[Field] = []
        while self._peek() != "}":
            fields.append(self._field(len(fields)))
        self._expect("}")
        fields.sort(key=lambda field: field.slot)
        if [field.slot for field in fields] != [*range(len(fields))]:
            self._refuse(self._tokens[self._at - 1], "ids of a table's fields must be 0, 1, 2 and so on, each once")
        if len({field.name for field in fields}) != len(fields):
            self._refuse(self._tokens[self._at - 1], "two fields of this table have the same name")
        return tuple(fields)

    def _field(self, place: int) -> Field:
        name = self._word()
        self._expect(":")
        is_vector = self._peek() == "["
        if is_vector:
            self._expect("[")
        kind = self._word().rpartition(".")[2]
        if is_vector:
            self._expect("]")
        default = self._default(kind) if self._peek() == "=" else 0
        slot = self._attributes(place) if self._peek() == "(" else place
        self._expect(";")
        return Field(name, SCALARS.get(kind, kind), is_vector, default, slot)

    def _default(self, kind: str) -> float | int | bool:
        self._expect("=")
        token = self._next()
        if kind not in SCALARS:
            self._refuse(token, "only numbers and booleans have defaults")
        try:
            if token.text in {"true", "false"}:
                return token.text == "true"
            return float(token.text) if SCALARS[kind] in "fd" else int(token.text, 0)
        except ValueError:
            self._refuse(token, f"{token.text} is no default of {kind}")

    def _attributes(self, place: int) -> int:
        """The slot that `(id: n)` gives. `deprecated` changes nothing: old records still have the field."""
        self._expect("(")
        slot = place
        while (token := self._next()).text != ")":
            if token.text == "id":
                self._expect(":")
                slot = int(self._next().text)
            elif token.text not in {",", "deprecated"}:
                self._refuse(token, f"the attribute {token.text} is not understood")
        return slot

    def _check_kinds(self, tables: dict[str, tuple[Field, ...]]) -> None:
        for table, fields in tables.items():
            for field in fields:
                if field.kind not in SCALARS.values() and field.kind != "string" and field.kind not in tables:
                    raise BundleError(f"{self._name}: field {field.name} of {table} has the unknown type {field.kind}.")

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise BundleError(f"{self._name}: it ends in the middle of a declaration.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self) -> str:
        token = self._next()
        if not re.match(r"[A-Za-z_]", token.text):
            self._refuse(token, f"a name is expected in place of {token.text!r}")
        return token.text

    def _expect(self, text: str) -> None:
        token = self._next()
        if token.text != text:
            self._refuse(token, f"{text!r} is expected in place of {token.text!r}")

    def _refuse(self, token: _Token, why: str) -> NoReturn:
        raise BundleError(f"{self._name}, line {token.line}: {why}.")


def _tokens(text: str, name: str) -> Iterator[_Token]:
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise BundleError(f"{name}, line {line}: {text[at]!r} is not understood.")
        if found[2]:
            yield _Token(found[2], line)
        line += found[0].count("\n")
        at = found.end()
