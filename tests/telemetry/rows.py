"""Rows of telemetry laid down by plain SQL: what the questions are asked of, without any of the code that ingests."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

S = 1_000_000_000
T0 = 1_713_220_200 * S  # 2024-04-15T22:30:00Z


@dataclass
class Rows:
    """Lays down records, each the next of its recording; recordings and channels are made where they are missing."""

    recordings: dict[str, Any] = field(default_factory=dict)
    seqs: dict[int, int] = field(default_factory=dict)

    def say(
        self,
        device: str,
        event: str,
        at_ns: int,
        msg: Any,
        *,
        nonfinite: dict[str, str] | None = None,
        raw: bytes | None = None,
        path: str = "",
        priority: int = 64,
        kind: str = "bintel",
    ) -> tuple[int, int]:
        """One record; gives its name, recording and seq. `msg` None: not decoded."""
        recording = self.recording(device, path=path or f"/opt/telem/{device}_{kind}", kind=kind)
        seq = self.seqs[recording] = self.seqs.get(recording, -100) + 100
        microseconds, ns = divmod(at_ns, 1000)
        self.run("SELECT telemetry.ensure_month(telemetry.moment(%s))", at_ns)
        self.run(
            """INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq, msg, nonfinite, raw)
            VALUES (telemetry.moment(%s), %s, %s, %s, %s, %s, %s, %s, %s)""",
            microseconds * 1000, self.channel(device, event), ns, priority, recording, seq,
            None if msg is None else json.dumps(msg), None if nonfinite is None else json.dumps(nonfinite), raw,
        )  # fmt: skip
        self.run(
            """UPDATE telemetry.recording SET first_ns = least(first_ns, %s), last_ns = greatest(last_ns, %s),
            n_records = n_records + 1 WHERE id = %s""",
            at_ns, at_ns, recording,
        )  # fmt: skip
        return recording, seq

    def recording(self, device: str, *, path: str, kind: str = "bintel", host: str = "icc") -> Any:
        if path not in self.recordings:
            self.recordings[path] = self.run(
                "INSERT INTO telemetry.recording (host, path, device, kind, state) VALUES (%s, %s, %s, %s, 'ok') RETURNING id",
                host, path, device, kind,
            )  # fmt: skip
        return self.recordings[path]

    def file(self, path: str, **columns: Any) -> Any:
        row = {
            "host": "icc", "path": path, "device": "", "kind": "bintel", "created_ns": T0, "modified_ns": T0 + 60 * S,
            "size_bytes": 1000, "ingested_size_bytes": 1000, "ingested_modified_ns": T0 + 60 * S,
        } | columns  # fmt: skip
        return self.insert("file", **row)

    def insert(self, table: str, **columns: Any) -> Any:
        names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
        return self.run(f"INSERT INTO telemetry.{table} ({names}) VALUES ({marks}) RETURNING id", *columns.values())

    def channel(self, device: str, event: str) -> Any:
        self.run(
            "INSERT INTO telemetry.channel (device, event) VALUES (%s, %s) ON CONFLICT (device, event) DO NOTHING",
            device, event,
        )  # fmt: skip
        return self.run("SELECT id FROM telemetry.channel WHERE device = %s AND event = %s", device, event)

    def run(self, question: str, *values: Any) -> Any:
        """First value of the first row, if there is one."""
        with connection.cursor() as cursor:
            cursor.execute(question, values)
            return cursor.fetchone()[0] if cursor.description else None
