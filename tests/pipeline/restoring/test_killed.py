"""A restore in a process of its own: killed -9 once frames are back and nothing else is, then started again."""

import subprocess
import sys
from pathlib import Path

import pytest

from archive.models import Event, Frame, Product
from ingest.sandbox import Inspector
from tests.pipeline.conftest import SEEING, STAR, Machine
from tests.pipeline.restoring.conftest import IN_WORK, drop_all_rows, exported, keep
from tests.processes import ROOT, environment, kill_group, running, until

RESTORE = (sys.executable, "manage.py", "restore")


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
    with running(*RESTORE) as process:
        until(lambda: Frame.objects.exists() or process.poll() is not None, what="the first frames")
        kill_group(process)
    assert exported() != b""
    subprocess.run(RESTORE, cwd=ROOT, env=environment(), check=True, timeout=120)
    assert exported() == before
    assert not Event.objects.exists()
    assert not Product.objects.filter(state__in=IN_WORK).exists()
