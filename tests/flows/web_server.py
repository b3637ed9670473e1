"""The archive's web process for tests that talk to it as programs do: gunicorn on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.processes import BIN, running, until


@contextmanager
def web_server(port: int, **settings: str) -> Iterator[str]:
    """Address of a running archive, on the database and store of the running test."""
    address = f"http://127.0.0.1:{port}"
    command = ("gunicorn", "settings.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4", "--log-level", "warning")
    with running(str(BIN / command[0]), *command[1:], **settings):
        until(lambda: _answers(f"{address}/health/"), what="gunicorn ready")
        yield address


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
