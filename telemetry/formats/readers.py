"""The reader of each kind of file."""

from collections.abc import Callable
from functools import partial

from telemetry.formats.flatlogs import read_flatlogs
from telemetry.formats.ndjson import read_ndjson
from telemetry.formats.records import Batch
from telemetry.formats.schemas import Bundle

Reader = Callable[..., Batch]  # (data, *, offset)


def reader_for(kind: str, bundle: Bundle | None) -> Reader:
    """What reads bytes of a bintel, binlog or ndjson file. NDJSON needs no bundle."""
    if kind == "ndjson":
        return read_ndjson
    if bundle is None:
        raise ValueError(f"{kind} files are decoded with a schema bundle")
    return partial(read_flatlogs, bundle=bundle)
