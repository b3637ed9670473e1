"""Telemetry: how fast files become rows, how soon what is written can be read, how fast the archive answers of it."""

from collections.abc import Iterator
from importlib import import_module

from benchmarks.report import Figure
from benchmarks.services import Bench

PARTS = ("ingest", "inventory", "live", "queries")


def measure(bench: Bench) -> Iterator[Figure]:
    for name in PARTS:
        yield from import_module(f"benchmarks.telemetry.{name}").measure(bench)
