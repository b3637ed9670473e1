r"""Which HDUs of an instrument's files hold adaptive-optics tables, and what their columns are: a file in `maps/` each.

    instrument = "MUSE"                 as frames name it
    tables = '.+_DATA'                  HDUs whose columns are read
    headers = 'CHAN\d\d'                HDUs whose cards are kept; those of the primary one always are
    time_text = ["TIME_STAMP"]          columns of ISO 8601 text, UTC
    time_seconds = ["Sec", "USec"]      columns of whole seconds of Unix time, and of microseconds beside it
    [renames]                           column as it is written = as it is called here
    [units]                             pattern of columns = unit, where the file itself gives none

Patterns are matched against whole names. `instrument` and `tables` alone will do.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from archive.errors import FatalError

MUSE_ID = "MUSE"
FOLDER = Path(__file__).with_name("maps")
NO_HDU = "(?!)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AoMap:
    """What is read of a file."""

    tables: re.Pattern[str]
    headers: re.Pattern[str] = re.compile(NO_HDU)
    units: Mapping[re.Pattern[str], str] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    time_text: tuple[str, ...] = ()
    time_seconds: tuple[str, str] | None = None


def load_maps(folder: Path) -> dict[str, AoMap]:
    """Maps of a folder by instrument. Raises FatalError, which names the file, for one that can not be used."""
    found: dict[str, AoMap] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
            instrument_id = str(told.pop("instrument"))
            found[instrument_id] = _map_of(told)
        except (KeyError, ValueError, TypeError, AttributeError, re.error) as error:
            raise FatalError(
                f"{path} is no map of adaptive-optics tables ({error!r}): see ingest/ao_maps.py."
            ) from error
    return found


def _map_of(told: Mapping[str, Any]) -> AoMap:
    if unknown := told.keys() - {known.name for known in fields(AoMap)}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    seconds = told.get("time_seconds")
    whole, micros = seconds or ("", "")
    return AoMap(
        tables=re.compile(told["tables"]),
        headers=re.compile(told.get("headers", NO_HDU)),
        units={re.compile(pattern): str(unit) for pattern, unit in told.get("units", {}).items()},
        renames=dict(told.get("renames", {})),
        time_text=tuple(told.get("time_text", ())),
        time_seconds=(whole, micros) if seconds else None,
    )


MAPS: Mapping[str, AoMap] = load_maps(FOLDER)
