import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from archive.errors import FatalError, UsageError
from deploy.local import probes
from deploy.local.ports import PortBlock
from deploy.local.sweeper import marked

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 20.0


def pid_of(supervisor, name):
    return supervisor._running[name].process.pid


def wait_for_end(pid):
    """Wait until the process has ended, by the kernel's word."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([watch], [], [], PATIENCE_S)
    os.close(watch)
    assert ended, f"process {pid} still runs"


def test_services_start_in_order_and_stop_in_reverse(supervisor, server, diary):
    first, second = server("first"), server("second", after=("first",))
    third = server("third", after=("second",))
    supervisor.start([third, first, second])
    supervisor.stop()
    ups_and_downs = ["first up", "second up", "third up", "third down", "second down", "first down"]
    assert diary.read_text().splitlines() == ups_and_downs


def test_a_service_that_ends_early_is_reported_with_the_end_of_its_log(supervisor, stand_in):
    with pytest.raises(FatalError, match=r"(?s)broken ended with exit code 3.*the disk is on fire"):
        supervisor.start([stand_in("broken", "fail", is_ready=lambda: False)])


def test_a_service_that_never_gets_ready_is_reported(supervisor, server):
    deaf = replace(server("deaf"), is_ready=lambda: False, start_seconds=0.1)
    with pytest.raises(FatalError, match="deaf was not ready after"):
        supervisor.start([deaf])


def test_a_step_is_done_when_it_ends_and_what_follows_waits_for_it(supervisor, stand_in, server, said):
    step = replace(stand_in("step", finishes=True), command=("true",))
    supervisor.start([server("after it", after=("step",)), step])
    assert [line.split(" (")[0] for line in said] == ["step done", "after it ready"]


def test_a_service_that_waits_for_one_that_nobody_starts_is_a_fault(supervisor, server):
    with pytest.raises(FatalError, match="nobody starts"):
        supervisor.start([server("lonely", after=("nobody",))])


def test_a_port_in_use_is_named_together_with_what_to_do(supervisor, server, ports):
    service = server("web", other_ports="choose another: PORT=9000 make run")
    asks = rf"Port {service.ports[0]} .* in use .*PORT=9000 make run"
    with socket.create_server(("127.0.0.1", service.ports[0])), pytest.raises(UsageError, match=asks):
        supervisor.start([service])


def test_what_dies_is_started_again_and_what_dies_too_often_ends_the_watch(supervisor, server, diary, said):
    service = server("mortal")
    supervisor.start([service])
    supervisor._say = lambda line: (said.append(line), "ready" in line and kill())

    def kill():
        os.kill(pid_of(supervisor, "mortal"), signal.SIGKILL)

    kill()
    with pytest.raises(FatalError, match="mortal died 4 times within a minute"):
        supervisor.watch()
    assert diary.read_text().splitlines() == ["mortal up"] * 4


def test_one_service_can_be_taken_down_and_up_again_beside_the_others(supervisor, server):
    stays, goes = server("stays"), server("goes")
    supervisor.start([stays, goes])
    before = pid_of(supervisor, "stays")
    supervisor.stop_one("goes")
    assert not probes.listens(goes.ports[0])
    supervisor.start([goes])
    assert probes.listens(goes.ports[0])
    assert pid_of(supervisor, "stays") == before


def test_a_service_deaf_to_its_signal_is_killed(supervisor, stand_in, said):
    log = supervisor._log_path("deaf")
    supervisor.start([stand_in("deaf", "deaf", is_ready=lambda: "deaf" in log.read_text(), stop_seconds=0.1)])
    pid = pid_of(supervisor, "deaf")
    supervisor.stop()
    wait_for_end(pid)
    assert "deaf did not stop in time; killing it" in said


def test_a_service_that_was_not_up_yet_is_told_to_stop_again(supervisor, server, stand_in, said):
    log = supervisor._log_path("slow")
    # The other is ready as soon as the slow one listens to signals; the slow one itself never is.
    other = replace(server("other"), is_ready=lambda: "slow" in log.read_text())
    supervisor.start([stand_in("slow", "slow", is_ready=lambda: False), other], until="other")
    supervisor.stop()
    assert not [line for line in said if line.startswith("slow")]


def test_children_that_left_the_family_go_with_a_stop(supervisor, stand_in):
    mark, log = f"ARCHIVE_SUPERVISOR={supervisor._mark}", supervisor._log_path("family")
    supervisor.start([stand_in("family", "family", is_ready=lambda: "child" in log.read_text())])
    family = marked(mark)
    supervisor.stop()
    assert len(family) == 2
    assert marked(mark) == []


HELD = """
import os, sys
from pathlib import Path
from deploy.local.service import Service
from deploy.local.supervisor import Supervisor

folder, stand_in = Path(sys.argv[1]), sys.argv[2]
supervisor = Supervisor(logs=folder / "log", say=lambda line: None, remove_at_end=folder)
log = folder / "log" / "family.log"
command = (sys.executable, stand_in, "family")
service = Service("family", command, folder, dict(os.environ), lambda: "child" in log.read_text())
supervisor.start([service])
print(supervisor._mark, supervisor._sweeper.pid, flush=True)
supervisor.watch()
"""


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path):
    folder = tmp_path / "held"
    folder.mkdir()
    stand_in = str(Path(__file__).with_name("stand_in.py"))
    command = [sys.executable, "-c", HELD, str(folder), stand_in]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as held:
        assert held.stdout
        mark, sweeper = held.stdout.readline().split()
        running = marked(f"ARCHIVE_SUPERVISOR={mark}")
        held.kill()
    assert len(running) == 2
    for pid in [*running, int(sweeper)]:
        wait_for_end(pid)
    assert marked(f"ARCHIVE_SUPERVISOR={mark}") == []
    assert not folder.exists()


def test_two_blocks_of_ports_have_none_in_common(ports):
    other = PortBlock()
    assert not {ports.take() for _ in range(10)} & {other.take() for _ in range(10)}
    other.release()
