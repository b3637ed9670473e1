"""A process of its own that writes to a local store: `python -m tests.ingest.stores.writer ROOT WORK PATH FILE N`.

Says `ready`, waits for a line, does its work, and says what came of it as JSON.
"""

import json
import sys
from pathlib import Path

from ingest.checksums import digest_of
from ingest.stores.base import Upload
from ingest.stores.local import LocalStore


def put(store: LocalStore, source: Path, path: str, count: int) -> list[str]:
    upload = Upload(path, digest_of(source), "image/fits")
    return [store.put(source, upload).version_id for _ in range(count)]


def put_and_delete(store: LocalStore, source: Path, path: str, count: int) -> list[str]:
    """Leave nothing behind: with each version its folders come and go."""
    upload = Upload(path, digest_of(source), "image/fits")
    for _ in range(count):
        store.delete(path, store.put(source, upload).version_id)
    return []


def adopt(store: LocalStore, source: Path, path: str, count: int) -> list[str]:
    md5 = digest_of(source).md5
    return [store.adopt(path, md5=md5).version_id for _ in range(count)]


def put_from_pipe(store: LocalStore, source: Path, path: str, count: int) -> list[str]:
    """Put what a named pipe gives; the digest of what never ends can not be known, so any will do."""
    digest = digest_of(Path(__file__))
    return [store.put(source, Upload(path, digest, "image/fits")).version_id for _ in range(count)]


WORK = {work.__name__: work for work in (put, put_and_delete, adopt, put_from_pipe)}


def main() -> None:
    root, work, path, source, count = sys.argv[1:]
    store = LocalStore(root=Path(root), base_url="http://archive.example/", signing_key="not a secret")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(WORK[work](store, Path(source), path, int(count))))


if __name__ == "__main__":
    main()
