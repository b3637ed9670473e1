"""The archive's web process for tests that talk to it as programs do: gunicorn on a port of its own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from deploy.local.ports import PortBlock
from ingest.stores.base import FileStore
from tests.processes import BIN, running, until


@contextmanager
def web_server(port: int, **settings: str) -> Iterator[str]:
    """Address of a running archive, on the database and store of the running test."""
    address = f"http://127.0.0.1:{port}"
    how = ("--preload", "--threads", "4", "--log-level", "warning")
    with running(str(BIN / "gunicorn"), "settings.wsgi", "--bind", f"127.0.0.1:{port}", *how, **settings):
        until(lambda: _answers(f"{address}/health/"), what="gunicorn ready")
        yield address


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@dataclass(frozen=True, slots=True)
class Served:
    """A running archive with a local store, which the tests of a module share. Its database is that of the tests."""

    port: int
    url: str
    root: Path

    def empty_store(self, use_store: Callable[..., FileStore]) -> FileStore:
        """The store as it is to a test: the files of those before are gone."""
        for path in self.root.iterdir():
            shutil.rmtree(path)
        return use_store(type="local", root_dir=str(self.root), base_url=f"{self.url}/")


@contextmanager
def served(root: Path) -> Iterator[Served]:
    """`web_server` for many tests: it costs more to start than most of them. Needs the database of the tests."""
    ports = PortBlock()
    port = ports.take()
    url = f"http://127.0.0.1:{port}"
    store = {
        "FILESTORE_TYPE": "local",
        "FILESYSTEM_STORAGE_ROOT_DIR": str(root),
        "FILESYSTEM_STORAGE_BASE_URL": f"{url}/",
    }
    with web_server(port, **store):
        yield Served(port, url, root)
    ports.release()
