#!/usr/bin/env python3
"""A download that the archive wrote. Run it with Python 3.8 or newer in the folder where the files shall be.

Run it again to go on where it was cut: what is whole stays, what is begun is resumed. A file gets its name only when
its checksum is right. Exit code: 0 all files are here and right, 1 some are not, 2 it could not begin.
"""

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import List, NamedTuple, Optional  # noqa: UP035 - older Pythons run this

ATTEMPTS = 5
BLOCK_BYTES = 1 << 20
GIVE_UP = {
    401: "this token may not have the file",
    403: "this token may not have the file",
    404: "this token may not have the file (any more)",
    409: "a file is gone: make the script anew",
    410: "expired: make the script anew",
}


class File(NamedTuple):
    name: str
    size_bytes: Optional[int]  # noqa: UP045
    algorithm: str
    checksum: str
    address: str


class GivenUpError(Exception):
    """To try again would change nothing."""


def is_right(path: Path, file: File) -> bool:
    if not path.is_file() or (file.size_bytes is not None and path.stat().st_size != file.size_bytes):
        return False
    digest = hashlib.new(file.algorithm)
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest() == file.checksum


def fetch(part: Path, file: File, token: str) -> None:
    """Get what is missing of a file."""
    held = part.stat().st_size if part.exists() else 0
    if file.size_bytes is not None and held >= file.size_bytes:
        held = 0
    request = urllib.request.Request(file.address)
    if held:
        request.add_header("Range", f"bytes={held}-")
    if token:
        request.add_unredirected_header("Authorization", f"Token {token}")  # for the archive alone
    with urllib.request.urlopen(request, timeout=60) as answer:
        goes_on = held > 0 and (answer.headers.get("Content-Range") or "").startswith(f"bytes {held}-")
        with part.open("ab" if goes_on else "wb") as stream:
            for block in iter(lambda: answer.read(BLOCK_BYTES), b""):
                stream.write(block)


def attempt(part: Path, file: File, token: str) -> bool:
    """Whether the part is whole and right now. Raises GivenUpError when it never will be."""
    if is_right(part, file):
        return True
    try:
        fetch(part, file, token)
    except urllib.error.HTTPError as error:
        if error.code in GIVE_UP:
            raise GivenUpError(f"the archive answers {error.code}: {GIVE_UP[error.code]}") from error
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # more is here than there is
        complain(f"{file.name}: {error}")
        return False
    except (OSError, http.client.HTTPException) as error:
        complain(f"{file.name}: {error}")
        return False
    return is_right(part, file)


def get(file: File, token: str) -> str:
    """Bring a file here; says how it went. Raises GivenUpError when it can not be had."""
    target = Path(file.name)
    if is_right(target, file):
        return "here already"
    part = Path(f"{file.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    n_wrong = 0
    for n_before in range(ATTEMPTS):
        time.sleep(2 * n_before)
        if attempt(part, file, token):
            part.replace(target)
            return "right"
        if part.exists() and (file.size_bytes is None or part.stat().st_size >= file.size_bytes):
            part.unlink()
            n_wrong += 1
            complain(f"{file.name}: what came is not what the archive took in")
        if n_wrong == 2:
            break
    raise GivenUpError(f"not here after {n_before + 1} attempts")


def complain(says: str) -> None:
    print(says, file=sys.stderr, flush=True)


def main(files: List[File], *, is_private: bool, left_out: int) -> int:  # noqa: UP006
    token = os.environ.get("ARCHIVE_TOKEN", "") if is_private else ""
    if is_private and not token:
        complain(
            "These files are not public. Put your token into the environment, ARCHIVE_TOKEN=..., and run this again."
        )
        return 2
    n_failed = 0
    for number, file in enumerate(files, start=1):
        try:
            print(f"[{number}/{len(files)}] {file.name}: {get(file, token)}", flush=True)
        except (GivenUpError, OSError) as error:
            n_failed += 1
            complain(f"[{number}/{len(files)}] {file.name}: FAILED, {error}")
    if left_out:
        complain(f"{left_out} files are known to be damaged in the archive and were left out.")
    if n_failed:
        complain(f"{n_failed} of {len(files)} files FAILED: run this again.")
        return 1
    print(f"All {len(files)} files are here and right.")
    return 0
