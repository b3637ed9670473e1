"""A restore in a process of its own: killed -9 once frames are back and nothing else is, then started again."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archive.domain import broker
from archive.models import Event, Frame, Product
from ingest.sandbox import Inspector
from tests.pipeline.conftest import SEEING, STAR, Machine
from tests.pipeline.restoring.conftest import IN_WORK, drop_all_rows, exported, keep
from tests.processes import ROOT, environment, kill_group, running, until

QUEUES = ("archive.tasks", "archive.reductions", "archive.pipeline")
RESTORE = (sys.executable, "manage.py", "restore")


def waiting() -> list[int]:
    """Messages in each queue that workers hear; tests before this one may have left some."""
    with broker.connect() as link:
        channel: Any = link.default_channel
        return [int(channel.queue_declare(queue, durable=True, auto_delete=False).message_count) for queue in QUEUES]


@pytest.mark.django_db(transaction=True)
def test_a_restore_that_is_killed_and_started_again(
    use_store, tmp_path: Path, inspector: Inspector, orders, small_graph, now
):
    (tmp_path / "store").mkdir()
    machine = Machine(use_store(type="local", root_dir=str(tmp_path / "store")), inspector, tmp_path, orders, now)
    machine.take_calibrations()
    machine.take(STAR)
    machine.take(SEEING)
    machine.run()
    keep(machine)
    before = exported()
    drop_all_rows()
    messages = waiting()
    with running(*RESTORE) as process:
        until(lambda: Frame.objects.exists() or process.poll() is not None, what="the first frames")
        kill_group(process)
    assert exported() != b""
    subprocess.run(RESTORE, cwd=ROOT, env=environment(), check=True, timeout=120)
    assert exported() == before
    assert waiting() == messages
    assert not Event.objects.exists()
    assert not Product.objects.filter(state__in=IN_WORK).exists()
