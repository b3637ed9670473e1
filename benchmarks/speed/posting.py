"""Frames that a client posts into a full archive: small files, because the figure is about the metadata."""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive.errors import FatalError
from archive.models import Frame
from benchmarks.population.headers import header_json
from benchmarks.population.world import LAST_NIGHT
from benchmarks.speed.asks import Readers, Session
from benchmarks.speed.measuring import Cell, cell_of

N_WARMING = 40
N_ONE_BY_ONE = 200
N_AT_ONCE = 400
N_CLIENTS = 4
FILE_BYTES = 2880
NIGHT = LAST_NIGHT + timedelta(days=1)
AREA = {"type": "Polygon", "coordinates": [[[202.0, 47.0], [202.0, 47.5], [202.7, 47.5], [202.7, 47.0], [202.0, 47.0]]]}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """How long one client waits for one frame, and how many frames a second some clients post."""

    one: Cell
    many: Cell


def measure_posts(url: str, store: Path, readers: Readers) -> Posted:
    bodies = _bodies(store, N_WARMING + N_ONE_BY_ONE + N_AT_ONCE)
    session = Session(url, readers)
    for body in bodies[:N_WARMING]:
        session.post("/frames/", body)
    one_by_one = bodies[N_WARMING : N_WARMING + N_ONE_BY_ONE]
    before = Frame.objects.listed().count()
    posted = Posted(
        cell_of([_time_of(session, body) for body in one_by_one]),
        _rate(url, readers, bodies[N_WARMING + N_ONE_BY_ONE :]),
    )
    held = Frame.objects.listed().count() - before
    if held != N_ONE_BY_ONE + N_AT_ONCE:
        raise FatalError(f"{held} frames are new in the archive, {N_ONE_BY_ONE + N_AT_ONCE} were posted.")
    return posted


def _time_of(session: Session, body: Body) -> float:
    started_s = time.perf_counter()
    session.post("/frames/", body)
    return time.perf_counter() - started_s


def _rate(url: str, readers: Readers, bodies: Sequence[Body]) -> Cell:
    def post(number: int) -> None:
        session = Session(url, readers)
        for body in bodies[number::N_CLIENTS]:
            session.post("/frames/", body)

    started_s = time.perf_counter()
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        list(pool.map(post, range(N_CLIENTS)))
    return Cell(len(bodies) / (time.perf_counter() - started_s))


def _bodies(store: Path, n: int) -> list[Body]:
    """A raw frame and its product in turn; the product names its raw frame and three masters of the archive."""
    masters = list(
        Frame.objects.filter(basename__contains="-bin1x1").order_by("-pk").values_list("basename", flat=True)[:3]
    )
    bodies = [_body(store, number // 2, masters if number % 2 else []) for number in range(n)]
    os.sync()
    return bodies


def _body(store: Path, number: int, masters: Sequence[str]) -> Body:
    day = f"{NIGHT:%Y%m%d}"
    name = f"lsc1m005-fa15-{day}-{number:04d}"
    basename = f"{name}-e91" if masters else f"{name}-e00"
    md5 = _write_file(store / "lsc" / "fa15" / day / ("processed" if masters else "raw") / f"{basename}.fits.fz")
    columns = {
        "observation_date": f"{NIGHT:%Y-%m-%d}T{number // 60 % 24:02d}:{number % 60:02d}:07.250",
        "observation_day": day,
        "public_date": f"{NIGHT.replace(year=NIGHT.year + 1):%Y-%m-%d}T00:00:00",
        "proposal_id": "LCO2026B-001",
        "instrument_id": "fa15",
        "target_name": f"M {number % 110}",
        "site_id": "lsc",
        "telescope_id": "1m0a",
        "exposure_time": 60.0,
        "primary_optical_element": "rp",
        "configuration_type": "EXPOSE",
        "observation_id": 1_500_000_000 + number // 4,
        "request_id": 1_500_000_000 + number // 8,
        "reduction_level": 91 if masters else 0,
    }
    return {
        **columns,
        "basename": basename,
        "related_frame_filenames": [f"{name}-e00", *masters] if masters else [],
        "headers": json.loads(header_json('"USERID": "observer001"', instrument="fa15", number=number)),
        "area": AREA,
        "version_set": [{"key": md5, "md5": md5, "extension": ".fits.fz"}],
    }


def _write_file(path: Path) -> str:
    content = os.urandom(FILE_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
