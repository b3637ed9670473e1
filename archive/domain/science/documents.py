"""Science rows beside the data: one document in the store for each frame, observation and night, and a few lists.

A document holds the rows of its subject as lines of JSON. It is written after what it tells was committed.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from archive.domain.science.tables import BY_NAME, Row
from archive.domain.science.told import line_of, told
from archive.models import Proposal
from ingest.checksums import digest_of
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import ROWS_PREFIX

CONTENT_TYPE = "application/x-ndjson"
FRAMES, OBSERVATIONS, NIGHTS, LISTS = (
    f"{ROWS_PREFIX}{name}/" for name in ("frames", "observations", "nights", "lists")
)
# Tables whose rows are of one frame, and the path from these to its name.
OF_FRAME = {
    "frame": "basename",
    "headers": "frame__basename",
    "version": "frame__basename",
    "thumbnail": "frame__basename",
    "relation": "derived__basename",
    "tombstone": "name",
}
# The same of one observation, or of one night's calibrations and exposures that are of none: path to the product or
# raw file that is of it.
OF_PRODUCTS = {"product": "", "product_file": "product__", "strehl": "product__", "seeing": "product__"}
OF_LISTS = {"proposals": ("proposal",)}


@dataclass(frozen=True, slots=True)
class Document:
    """Where a subject's rows are kept, and what they are."""

    path: str
    rows: tuple[tuple[str, Q], ...]  # table and condition

    def content(self) -> bytes:
        """Its lines; none when the subject is gone."""
        return b"".join(line_of(row) for row in self._told())

    def _told(self) -> Iterator[Row]:
        for name, condition in self.rows:
            table = BY_NAME[name]
            yield from told(table, table.rows.filter(condition), with_ids=True)


def of_frame(basename: str) -> Document:
    """Names may be longer than a store's path, and hold anything: the path has their SHA-256."""
    digest = hashlib.sha256(basename.encode("utf-8", "surrogatepass")).hexdigest()
    exposure = ("exposure", Q(frames__basename=basename))
    rows = tuple((table, Q(**{path: basename})) for table, path in OF_FRAME.items())
    return Document(f"{FRAMES}{digest[:2]}/{digest}.ndjson", (exposure, *rows))


def of_observation(name: str, night: date) -> Document:
    of_it = {table: Q(**{f"{path}observation__name": name}) for table, path in OF_PRODUCTS.items()}
    rows = {"observation": Q(name=name), "raw_file": Q(observation__name=name), **of_it}
    return Document(f"{OBSERVATIONS}{night:%Y%m%d}/{name}.ndjson", tuple(rows.items()))


def of_night(night: date) -> Document:
    of_it = {table: Q(**{f"{path}observation": None, f"{path}night": night}) for table, path in OF_PRODUCTS.items()}
    rows = {"raw_file": Q(observation=None, night=night), **of_it}
    return Document(f"{NIGHTS}{night:%Y%m%d}.ndjson", tuple(rows.items()))


def lists() -> Iterator[Document]:
    """What is kept whole, because it is short."""
    for name, tables in OF_LISTS.items():
        yield Document(f"{LISTS}{name}.ndjson", tuple((table, Q()) for table in tables))


def accounts() -> bytes:
    """Users and the programmes that they hold, without passwords and tokens: those are set anew."""
    lines = []
    for user in User.objects.order_by("username"):
        columns = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
        held = Proposal.objects.filter(members=user).order_by("pk").values_list("pk", flat=True)
        lines.append(line_of({"row": "user", **{name: getattr(user, name) for name in columns}, "holds": list(held)}))
    return b"".join(lines)


ACCOUNTS = f"{LISTS}accounts.ndjson"


def write(store: FileStore, path: str, content: bytes) -> bool:
    """Let the store have this, and nothing else, under a path; nothing where the content is empty.

    Answers whether anything changed. What is there already is compared, so that to repeat it writes nothing.
    """
    held = store.versions(path)
    if content and held and held[0].size_bytes == len(content):
        newest = held[0]
        same = b"".join(store.stream(path, newest.version_id)) == content
        if same:
            held, content = held[1:], b""
        if same and not held:
            return False
    if content:
        _put(store, path, content)
    for version in held:
        store.delete(path, version.version_id)
    return bool(content or held)


def read(store: FileStore, path: str) -> bytes:
    """The newest content of a path; empty where there is none."""
    held = store.versions(path)
    return b"".join(store.stream(path, held[0].version_id)) if held else b""


def rows_in(content: bytes) -> Iterable[Row]:
    """Lines as rows. Raises ValueError for what is no JSON."""
    return [_row(line) for line in content.splitlines() if line]


def _row(line: bytes) -> Any:
    found = json.loads(line)
    if not isinstance(found, dict) or "row" not in found:
        raise ValueError("a line is no row")
    return found


def _put(store: FileStore, path: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "rows.ndjson")
        local.write_bytes(content)
        store.put(local, Upload(path, digest_of(local), CONTENT_TYPE))
