"""Bytes kept on the agent's own disk while the archive is away, of files that may be gone before it is back.

A folder for each file: `told.json` says which file and from which of its bytes on, `bytes` are the bytes. Nothing is
decoded, and nothing is kept in memory. Once the archive is back, a file that still lies at its place is read there.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from telemetry.chunks import Chunk, Position, Taken
from telemetry.continuity import EDGE_BYTES

PIECE_BYTES = 2**20
Send = Callable[[Sequence[Chunk]], list[Taken]]


@dataclass(slots=True)
class Spool:
    """The spool in a folder, which keeps `most_bytes` at most."""

    folder: Path
    most_bytes: int
    is_full: bool = False

    def __post_init__(self) -> None:
        """Make the folder, for its owner alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def size_bytes(self) -> int:
        """Bytes that wait."""
        return sum(part.stat().st_size for part in self.folder.glob("*/bytes"))

    def keep(self, path: str, source: Path, position: Position) -> int:
        """Copy what `source` has beyond what the archive read (`position`) and the spool holds; how many bytes.

        A file that vanished leaves what was kept of it. Beyond `most_bytes` nothing more is kept: the files themselves
        still wait.
        """
        part = self.folder / sha256(path.encode()).hexdigest()[:32]
        try:
            told, held = _told(part), _held(part)
            start = position.edges.consumed if told is None else int(told["start"])
            return self._copy(path, source, part, start, held)
        except FileNotFoundError:
            return 0

    def drain(self, send: Send) -> Iterator[str]:
        """Hand in what is kept of files that are no longer at their place, and forget the rest; names what was lost.

        Raises TransientError of `send`: what is not handed in yet stays.
        """
        for part in sorted(self.folder.glob("*")):
            told = _told(part)
            if told is not None and _held(part):  # a kill may have come before the first bytes
                path, start = told["path"], told["start"]
                if not _goes_on_with(Path(told["source"]), start, part):
                    yield from self._hand_in(part, path, start, send)
            shutil.rmtree(part)
        self.is_full = False

    def _copy(self, path: str, source: Path, part: Path, start: int, held: int) -> int:
        with source.open("rb") as file:
            file.seek(start + held)
            room = self.most_bytes - self.size_bytes()
            data = file.read(min(PIECE_BYTES, max(room, 0)))
            self.is_full = room <= 0
        if data:
            part.mkdir(exist_ok=True)
            if _told(part) is None:
                _write_whole(part / "told.json", json.dumps({"path": path, "source": str(source), "start": start}))
            with (part / "bytes").open("ab") as kept:
                kept.write(data)
        return len(data)

    def _hand_in(self, part: Path, path: str, start: int, send: Send) -> Iterator[str]:
        size = _held(part)
        [taken] = send([Chunk("", path, start, b"")])  # changes nothing: it asks how far the archive came
        at = taken.position.edges.consumed - start
        if at < 0:
            yield f"{path}: the archive has {start + at} bytes, the spool begins at byte {start}"
            return
        with (part / "bytes").open("rb") as kept:
            while at < size:
                kept.seek(at)
                data = kept.read(PIECE_BYTES)
                [taken] = send([Chunk("", path, start + at, data)])
                moved = taken.position.edges.consumed - start - at
                if moved <= 0:
                    yield f"{path}: the {size - at} bytes from {start + at} on begin with no whole record"
                    return
                at += moved


def _goes_on_with(source: Path, start: int, part: Path) -> bool:
    """Whether a file at its place still has what was kept of it from `start` on, by the last bytes of that."""
    held = _held(part)
    length = min(held, EDGE_BYTES)
    try:
        with source.open("rb") as file, (part / "bytes").open("rb") as kept:
            file.seek(start + held - length)
            kept.seek(held - length)
            return file.read(length) == kept.read(length)
    except FileNotFoundError:
        return False


def _held(part: Path) -> int:
    try:
        return (part / "bytes").stat().st_size
    except FileNotFoundError:
        return 0


def _told(part: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads((part / "told.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _write_whole(path: Path, text: str) -> None:
    """Written aside and moved to its place, so that a kill leaves no half of it."""
    aside = path.with_suffix(".new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
