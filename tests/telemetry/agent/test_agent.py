"""The process on an instrument computer: what it missed, what comes, and what it keeps while the archive is away."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from django.db import connection

from telemetry.agent.archive import Archive
from telemetry.agent.metrics import Metrics, serve
from telemetry.agent.spool import Spool
from telemetry.chunks import Position, Taken
from telemetry.continuity import Edges
from telemetry.errors import UsageError


def line(number: int) -> bytes:
    return b'{"ts": "2024-04-15T22:30:%02d.%09d", "prio": "TELM", "ec": "indi", "msg": {"n": %d}}\n' % (
        number // 1000 % 60,
        number,
        number,
    )


def numbers() -> list[int]:
    """What is stored, in the order of sequence numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (msg ->> 'n')::int FROM telemetry.record ORDER BY recording_id, seq")
        return [number for (number,) in cursor.fetchall()]


def one(question: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def until(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def test_what_was_written_before_the_agent_began_comes_first(folder, make_agent, running):
    (folder / "py").mkdir()
    (folder / "py" / "py_2024-04-15T223000.ndjson").write_bytes(b"".join(map(line, range(500))))
    (folder / "py" / "py_2024-04-14T223000.ndjson.gz").write_bytes(gzip.compress(b"".join(map(line, range(500, 600)))))
    running(make_agent())
    until(lambda: len(numbers()) == 600)
    assert sorted(numbers()) == [*range(600)]
    until(lambda: one("SELECT count(*) FROM telemetry.file WHERE ingested_size_bytes = size_bytes") == 2)


def test_lines_come_as_they_are_written_and_new_files_too(folder, make_agent, running):
    path = folder / "py_2024-04-15T223000.ndjson"
    path.write_bytes(line(0))
    running(make_agent())
    until(lambda: numbers() == [0])
    with path.open("ab") as file:
        file.write(line(1) + line(2)[:30])
        file.flush()
        until(lambda: numbers() == [0, 1])
        file.write(line(2)[30:])
    until(lambda: numbers() == [0, 1, 2])
    (folder / "new").mkdir()
    (folder / "new" / "dev_2024-04-15T223500.ndjson").write_bytes(line(3))
    until(lambda: numbers() == [0, 1, 2, 3])


def test_a_file_that_is_replaced_by_its_compressed_one_comes_once(folder, make_agent, running):
    path = folder / "py_2024-04-15T223000.ndjson"
    path.write_bytes(line(0) + line(1))
    running(make_agent())
    until(lambda: numbers() == [0, 1])
    path.with_suffix(".ndjson.gz").write_bytes(gzip.compress(line(0) + line(1) + line(2)))
    path.unlink()
    until(lambda: numbers() == [0, 1, 2])


def test_an_agent_tells_of_its_own_host_whatever_it_says(folder, make_agent, running):
    (folder / "py_2024-04-15T223000.ndjson").write_bytes(line(0))
    running(make_agent())
    until(lambda: numbers() == [0])
    assert one("SELECT string_agg(DISTINCT host, ',') FROM telemetry.file") == "icc"
    assert one("SELECT string_agg(DISTINCT host, ',') FROM telemetry.recording") == "icc"


def test_a_token_that_nobody_made_is_told_so(live_server, telemetry_tables):
    with pytest.raises(UsageError, match=r"401.*xtelemdb token"):
        Archive(live_server.url, "invented").begin()


@pytest.fixture
def gate(live_server) -> "Iterator[Gate]":
    made = Gate(live_server.url)
    yield made
    made.close()


class Gate:
    """A way to the archive that can be closed: what is closed refuses connections."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._to = (host, int(port))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._listening: socket.socket | None = None
        self._open: list[socket.socket] = []

    def open(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=[self._listening], daemon=True).start()

    def close(self) -> None:
        if self._listening:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        for each in self._open:
            with contextlib.suppress(OSError):  # the other side may have hung up
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            self._open += [near, far]
            for one_way, other in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=[one_way, other], daemon=True).start()


def _pass_on(from_: socket.socket, to: socket.socket) -> None:
    try:
        while data := from_.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (from_, to):
            each.close()


def test_what_is_written_while_the_archive_is_away_comes_even_if_its_file_is_cleared(
    folder, tmp_path, make_agent, running, gate
):
    kept, cleared = folder / "a_2024-04-15T223000.ndjson", folder / "b_2024-04-15T223000.ndjson"
    kept.write_bytes(line(0))
    cleared.write_bytes(line(100))
    gate.open()
    agent = make_agent(gate.url)
    running(agent)
    until(lambda: agent.metrics.records_total == 2)  # stored, and the answer has come
    gate.close()
    with kept.open("ab") as file:
        file.write(line(1) + line(2))
    with cleared.open("ab") as file:
        file.write(line(101) + line(102)[:20])
        file.flush()
        until(lambda: agent.metrics.spool_bytes > 0)
        file.write(line(102)[20:])
    until(lambda: agent.metrics.spool_bytes == len(line(1) + line(2) + line(101) + line(102)))
    cleared.unlink()
    gate.open()
    until(lambda: sorted(numbers()) == [0, 1, 2, 100, 101, 102])
    until(lambda: agent.metrics.spool_bytes == 0)
    assert agent.metrics.outages_total == 1


def test_a_compressed_file_that_comes_while_the_archive_is_away_is_not_spooled(folder, make_agent, running, gate):
    plain, packed = folder / "a_2024-04-15T223000.ndjson", folder / "b_2024-04-15T223000.ndjson.gz"
    plain.write_bytes(line(0))
    gate.open()
    agent = make_agent(gate.url)
    running(agent)
    until(lambda: agent.metrics.records_total == 1)
    gate.close()
    packed.write_bytes(gzip.compress(line(1)))
    with plain.open("ab") as file:
        file.write(line(2))
    until(lambda: agent.metrics.files_waiting == 2 and agent.metrics.spool_bytes > 0)
    assert agent.metrics.spool_bytes == len(line(2))
    packed.unlink()  # its bytes are no lines: what was kept of them would be damage
    gate.open()
    until(lambda: sorted(numbers()) == [0, 2])
    assert one("SELECT count(*) FROM telemetry.damage") == 0


def test_an_agent_that_was_killed_before_it_had_kept_a_byte_goes_on(folder, tmp_path):
    path = folder / "a_2024-04-15T223000.ndjson"
    path.write_bytes(line(0))
    spool = Spool(tmp_path / "kept", most_bytes=10**6)
    spool.keep(str(path), path, Position())
    for kept in (tmp_path / "kept").glob("*/bytes"):
        kept.unlink()
    path.unlink()
    assert [*spool.drain(lambda _chunks: pytest.fail("there is nothing to send"))] == []
    assert [*(tmp_path / "kept").iterdir()] == []


def test_what_was_spooled_of_a_file_that_was_written_anew_is_not_taken_for_the_new_one(folder, tmp_path):
    path = folder / "a_2024-04-15T223000.ndjson"
    path.write_bytes(line(0) + line(1))
    spool = Spool(tmp_path / "kept", most_bytes=10**6)
    assert spool.keep(str(path), path, Position()) == len(line(0) + line(1))
    path.write_bytes(b"".join(map(line, range(10, 20))))
    handed_in = []

    def send(chunks):
        handed_in.extend(chunk.data for chunk in chunks)
        ends = [chunk.offset + len(chunk.data) for chunk in chunks]
        return [Taken(Position(1, Edges(consumed=end))) for end in ends]

    assert [*spool.drain(send)] == []
    assert b"".join(handed_in) == line(0) + line(1)


def test_a_spool_keeps_no_more_than_it_may(folder, make_agent, running, gate):
    path = folder / "a_2024-04-15T223000.ndjson"
    path.write_bytes(line(0))
    gate.open()
    agent = make_agent(gate.url, spool_bytes=1000)
    running(agent)
    until(lambda: agent.metrics.records_total == 1)
    gate.close()
    with path.open("ab") as file:
        file.write(b"".join(map(line, range(1, 100))))
    until(lambda: agent.metrics.spool_is_full == 1)
    assert agent.metrics.spool_bytes <= 1000
    gate.open()
    until(lambda: numbers() == [*range(100)])  # from the file, which is still there


def test_one_file_that_is_refused_holds_up_no_other(folder, make_agent, running):
    (folder / f"{'x' * 200}_2024-04-15T223000.ndjson").write_bytes(line(0).replace(b"indi", b"y" * 300))
    (folder / "ok_2024-04-15T223000.ndjson").write_bytes(line(1))
    running(make_agent())
    until(lambda: numbers() == [1])


def test_metrics_are_told_to_prometheus():
    metrics = Metrics(records_total=3)
    server = serve(metrics, 0)
    try:
        text = requests.get(f"http://127.0.0.1:{server.server_port}/metrics", timeout=5).text
    finally:
        server.shutdown()
        server.server_close()
    assert "# TYPE telemetry_agent_records_total counter\ntelemetry_agent_records_total 3\n" in text
