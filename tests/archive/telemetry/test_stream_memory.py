"""Streams of telemetry hold the same memory however many records they give."""

import subprocess
import sys

import pytest
from django.db import connection

from tests.processes import ROOT, environment

FEW, MANY = 40_000, 160_000  # two whole row groups of Parquet, and eight
# What the further 120,000 records would take if no more than their messages were held: 150 bytes each, at the least.
FURTHER_BYTES = (MANY - FEW) * 150
PROGRAM = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import django
django.setup()
from archive.api.telemetry_streams import STREAMED
from telemetry.queries.channels import Channels
from telemetry.queries.records import Selection
from telemetry.queries.times import Window, ns_of

def most_held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

start = datetime(2026, 11, 1, tzinfo=UTC)
for n in (int(sys.argv[2]), int(sys.argv[3])):
    window = Window(ns_of(start), ns_of(start + timedelta(seconds=n)))
    answer = STREAMED[sys.argv[1]](Selection(Channels().of(), window), raw=False)
    print(sum(map(len, answer.streaming_content)), most_held())
"""


@pytest.fixture
def many_records(telemetry_tables):
    with connection.cursor() as cursor:
        cursor.execute("SELECT telemetry.ensure_month('2026-11-01Z')")
        cursor.execute("INSERT INTO telemetry.channel (device, event) VALUES ('dev', 'e') RETURNING id")
        [channel] = cursor.fetchone()
        cursor.execute(
            """INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq, msg)
            SELECT timestamptz '2026-11-01Z' + i * interval '1 second', %s, 0, 64, 1, i * 200,
                jsonb_build_object('value', i + 0.5, 'text', md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text))
            FROM generate_series(0, %s - 1) AS i""",
            [channel, MANY],
        )


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_four_times_the_records_take_no_more_memory(many_records, kind):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, str(FEW), str(MANY)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    (few_sent, few_held), (many_sent, many_held) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert many_sent > 3.5 * few_sent, "the second answer is not four times as long"
    assert many_held - few_held < FURTHER_BYTES
