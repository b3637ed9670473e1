"""`fetch DEVICE KEY START END`: what the original gave as a Python helper, as CSV."""

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice
from typing import Any

from telemetry.cli.main import DONE, Session
from telemetry.queries.channels import Channels
from telemetry.queries.keys import key_of
from telemetry.queries.records import Record, Selection, stream
from telemetry.queries.times import Window, ns_of


def fetch(session: Session, asked: Namespace) -> int:
    """Time, event and value of each record of the device that has the key, in order of time.

    Numbers that are none stand as nan, inf or -inf.
    """
    channels = Channels(using=session.using).of([asked.device], [asked.event] if asked.event else [])
    window = Window(ns_of(asked.start), ns_of(asked.end))
    key = key_of(asked.key)
    rows = _valued(stream(Selection(channels, window, (key,), using=session.using)), str(key))
    writer = csv.writer(sys.stdout)
    writer.writerow(["ts", "device", "event", asked.key])
    for record, value in islice(rows, asked.limit or session.config.limit):
        writer.writerow([record.ts, record.channel.device, record.channel.event, value])
    return DONE


def _valued(records: Iterator[Record], key: str) -> Iterator[tuple[Record, Any]]:
    for record in records:
        value = record.values[0]
        if value is None:
            value = record.nonfinite.get(key)
        if value is not None:
            yield record, json.dumps(value) if isinstance(value, dict | list | bool) else value
