"""Services made of small real processes."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.local import probes
from deploy.local.ports import PortBlock
from deploy.local.service import Service
from deploy.local.supervisor import Supervisor

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def ports() -> Iterator[PortBlock]:
    block = PortBlock()
    yield block
    block.release()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(logs=tmp_path / "log", say=said.append) as supervisor:
        yield supervisor


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary"


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[..., Service]:
    """Makes a service that runs the stand-in with these arguments."""

    def make(name: str, *arguments: object, **options: Any) -> Service:
        command = (sys.executable, str(STAND_IN), *map(str, arguments))
        return Service(name=name, command=command, directory=tmp_path, environment=dict(os.environ), **options)

    return make


@pytest.fixture
def server(stand_in: Callable[..., Service], ports: PortBlock, diary: Path) -> Callable[..., Service]:
    """Makes a service that listens on a port of its own and keeps the diary."""

    def make(name: str, **options: Any) -> Service:
        port = ports.take()
        ready = partial(probes.listens, port)
        return stand_in(name, "serve", port, diary, name, ports=(port,), is_ready=ready, **options)

    return make
