"""Science rows beside the data: one document in the store for each frame, observation and night, and a few lists.

A document holds the rows of its subject as lines of JSON. It is written after what it tells was committed.
"""

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from archive.domain.science.tables import BY_NAME, Row
from archive.domain.science.told import line_of, row_of, told
from archive.models import Frame, Proposal
from ingest.checksums import digest_of
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import ROWS_PREFIX

CONTENT_TYPE = "application/x-ndjson"
FRAMES, OBSERVATIONS, NIGHTS, LISTS = (
    f"{ROWS_PREFIX}{name}/" for name in ("frames", "observations", "nights", "lists")
)
ACCOUNTS = f"{LISTS}accounts.ndjson"
# Tables whose rows are of one frame: the path from these to its name, and the column that tells it.
OF_FRAME = {
    "frame": ("basename", "basename"),
    "headers": ("frame__basename", "frame"),
    "version": ("frame__basename", "frame"),
    "thumbnail": ("frame__basename", "frame"),
    "relation": ("derived__basename", "derived"),
    "tombstone": ("name", "name"),
}
# Tables whose rows are of one observation, or of one night's calibrations: the path from these to the product.
OF_PRODUCTS = {
    "product": "",
    **dict.fromkeys(("product_file", "strehl", "seeing", "contrast", "companion"), "product__"),
}
MUSE_ROWS = ("muse_target", "muse_target_name", "muse_exposure")
OF_LISTS = {"proposals": ("proposal",), "psf_library": ("psf_library_version",), "muse": MUSE_ROWS}


@dataclass(frozen=True, slots=True)
class Document:
    """Where a subject's rows are kept, and its lines; none when the subject is gone."""

    path: str
    content: bytes


def path_of_frame(basename: str) -> str:
    """Names hold anything, and are long: the path has their SHA-256."""
    digest = hashlib.sha256(basename.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{FRAMES}{digest[:2]}/{digest}.ndjson"


def of_frames(basenames: Collection[str]) -> Iterator[Document]:
    """Documents of these frames, in a few statements however many they are."""
    lines: dict[str, list[bytes]] = {basename: [] for basename in basenames}
    exposures = BY_NAME["exposure"]
    frames = Frame.objects.filter(basename__in=lines, exposure__in=exposures.rows).select_related("exposure")
    for frame in frames:
        lines[frame.basename].append(line_of(row_of(exposures, frame.exposure)))
    for name, (path, column) in OF_FRAME.items():
        table = BY_NAME[name]
        for row in told(table, table.rows.filter(**{f"{path}__in": lines}), with_ids=True):
            lines[row[column]].append(line_of(row))
    for basename, found in lines.items():
        yield Document(path_of_frame(basename), b"".join(found))


def path_of_observation(name: str, night: date) -> str:
    return f"{OBSERVATIONS}{night:%Y%m%d}/{name}.ndjson"


def of_observation(name: str, night: date) -> Document:
    of_it = {table: Q(**{f"{path}observation__name": name}) for table, path in OF_PRODUCTS.items()}
    own = {"observation": Q(name=name), "raw_file": Q(observation__name=name)}
    rows = {**own, **of_it, "psf_member": Q(observation__name=name)}
    return Document(path_of_observation(name, night), _lines(rows))


def of_night(night: date) -> Document:
    of_it = {table: Q(**{f"{path}observation": None, f"{path}night": night}) for table, path in OF_PRODUCTS.items()}
    rows = {"raw_file": Q(observation=None, night=night), **of_it}
    return Document(f"{NIGHTS}{night:%Y%m%d}.ndjson", _lines(rows))


def lists() -> Iterator[Document]:
    """What is kept whole, because it is short."""
    for name, tables in OF_LISTS.items():
        yield Document(f"{LISTS}{name}.ndjson", _lines({table: Q() for table in tables}))
    yield Document(ACCOUNTS, accounts())


def _lines(conditions: Mapping[str, Q]) -> bytes:
    """Rows of these tables that are so."""
    tables = ((BY_NAME[name], condition) for name, condition in conditions.items())
    return b"".join(
        line_of(row) for table, condition in tables for row in told(table, table.rows.filter(condition), with_ids=True)
    )


def accounts() -> bytes:
    """Users and the programmes that they hold, without passwords and tokens: those are set anew."""
    lines = []
    for user in User.objects.order_by("username"):
        columns = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
        held = Proposal.objects.filter(members=user).order_by("pk").values_list("pk", flat=True)
        lines.append(line_of({"row": "user", **{name: getattr(user, name) for name in columns}, "holds": list(held)}))
    return b"".join(lines)


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
