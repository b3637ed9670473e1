"""A client that stored its bytes itself: how soon its frame is known everywhere."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from astropy.io import fits
from django.conf import settings
from kombu import Connection, Consumer, Message, Queue
from tqdm import tqdm

from archive.domain.broker import fits_exchange
from archive.models import Thumbnail
from benchmarks import baselines
from benchmarks.report import Figure, latencies_of
from benchmarks.samples import write_frames
from benchmarks.services import PATIENCE_S, Bench, until
from ingest.checksums import digest_of

N_LATENCIES = 50
N_WARMING = 10
LONGEST_PAUSE_S = 0.1
# The headers that fill columns, as the ocs_ingester names them in its body.
COLUMNS = {
    "observation_date": "DATE-OBS",
    "observation_day": "DAY-OBS",
    "proposal_id": "PROPID",
    "instrument_id": "INSTRUME",
    "target_name": "OBJECT",
    "site_id": "SITEID",
    "telescope_id": "TELID",
    "exposure_time": "EXPTIME",
    "primary_optical_element": "FILTER",
    "configuration_type": "OBSTYPE",
    "observation_id": "BLKUID",
    "request_id": "REQNUM",
}
AREA = {"type": "Polygon", "coordinates": [[[202.0, 47.0], [202.0, 47.5], [202.7, 47.5], [202.7, 47.0], [202.0, 47.0]]]}


@dataclass(frozen=True, slots=True)
class Client:
    """Posts as the ocs_ingester does: with a token, and a new connection each time."""

    url: str
    token: str

    def post(self, body: dict[str, Any]) -> int:
        """Post one frame and give its id."""
        headers = {"Authorization": f"Token {self.token}"}
        answer = requests.post(f"{self.url}/frames/", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        frame_id: int = answer.json()["id"]
        return frame_id


@dataclass(frozen=True, slots=True)
class Delays:
    """Times of one frame since its POST began, s."""

    answered_s: float
    announced_s: float
    shown_s: float


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    baseline = baselines.file_synced(bench.store)
    bodies = _bodies(bench, range(N_WARMING + N_LATENCIES))
    with bench.running("web", "relay", "worker"):
        delays = _delays(Client(bench.url, bench.token()), bodies, broker_url=bench.broker_url)[N_WARMING:]
    yield from latencies_of("POST to answer", [delay.answered_s for delay in delays], baseline=baseline)
    yield from latencies_of("POST to message", [delay.announced_s for delay in delays], baseline=baseline)
    yield from latencies_of("POST to previews", [delay.shown_s for delay in delays], baseline=baseline)


def _delays(client: Client, bodies: Sequence[dict[str, Any]], *, broker_url: str) -> list[Delays]:
    """Post frame after frame, each when all is done for the one before and after a pause of random length.

    Without the pause each POST would meet the relay at the same point of its rhythm.
    """
    pauses = random.Random(1)
    found = []
    with Connection(broker_url) as connection, _Listener(connection) as listener:
        for body in tqdm(bodies, desc="posting, one by one", unit="frame", disable=None, leave=False):
            time.sleep(pauses.uniform(0.0, LONGEST_PAUSE_S))
            found.append(_delays_of(client, body, listener))
    return found


def _delays_of(client: Client, body: dict[str, Any], listener: "_Listener") -> Delays:
    started_s = time.perf_counter()
    frame_id = client.post(body)
    answered_s = time.perf_counter() - started_s
    listener.await_frame(frame_id)
    announced_s = time.perf_counter() - started_s
    wanted = len(settings.PREVIEW_SIZES_PX)
    until(lambda: Thumbnail.objects.filter(frame=frame_id).count() == wanted, what=f"previews of frame {frame_id}")
    return Delays(answered_s, announced_s, time.perf_counter() - started_s)


class _Listener:
    """A subscriber of `archived_fits` with a queue of its own. In a `with`."""

    def __init__(self, connection: Connection) -> None:
        self._heard: set[int] = set()
        self._connection = connection
        queue = Queue("bench-listener", exchange=fits_exchange(), exclusive=True, durable=False)
        self._consumer = Consumer(connection, queues=[queue], callbacks=[self._hear], accept=["json"])

    def __enter__(self) -> Self:
        self._consumer.consume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.cancel()

    def await_frame(self, frame_id: int) -> None:
        """Return when the message of this frame has come. Raises TimeoutError if it does not."""
        while frame_id not in self._heard:
            self._connection.drain_events(timeout=PATIENCE_S)

    def _hear(self, body: dict[str, Any], message: Message) -> None:
        self._heard.add(body["frameid"])
        message.ack()


def _bodies(bench: Bench, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Put frames where the ocs_ingester puts them, and give what it posts of them."""
    return [_body(path) for path in write_frames(bench.store / "lsc" / "fa15" / "20250309" / "raw", numbers)]


def _body(path: Path) -> dict[str, Any]:
    header = dict(fits.getheader(path))
    md5 = digest_of(path).md5
    return {
        **{column: header[key] for column, key in COLUMNS.items()},
        "basename": path.name.split(".")[0],
        "reduction_level": 0,
        "public_date": "2026-03-10T01:08:31.456",
        "related_frame_filenames": [],
        "headers": header,
        "area": AREA,
        "version_set": [{"key": md5, "md5": md5, "extension": ".fits"}],
    }
