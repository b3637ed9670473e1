"""Frames in the database, made through the archive's own door for rows."""

import itertools
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from archive.domain.frames import NewVersion, register_frame
from archive.domain.objects import NewObject
from archive.models import Frame
from ingest.checksums import digest_of
from ingest.headers.record import FrameRecord
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import key_for

COUNTER = itertools.count(1)
OBSERVED_AT = datetime(2025, 3, 10, 1, 8, 31, tzinfo=UTC)


@dataclass
class FrameFactory:
    """`frame_factory(site_id="cpt", public_date=None, content=b"…")` gives a frame with bytes in the store."""

    store: FileStore
    defaults: dict[str, Any] = field(
        default_factory=lambda: {
            "extension": ".fits.fz",
            "observation_date": OBSERVED_AT,
            "observation_day": date(2025, 3, 9),
            "public_date": datetime(2026, 3, 10, tzinfo=UTC),
            "configuration_type": "EXPOSE",
            "proposal_id": "PROP001",
            "site_id": "lsc",
            "telescope_id": "1m0a",
            "instrument_id": "fa15",
            "target_name": "M 51",
            "primary_optical_element": "rp",
            "exposure_time": 60.0,
            "headers": {"OBJECT": "M 51", "SITEID": "lsc"},
        }
    )

    def __call__(self, *, content: bytes | None = None, versions: int = 1, **changes: Any) -> Frame:
        number = next(COUNTER)
        values = {"basename": f"lsc1m005-fa15-20250309-{number:04d}-e00", **self.defaults, **changes}
        record = FrameRecord(**values)
        new = [self._stored(record, content or f"bytes {number} {turn}".encode()) for turn in range(versions)]
        with transaction.atomic():
            return register_frame(record=record, versions=new, at=OBSERVED_AT).frame

    def _stored(self, record: FrameRecord, content: bytes) -> NewVersion:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file")
            path.write_bytes(content)
            digest = digest_of(path)
            stored = self.store.put(path, Upload(key_for(record), digest, "image/fits"))
        new = NewObject(self.store.name, stored.path, stored.version_id, digest.md5, digest)
        return NewVersion(new, record.extension)
