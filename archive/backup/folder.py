"""The folder of one backup: made whole or not at all, readable by its owner only, and checked before it is used."""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.backup.progress import Bars
from archive.errors import FatalError, UsageError

FORMAT = 1
DUMP, MANIFEST, FACTS = "database.dump", "store.ndjson.gz", "backup.json"
PARTIAL = ".partial-"
BLOCK_BYTES = 1 << 20
ANOTHER = "Take another backup, or bring this folder anew from where it was copied"


@dataclass(frozen=True, slots=True)
class Backup:
    """A folder whose facts were read."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def dump(self) -> Path:
        return self.folder / DUMP

    @property
    def manifest(self) -> Path:
        return self.folder / MANIFEST


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A place to work in below `folder`; what lies there is taken over by `finish`, else removed.

    Raises UsageError unless `folder` is empty, or not there and can be made.
    """
    made = _claimed(folder)
    work = folder / f"{PARTIAL}{secrets.token_hex(4)}"
    work.mkdir(mode=0o700)
    try:
        yield work
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _claimed(folder: Path) -> bool:
    """Whether the folder was made just now."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        pass
    except OSError as error:
        raise UsageError(f"{folder} can not be made: {error.strerror}.") from error
    else:
        return True
    try:
        there = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise UsageError(f"{folder} can not be used: {error.strerror}.") from error
    if any(name.startswith(PARTIAL) for name in there):
        raise UsageError(f"{folder} holds a backup that is under way or was broken off: remove it, or name another.")
    if there:
        raise UsageError(f"{folder} is not empty: name a folder that is, or one that is not there yet.")
    with suppress(PermissionError):  # a mounted folder of somebody else; the files are closed all the same
        folder.chmod(0o700)
    return False


def finish(work: Path, facts: Mapping[str, Any], *, bars: Bars) -> None:
    """Give the folder its files, with their checksums, the facts last: without these it is no backup."""
    files = {name: _facts_of(work / name, bars) for name in (DUMP, MANIFEST)}
    told = {"format": FORMAT, **facts, "files": files}
    text = json.dumps({**told, "sha256": _seal(told)}, indent=2, sort_keys=True, ensure_ascii=False)
    (work / FACTS).write_text(f"{text}\n", encoding="utf-8")
    for name in (*files, FACTS):
        (work / name).chmod(0o600)
        _to_disk(work / name)
    for name in (*files, FACTS):
        (work / name).rename(work.parent / name)
        _to_disk(work.parent)
    work.rmdir()


def opened(folder: Path, *, bars: Bars) -> Backup:
    """A backup that is whole: every file there, with the checksums that it had.

    Raises UsageError for what is no backup or one of a later archive, FatalError for a damaged one.
    """
    facts = _read_facts(folder)
    for name, told in facts["files"].items():
        path = folder / name
        if not path.is_file():
            raise FatalError(f"The backup lacks {path}. {ANOTHER}.")
        if path.stat().st_size != told["size_bytes"]:
            raise FatalError(f"{path} has {path.stat().st_size} bytes, not {told['size_bytes']}. {ANOTHER}.")
        if _facts_of(path, bars)["sha256"] != told["sha256"]:
            raise FatalError(f"{path} is damaged: its SHA-256 is not that of the backup. {ANOTHER}.")
    return Backup(folder, facts)


def _read_facts(folder: Path) -> dict[str, Any]:
    path = folder / FACTS
    if not path.is_file():
        partial = any(folder.glob(f"{PARTIAL}*"))
        why = "a backup there was broken off" if partial else "it is none, or not all of it was copied"
        raise UsageError(f"There is no backup in {folder} ({FACTS} is missing): {why}.")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        version, seal = facts["format"], facts.pop("sha256")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FatalError(f"{path} is damaged: {error!r}. {ANOTHER}.") from error
    if isinstance(version, int) and version > FORMAT:
        raise UsageError(f"{path} has the format {version}, and this archive knows up to {FORMAT}: bring a newer one.")
    if seal != _seal(facts) or facts["files"].keys() != {DUMP, MANIFEST}:
        raise FatalError(f"{path} is damaged: it is not what was written. {ANOTHER}.")
    return dict(facts)


def _seal(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _facts_of(path: Path, bars: Bars) -> dict[str, Any]:
    digest, size_bytes = hashlib.sha256(), path.stat().st_size
    with path.open("rb") as stream, bars(f"Checksum of {path.name}", size_bytes, "B") as seen:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
            seen(len(block))
    return {"size_bytes": size_bytes, "sha256": digest.hexdigest()}


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
