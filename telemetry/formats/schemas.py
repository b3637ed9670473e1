"""A schema bundle: the code table and the `.fbs` texts with which an observatory's binary records are decoded.

A line of the code table is `name code schema`; `#` begins a comment. A code whose schema is not in the bundle is no
error: its records are kept as they are.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from struct import pack
from typing import BinaryIO

from telemetry.formats.errors import BundleError
from telemetry.formats.fbs import parse_schema
from telemetry.formats.flatbuffers import TableReader

EMPTY_SCHEMAS = {"empty", "empty_log", "none", "-"}  # of events that say all by happening
GREATEST_CODE = 2**16 - 1
_TABLE_SUFFIXES = (".dat", ".txt", ".codes")


@dataclass(frozen=True, slots=True)
class EventType:
    """What a code means. Without a reader its messages are kept as bytes."""

    name: str
    schema: str
    reader: TableReader | None
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """Event types by code. Bundles of the same content have the same digest, wherever they were read."""

    texts: dict[str, str]  # by file name
    types: dict[int, EventType] = field(repr=False)
    digest: str
    _beginnings: re.Pattern[bytes] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def load(cls, source: Path | BinaryIO) -> "Bundle":
        """Read a folder, with all below it, or a zip.

        Raises BundleError that names file and line if there is not exactly one code table, or something in it can not
        be read.
        """
        return cls.from_texts(_texts(source))

    @classmethod
    def from_texts(cls, texts: dict[str, str]) -> "Bundle":
        """As `load`, of texts by their file's name."""
        tables = [name for name in texts if name.endswith(_TABLE_SUFFIXES)]
        if len(tables) != 1:
            found = ", ".join(tables) or "none"
            raise BundleError(
                f"A bundle has one code table, a file with {', '.join(_TABLE_SUFFIXES)}; this one has: {found}."
            )
        readers = {
            name.removesuffix(".fbs"): TableReader(parse_schema(text, name=name))
            for name, text in texts.items()
            if name.endswith(".fbs")
        }
        types = {
            code: EventType(name, schema, readers.get(schema), schema not in readers and schema in EMPTY_SCHEMAS)
            for name, code, schema in _code_table(texts[tables[0]], name=tables[0])
        }
        digest = sha256()
        for name in sorted(texts):
            digest.update(f"{name}\0{len(texts[name])}\0{texts[name]}".encode())
        return cls(texts, types, digest.hexdigest())

    def beginnings(self) -> re.Pattern[bytes]:
        """What a record may begin with: a priority, a code that is known, seconds, and nanoseconds below a second.

        Their greatest byte is 0x3b at most, as 10^9 is 0x3b9aca00. Matches overlap, for none takes any bytes.
        """
        if self._beginnings is None:
            codes = b"|".join(re.escape(pack("<H", code)) for code in sorted(self.types))
            pattern = re.compile(rb"(?=[\x00-\x08\x40\x7e\x7f](?:" + codes + rb").{7}[\x00-\x3b])", re.DOTALL)
            object.__setattr__(self, "_beginnings", pattern)
            return pattern
        return self._beginnings

    def missing_schemas(self) -> list[str]:
        """Schemas that the code table names and the bundle does not have."""
        return sorted({kind.schema for kind in self.types.values() if kind.reader is None and not kind.is_empty})

    def as_zip(self) -> bytes:
        """The bundle as a zip that `load` reads."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for name in sorted(self.texts):
                file.writestr(zipfile.ZipInfo(name), self.texts[name], zipfile.ZIP_DEFLATED)
        return packed.getvalue()


def _texts(source: Path | BinaryIO) -> dict[str, str]:
    """Text of each code table and schema by file name."""
    if isinstance(source, Path) and source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.is_file())
        return _by_name((path.name, path.read_bytes()) for path in paths if _is_of_bundle(path.name))
    try:
        with zipfile.ZipFile(source) as file:
            members = sorted(name for name in file.namelist() if _is_of_bundle(name))
            return _by_name((name.rpartition("/")[2], file.read(name)) for name in members)
    except (OSError, zipfile.BadZipFile) as error:
        raise BundleError(f"{source} is neither a folder nor a zip that can be read: {error}.") from error


def _is_of_bundle(name: str) -> bool:
    return name.endswith((".fbs", *_TABLE_SUFFIXES)) and not name.rpartition("/")[2].upper().startswith("README")


def _by_name(files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, content in files:
        if name in texts:
            raise BundleError(f"{name} is in the bundle twice.")
        try:
            texts[name] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BundleError(f"{name} is no UTF-8 text.") from error
    return texts


def _code_table(text: str, *, name: str) -> list[tuple[str, int, str]]:
    found: list[tuple[str, int, str]] = []
    names: set[str] = set()
    codes: set[int] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 3 or not words[1].isascii() or not words[1].isdigit() or int(words[1]) > GREATEST_CODE:
            raise BundleError(
                f"{name}, line {number}: a line is `name code schema`, with a code of 0 to {GREATEST_CODE}."
            )
        event, code, schema = words[0], int(words[1]), words[2]
        if event in names or code in codes:
            raise BundleError(f"{name}, line {number}: {event} or {code} stands in the table twice.")
        names.add(event)
        codes.add(code)
        found.append((event, code, schema))
    if not found:
        raise BundleError(f"{name}: the code table is empty.")
    return found
