"""The public ocs_ingester, run as observatories run it: in its own environment, against a server that is told."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from archive.errors import FatalError
from deploy.local.venvs import OCS_INGESTER, require_test_tools

SCRIPT = Path(__file__).with_name("in_ocs_venv.py")
PATIENCE_S = 120.0
# Swift knows no storage class for infrequent access.
NEVER_INFREQUENT = {"S3_DAYS_TO_IA_STORAGE": "36500"}
NO_METRICS = {"OPENTSDB_PYTHON_METRICS_TEST_MODE": "True"}


def require_ocs_ingester() -> None:
    """Skip the test where the ingester can not be installed."""
    try:
        require_test_tools()
    except FatalError as error:
        pytest.skip(f"the ocs_ingester can not be installed: {error}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file, and the metadata that an observatory gives with it."""

    path: Path
    file_metadata: Mapping[str, Any] | None = None
    is_thumbnail: bool = False
    thumbnail_size: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ingester said of one file; `refusal` is the name of its error, empty when the file is in."""

    refusal: str
    message: str


@dataclass(frozen=True, slots=True)
class OcsIngester:
    """`settings` are the environment of the ingester, and all of it."""

    settings: Mapping[str, str]

    def upload(self, *uploads: Upload) -> list[Answer]:
        """Hand over files one after the other, by the ingester's Python interface."""
        wanted = json.dumps([asdict(upload) | {"path": str(upload.path)} for upload in uploads])
        done = self._run("python", str(SCRIPT), stdin=wanted)
        assert done.returncode == 0, done.stderr
        return [Answer(**answer) for answer in json.loads(done.stdout)]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `ocs_ingest_frame`."""
        return self._run("ocs_ingest_frame", *arguments)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(OCS_INGESTER / "bin" / program), *arguments],
            input=stdin,
            env={"PATH": os.environ["PATH"], **NO_METRICS, **NEVER_INFREQUENT, **self.settings},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


class RecordingArchive(ThreadingHTTPServer):
    """Plays an archive that holds nothing and takes everything; `bodies` are what was posted, in order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Recorder)
        self.bodies: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Recorder(BaseHTTPRequestHandler):
    server: RecordingArchive

    def do_GET(self) -> None:
        self._answer(200, {"count": 0, "next": None, "previous": None, "results": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self._answer(201, {**body, "id": len(self.server.bodies), "filename": body["basename"], "url": ""})

    def log_message(self, *_: object) -> None:
        """Stay silent: pytest's own output is what people read."""

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def recording_archive() -> Iterator[RecordingArchive]:
    with RecordingArchive() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
