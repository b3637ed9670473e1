"""Scripts of the pages as Vite built them: their names have a hash, and its manifest knows which is which."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

FOLDER = Path(__file__).resolve().parent.parent / "static" / "archive" / "client"
MANIFEST = FOLDER / "manifest.json"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Script:
    """Files of one page, as paths of static files: its own, and those that it shares with others."""

    file: str
    shared: tuple[str, ...]


def script(name: str) -> Script | None:
    """Script `client/src/<name>.ts`. None where nothing was built: pages work without, and the log says so."""
    try:
        changed_ns = MANIFEST.stat().st_mtime_ns
    except FileNotFoundError:
        logger.warning("client_scripts_missing", script=name, remedy="python -m deploy.local.client build")
        return None
    entries = _entries(changed_ns)
    entry = entries[f"src/{name}.ts"]
    return Script(_path(entry), tuple(_path(entries[each]) for each in entry.get("imports", ())))


@lru_cache(maxsize=1)
def _entries(changed_ns: int) -> dict[str, Any]:  # noqa: ARG001 - reads anew once the file is another
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def _path(entry: dict[str, Any]) -> str:
    return f"archive/client/{entry['file']}"
