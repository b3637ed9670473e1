"""An instrument computer's folder, an archive that answers over HTTP, and an agent between them."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from telemetry import agents
from telemetry.agent.archive import Archive
from telemetry.agent.loop import Agent
from telemetry.agent.settings import AgentSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The instrument computer's data folder."""
    made = tmp_path / "telem"
    made.mkdir()
    return made


@pytest.fixture
def token(telemetry_tables: None, live_server: Any) -> str:
    return agents.make_token("icc")


@pytest.fixture
def make_agent(folder: Path, tmp_path: Path, token: str, live_server: Any) -> Callable[..., Agent]:
    def make(address: str = "", **settings: Any) -> Agent:
        given = AgentSettings(
            archive=address or live_server.url,
            token_file=tmp_path / "token",
            data_dirs=(str(folder),),
            spool_dir=tmp_path / "spool",
            **{"poll_s": 0.02, "retry_s": 0.2} | settings,
        )
        return Agent(given, Archive(given.archive, token))

    return make


@pytest.fixture
def running() -> Iterator[Callable[[Agent], None]]:
    """Runs agents until the test ends."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(agent: Agent) -> None:
        threads.append(threading.Thread(target=agent.run, args=[stop]))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
