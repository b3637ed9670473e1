"""What the archive keeps of one file with adaptive-optics tables: its cards, and where its tables lie. No array."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ingest.ao_layout import FileLayout, Header, TableLayout, cards_of, layout_of
from ingest.ao_maps import MAPS, MUSE_ID, AoMap
from ingest.ao_tables import decoded
from ingest.inspection import Inspection
from ingest.muse_names import kind_of
from ingest.muse_summary import ATM_TABLE, StrehlSums, strehl_sums

UNPACKED = frozenset({".fits", ".fit", ".fts", ".fits.fz"})  # files whose tables lie in them as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class AoContent:
    """One file. It passes as JSON between processes, and into a row."""

    instrument_id: str  # key of the map that it was read by
    kind: str  # of MUSE's files `MuseKind`; empty for other instruments
    cards: Header  # of the primary HDU
    headers: Mapping[str, Header] = field(default_factory=dict)  # of the other HDUs that are kept, by name
    tables: Mapping[str, TableLayout] = field(default_factory=dict)
    strehl_sums: StrehlSums = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        return {
            "instrument_id": self.instrument_id,
            "kind": self.kind,
            "cards": dict(self.cards),
            "headers": {name: dict(header) for name, header in self.headers.items()},
            "tables": {name: table.to_plain() for name, table in self.tables.items()},
            "strehl_sums": {laser: list(sums) for laser, sums in self.strehl_sums.items()},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "AoContent":
        """Build it again from parsed JSON. Raises KeyError, TypeError or ValueError if it is not what we sent."""
        tables = {name: TableLayout.from_plain(table) for name, table in plain["tables"].items()}
        sums = {laser: (float(total), int(count)) for laser, (total, count) in plain["strehl_sums"].items()}
        return cls(**{**plain, "tables": tables, "strehl_sums": sums})


def content_of(path: Path, *, instrument_id: str) -> AoContent:
    """Read one file by its instrument's map. Runs in the child of `ingest.sandbox`.

    Raises UsageError if the file is none that can be read.
    """
    wanted = MAPS[instrument_id]
    with path.open("rb") as stream:
        layout = layout_of(stream, wanted, name=path.name)
        sums = _sums(layout, stream)
    others = {name: header for name, header in layout.headers.items() if name != "PRIMARY"}
    return AoContent(
        instrument_id=instrument_id,
        kind=_kind(path.name, layout, wanted),
        cards=layout.headers["PRIMARY"],
        headers=others,
        tables=layout.tables,
        strehl_sums=sums,
    )


def content_of_inspection(inspection: Inspection, *, filename: str, instrument_id: str) -> AoContent:
    """The same of a file that has no tables to read, or is packed: its primary cards alone."""
    names = [hdu.extname for hdu in inspection.hdus]
    cards = cards_of(inspection.hdus[0].header)
    kind = kind_of(filename, hdu_names=names, primary=cards) if instrument_id == MUSE_ID else None
    return AoContent(instrument_id=instrument_id, kind=kind or "", cards=cards)


def has_tables(inspection: Inspection, *, extension: str, instrument_id: str) -> bool:
    """Whether the map of an instrument asks for more of a file than its primary cards, and it lies there unpacked."""
    wanted = MAPS[instrument_id]
    names = [hdu.extname for hdu in inspection.hdus]
    return extension.lower() in UNPACKED and any(
        wanted.tables.fullmatch(name) or wanted.headers.fullmatch(name) for name in names
    )


def _kind(filename: str, layout: FileLayout, wanted: AoMap) -> str:
    if wanted is not MAPS[MUSE_ID]:
        return ""
    return kind_of(filename, hdu_names=layout.names, primary=layout.headers["PRIMARY"]) or ""


def _sums(layout: FileLayout, stream: BinaryIO) -> StrehlSums:
    table = layout.tables.get(ATM_TABLE)
    if table is None:
        return {}
    stream.seek(table.start)
    return strehl_sums(decoded(table, stream.read(table.stop - table.start)))
