"""A pytest plugin: private PostgreSQL, RabbitMQ, memcached and S3 for one run of the tests.

They start before Django reads its settings, because the settings name them. A run that is spread over several processes
(`-n 2`) has a set of them for each, and so shares nothing.
"""

import argparse
import ctypes
import os
import signal
import uuid
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache

from deploy.local.testing import S3Server, ServicesOfTests, use
from tests.portal import Portal

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
PR_SET_PDEATHSIG = 1
SERVICES = pytest.StashKey[ServicesOfTests]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    asked = early_config.known_args_namespace
    if IS_WORKER:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # by itself it would work on for up to 15 s
    if not (asked.collectonly or asked.help or asked.version or _only_hands_out(asked)):
        running = ServicesOfTests()
        early_config.add_cleanup(running.stop)
        early_config.stash[SERVICES] = running
        use(running)
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.spreading import FilesInOneProcess  # noqa: PLC0415 - one process does without pytest-xdist

    return FilesInOneProcess(config, log) if config.getvalue("dist") == "loadfile" else None


def _only_hands_out(asked: argparse.Namespace) -> bool:
    """Whether this process gives the tests to others, and runs none itself."""
    return bool(getattr(asked, "numprocesses", None)) and not IS_WORKER


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> ServicesOfTests:
    """The services of this run. `services.rabbitmq.stop()` takes RabbitMQ down, `.start()` brings it up again."""
    return pytestconfig.stash[SERVICES]


@pytest.fixture(scope="session")
def s3_server(services: ServicesOfTests) -> S3Server:
    """A real S3 server: endpoint, keys, and a bucket that keeps versions."""
    return services.s3_server


@pytest.fixture
def fresh_bucket(s3_server: S3Server) -> str:
    """An empty bucket that keeps versions, of the same server."""
    own = replace(s3_server, bucket=f"own-{uuid.uuid4().hex[:12]}")
    own.make_bucket()
    return own.bucket


@pytest.fixture
def portal(services: ServicesOfTests, settings) -> Generator[Portal, None, None]:
    """A real observation portal, to which the archive is set for one test. No counts or answers of before are left."""
    made = Portal(f"http://127.0.0.1:{services.issuer_port}")
    made.forget()
    settings.PORTAL = made.settings(settings.PORTAL)
    cache.clear()
    yield made
    cache.clear()
