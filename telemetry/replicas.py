"""Copies of files at locations: made where they are not, or are not as their origin is now."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import connections

from telemetry.errors import ConflictError, TransientError, UsageError
from telemetry.filecopy import Copied, copy_file, sha256_of
from telemetry.listing import path_text
from telemetry.locations import Place, Waiting, copy_place, must_be_mounted, waiting_for

_BATCH = 1000
Told = Callable[[int], object]


def silent(_bytes: int) -> None: ...


@dataclass(slots=True)
class Synced:
    """What one sync did. `failed` are sentences; their files are tried again the next time."""

    copied: int = 0
    size_bytes: int = 0
    failed: list[str] = field(default_factory=list)


def sync(
    place: Place,
    *,
    host: str,
    command: Sequence[str] = (),
    limit: int | None = None,
    told: Told = silent,
    using: str = "default",
) -> Synced:
    """Copy the files of this computer (`host`) that the location has not, or has as they were before.

    Files that are gone are not looked at: a copy that is the last one is never written over. For a location on another
    computer the files are handed to `command`, see `_hand_over`.

    Raises TransientError while the disk is not mounted or full, UsageError if a remote location has no command.
    """
    if not place.is_local:
        return _sync_remote(place, host, command, limit, using)
    must_be_mounted(place, to_write=True)
    done = Synced()
    for file in waiting(place, host, limit, using):
        _copy_one(place, file, done, using)
        told(file.size_bytes)
    return done


def waiting(place: Place, host: str, limit: int | None, using: str) -> Iterator[Waiting]:
    """Files of a host that wait for a location, oldest rows first, at most `limit`."""

    def all_of_them() -> Iterator[Waiting]:
        after = 0
        while batch := waiting_for(place, host=host, after=after, limit=_BATCH, using=using):
            yield from batch
            after = batch[-1].id

    return islice(all_of_them(), limit)


def _copy_one(place: Place, file: Waiting, done: Synced, using: str) -> None:
    target = copy_place(place.prefix, file.host, file.raw)
    try:
        copied = copy_file(Path(os.fsdecode(file.raw)), target)
    except ConflictError as error:
        done.failed.append(str(error))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            raise TransientError(f"{place.prefix}: {error.strerror}. {done.copied} files were copied.") from error
        done.failed.append(f"{file.path} was not copied: {error.strerror}.")
    else:
        record_copy(place, file.id, target, copied, using)
        done.copied += 1
        done.size_bytes += copied.size_bytes


def record_copy(place: Place, file_id: int, path: Path, copied: Copied, using: str) -> None:
    """A row that says of what the copy of a file was made."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            """INSERT INTO telemetry.replica AS known
                (location_id, file_id, path, origin_modified_ns, origin_size_bytes, sha256)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (location_id, file_id) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256,
                origin_modified_ns = excluded.origin_modified_ns, origin_size_bytes = excluded.origin_size_bytes,
                state = 'ok', copied_at = now(), verified_at = NULL""",
            [place.id, file_id, path_text(os.fsencode(path))[0], copied.modified_ns, copied.size_bytes, copied.sha256],
        )


def _sync_remote(place: Place, host: str, command: Sequence[str], limit: int | None, using: str) -> Synced:
    if not command:
        raise UsageError(
            f'{place.name} is another computer. Set how files get there: [replicas."{place.prefix}"] '
            'command = ["rsync", "-a", "--from0", "--files-from={list}", "/", "popeye:/folder/{host}/"]'
        )
    done = Synced()
    files = {}
    for file in waiting(place, host, limit, using):
        try:
            files[file] = sha256_of(Path(os.fsdecode(file.raw)))
        except OSError as error:
            done.failed.append(f"{file.path} was not copied: {error.strerror}.")
    if files:
        _hand_over(command, host, files)
    for file, before in files.items():
        if _is_still(file, before):
            record_copy(place, file.id, copy_place(place.prefix, host, file.raw), before, using)
            done.copied += 1
            done.size_bytes += before.size_bytes
        else:
            done.failed.append(f"{file.path} changed while it was copied: the next sync copies it.")
    return done


def _hand_over(command: Sequence[str], host: str, files: Iterable[Waiting]) -> None:
    """Run the command that copies. In it {list} is the name of a list of paths, each ended by NUL, and {host} the host.

    That it ends with 0 is all that is known of the copies. Raises TransientError if it does not.
    """
    with tempfile.NamedTemporaryFile(prefix="xtelemdb-") as paths:
        paths.write(b"".join(file.raw + b"\0" for file in files))
        paths.flush()
        words = [word.replace("{list}", paths.name).replace("{host}", host) for word in command]
        try:
            ended = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)  # noqa: S603
        except OSError as error:
            raise UsageError(f"{words[0]} can not be run: {error.strerror}.") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines()[-1:] or ["It said nothing."]
        raise TransientError(f"{words[0]} ended with {ended.returncode}; nothing is recorded. {said[0]}")


def _is_still(file: Waiting, before: Copied) -> bool:
    try:
        seen = Path(os.fsdecode(file.raw)).stat()
    except OSError:
        return False
    return (seen.st_size, seen.st_mtime_ns) == (before.size_bytes, before.modified_ns)
