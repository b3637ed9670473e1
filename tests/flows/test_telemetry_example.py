"""docs/examples/telemetry_key.py, run as its reader would run it."""

import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from deploy.local.ports import PortBlock
from tests.archive.telemetry.plotted import CAMERA, lay_night
from tests.flows.web_server import web_server
from tests.processes import ROOT
from tests.telemetry.conftest import telemetry_tables, test_database  # noqa: F401 - fixtures
from tests.telemetry.rows import Rows


@pytest.fixture
def archive(transactional_db, telemetry_tables):  # noqa: F811 - the fixture
    """Address of an archive with a night of telemetry, and the token of a member of its staff."""
    lay_night(Rows())
    token = Token.objects.get(user=User.objects.create_user("observer", is_staff=True)).key
    ports = PortBlock()
    with web_server(ports.take()) as address:
        yield address, token
    ports.release()


def run(address: str, token: str, key: str) -> subprocess.CompletedProcess[str]:
    times = ("2025-11-01T00:00:00Z", "2025-11-01T02:00:00Z")
    command = [sys.executable, "docs/examples/telemetry_key.py", address, key, *times]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "ARCHIVE_TOKEN": token}, capture_output=True, text=True, check=False
    )


def test_the_example_prints_a_key_over_a_time_and_at_an_exposure(archive):
    done = run(*archive, f"{CAMERA}:fps")
    assert done.returncode == 0, done.stderr
    _head, *bins, last = done.stdout.splitlines()
    assert len(bins) == 12  # two hours of ten minutes
    for line in bins:
        _utc, least, mean, greatest, count = line.split()
        # The night has 12.5 with a swing of 0.02, every ten seconds.
        assert 12.48 <= float(least) <= float(mean) <= float(greatest) <= 12.52
        assert count == "60"
    assert last.startswith("At the exposure: 12.5")
    assert last.endswith("continuous quantities.")


def test_a_key_that_is_none_is_told_in_the_archives_words(archive):
    done = run(*archive, "nobody:x:y")
    assert done.returncode == 1
    assert done.stderr.startswith("404: ")
    assert "no telemetry of nobody" in done.stderr
