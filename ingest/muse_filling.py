"""A view of a MUSE exposure that a person fills in by hand: written as files, which pass the one door."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.domain import muse_views
from archive.errors import UsageError
from archive.models import MuseExposure
from ingest.intake import ingest_file
from ingest.muse_writing import WRITERS
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore


def fill(
    exposure: MuseExposure,
    view: str,
    content: Mapping[str, Any],
    *,
    store: FileStore,
    inspector: Inspector,
    now: datetime,
) -> bool:
    """Let a view of an exposure say this; the fit or the cube of before stays a version of its file.

    Answers False when the view says the same already. Raises UsageError for a view of another shape, and as
    `ingest_file` does.
    """
    if view not in WRITERS:
        raise UsageError(f"there is no view {view!r}: choose of {', '.join(WRITERS)}.")
    if _says(exposure, view, content):
        return False
    with tempfile.TemporaryDirectory(prefix="archive-muse-") as folder:
        for path in WRITERS[view](Path(folder), exposure.name, content, at=now):
            ingest_file(path, store=store, inspector=inspector, now=now)
    exposure.refresh_from_db()
    return True


def _says(exposure: MuseExposure, view: str, content: Mapping[str, Any]) -> bool:
    """Whether a view says all of this already."""
    if view == "data":
        found = muse_views.data_of(exposure)
        return all(_part_of(part, found.get(name)) for name, part in content.items())
    fit = muse_views.fit_of(exposure)
    return bool(content == (muse_views.psf_params_of(fit) if view == "psfParams" else dict(muse_views.sources_of(fit))))


def _part_of(part: Any, found: Any) -> bool:
    """Cards of an archive's own making stand beside those that a person gave."""
    if isinstance(part, Mapping) and isinstance(found, Mapping):
        return all(name in found and found[name] == value for name, value in part.items())
    return bool(part == found)
