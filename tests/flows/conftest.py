"""Processes that the tests of a module share, because starting them costs more than most tests."""

from collections.abc import Iterator

import pytest

from deploy.local.ports import PortBlock
from tests.flows.stream_server import stream_server
from tests.flows.web_server import Served, served


@pytest.fixture(scope="module")
def archive(django_db_setup, tmp_path_factory) -> Iterator[Served]:
    """A web process on the tests' database and a local store."""
    with served(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(scope="module")
def refuser(django_db_setup) -> Iterator[str]:
    """A stream process that carries nothing, for all that is refused."""
    block = PortBlock()
    with stream_server(block.take()) as address:
        yield address
    block.release()
