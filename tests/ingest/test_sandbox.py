"""The inspector's process may die in every way; its parent says why and reads the next file."""

import gzip
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from archive.errors import NotFoundError, TransientError, UsageError
from ingest.fits import inspect_beginning, inspect_file
from ingest.inspection import Limits
from ingest.sandbox import PROJECT, Inspector
from tests.ao_camera import write_raw
from tests.ingest import hostile

GIB = 1 << 30
PATIENCE_S = 60


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    with Inspector() as shared:
        yield shared


@pytest.fixture
def sound(tmp_path) -> Path:
    return hostile.image_file(tmp_path / "sound.fits")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A small file that takes many seconds to unpack."""
    path = tmp_path / "slow.fits.gz"
    path.write_bytes(hostile.gzip_bomb(64 * GIB, start=hostile.primary(1 << 40)))
    return path


BOUNDLESS = {"unpacked_bytes": 1 << 50, "expansion": 1 << 30}


def wait_for_end(pidfd: int) -> bool:
    return bool(select.select([pidfd], [], [], PATIENCE_S)[0])


def wait_until_reading(pid: int, path: Path) -> None:
    folder = Path(f"/proc/{pid}/fd")
    while not any(os.path.realpath(link) == str(path) for link in folder.iterdir()):
        os.sched_yield()


@contextmanager
def in_mid_work(inspector, sound, slow):
    """Ask for the slow file in another thread, and go on when its reader has it open. Yields pid and future."""
    inspector.inspect(sound)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(inspector.inspect, slow)
        wait_until_reading(inspector.child_pid, slow)
        yield inspector.child_pid, asked


def test_the_child_tells_what_this_process_would_tell(inspector, sound, tmp_path):
    for path in (sound, hostile.compressed_file(tmp_path / "a.fits.fz")):
        assert inspector.inspect(path) == inspect_file(path, limits=Limits())


def test_the_child_tells_the_beginning_alone_when_it_is_asked_for_that(inspector, tmp_path):
    path = write_raw(tmp_path, n_frames=4)
    assert inspector.inspect_beginning(path) == inspect_beginning(path, limits=Limits())
    assert len(inspector.inspect_beginning(path).hdus) == 1
    assert len(inspector.inspect(path).hdus) == 4


def test_one_child_reads_many_files(inspector, sound):
    inspector.inspect(sound)
    first = inspector.child_pid
    inspector.inspect(sound)
    assert inspector.child_pid == first


def test_a_refusal_keeps_its_words_and_the_child(inspector, sound, tmp_path):
    (tmp_path / "empty.fits").touch()
    inspector.inspect(sound)
    child = inspector.child_pid
    with pytest.raises(UsageError, match=r"empty\.fits is empty: send the file again"):
        inspector.inspect(tmp_path / "empty.fits")
    assert inspector.child_pid == child


def test_what_is_no_file_is_not_found(inspector, tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    for name in ("absent.fits", "pipe.fits", "."):
        with pytest.raises(NotFoundError):
            inspector.inspect(tmp_path / name)


def test_a_remark_of_the_child_is_logged_here_with_the_file(inspector, tmp_path):
    path = hostile.image_file(tmp_path / "a.fits", header={**hostile.TAN, "CD1_1": 0.0})
    with capture_logs() as remarks:
        assert inspector.inspect(path).footprint is None
    assert [(remark["event"], remark["filename"]) for remark in remarks] == [("footprint_refused", "a.fits")]


def test_a_header_on_which_astropy_would_remark_prints_nothing(tmp_path, capfd):
    path = hostile.image_file(tmp_path / "a.fits", header={**hostile.TAN, "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-5})
    with Inspector() as inspector:
        assert inspector.inspect(path).footprint is not None
    assert capfd.readouterr().err == ""


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_passes(sound, slow):
    with Inspector(Limits(wall_s=1.0, **BOUNDLESS)) as inspector:
        inspector.inspect(sound)
        with pytest.raises(UsageError, match=r"slow\.fits\.gz took more than 1 s to read: the file is refused"):
            inspector.inspect(slow)
        assert inspector.inspect(sound).hdus


def test_a_file_that_takes_too_much_computing_is_refused_and_the_next_one_passes(sound, slow):
    with Inspector(Limits(cpu_s=1, **BOUNDLESS)) as inspector:
        with pytest.raises(UsageError, match="took more than 1 s of computing"):
            inspector.inspect(slow)
        assert inspector.inspect(sound).hdus


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_one_passes(sound, tmp_path):
    large = tmp_path / "large.fits.gz"
    card = b"COMMENT ".ljust(80, b"x")
    large.write_bytes(gzip.compress(hostile.primary()[:240] + card * (100 * hostile.MIB // 80), 1))
    with Inspector(Limits(memory_bytes=64 << 20, header_bytes=GIB)) as inspector:
        with pytest.raises(UsageError, match="took more than 64 MB of memory to read: the file is refused"):
            inspector.inspect(large)
        assert inspector.inspect(sound).hdus


def test_a_crash_in_mid_work_refuses_the_file_and_the_next_one_passes(sound, slow):
    with Inspector(Limits(**BOUNDLESS)) as inspector:
        with in_mid_work(inspector, sound, slow) as (pid, asked):
            os.kill(pid, signal.SIGSEGV)
        with pytest.raises(UsageError, match="broke the process that read it"):
            asked.result()
        assert inspector.inspect(sound).hdus


def test_a_kill_from_outside_in_mid_work_is_not_the_fault_of_the_file(sound, slow):
    with Inspector(Limits(**BOUNDLESS)) as inspector:
        with in_mid_work(inspector, sound, slow) as (pid, asked):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(TransientError, match="ended from outside: try again"):
            asked.result()
        assert inspector.inspect(sound).hdus


def test_a_child_that_died_between_two_files_is_replaced(sound):
    with Inspector() as inspector:
        inspector.inspect(sound)
        pidfd = os.pidfd_open(inspector.child_pid)
        os.kill(inspector.child_pid, signal.SIGKILL)
        assert wait_for_end(pidfd)
        os.close(pidfd)
        with pytest.raises(TransientError):
            inspector.inspect(sound)
        assert inspector.inspect(sound).hdus


def test_an_interruption_leaves_no_answer_for_the_next_file(sound, slow):
    class TimeLimitError(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise TimeLimitError

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with Inspector(Limits(**BOUNDLESS)) as inspector:
            inspector.inspect(sound)
            pid = inspector.child_pid

            def interrupt_when_reading() -> None:
                wait_until_reading(pid, slow)
                os.kill(os.getpid(), signal.SIGUSR1)

            thread = threading.Thread(target=interrupt_when_reading)
            thread.start()
            with pytest.raises(TimeLimitError):
                inspector.inspect(slow)
            thread.join()
            assert inspector.child_pid is None
            assert inspector.inspect(sound).hdus
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_threads_may_share_an_inspector(inspector, tmp_path):
    paths = [hostile.image_file(tmp_path / f"{rows}.fits", shape=(rows, 7)) for rows in range(5, 25)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(inspector.inspect, paths))
    assert [one.hdus[0].shape for one in found] == [(rows, 7) for rows in range(5, 25)]


def test_close_ends_the_child(sound):
    with Inspector() as inspector:
        inspector.inspect(sound)
        pid = inspector.child_pid
    assert inspector.child_pid is None
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_child_ends_when_its_parent_is_killed(sound, slow, is_busy):
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from ingest.inspection import Limits\nfrom ingest.sandbox import Inspector\n"
        f"inspector = Inspector(Limits(wall_s=2.0 if {is_busy} else 120.0, unpacked_bytes=1 << 50, expansion=1 << 30))\n"
        f"inspector.inspect(Path({str(sound)!r}))\n"
        "sys.stderr.write(f'{inspector.child_pid}\\n')\nsys.stderr.flush()\n"
        f"inspector.inspect(Path({str(slow)!r})) if {is_busy} else sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with parent:
        child = int(parent.stderr.readline())
        pidfd = os.pidfd_open(child)
        if is_busy:
            wait_until_reading(child, slow)
        parent.kill()
    assert wait_for_end(pidfd)
    os.close(pidfd)


def test_the_child_has_no_secret_and_can_write_no_file(inspector, sound, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-the-child")
    with Inspector() as fresh:
        fresh.inspect(sound)
        folder = Path(f"/proc/{fresh.child_pid}")
        assert b"not-for-the-child" not in (folder / "environ").read_bytes()
        (size_limit,) = [
            line for line in (folder / "limits").read_text().splitlines() if line.startswith("Max file size")
        ]
        assert size_limit.split()[3:5] == ["0", "0"]


def test_nothing_is_left_in_the_temporary_folder(sound, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    packed = hostile.tar_gz(tmp_path / "a.tar.gz", [("a.fits", sound.read_bytes())])
    with Inspector() as inspector:
        inspector.inspect(packed)
    assert list(folder.iterdir()) == []


SOUND: dict[str, bytes] = {}


def sound_bytes(folder: Path, ending: str) -> bytes:
    if ending not in SOUND:
        header = {**hostile.TAN, "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2}
        header |= {"A_2_0": 1e-5, "B_0_2": 1e-5, "RADESYS": "FK5", "EQUINOX": 1975.0}
        make = hostile.compressed_file if ending == "fits.fz" else hostile.image_file
        content = make(folder / f"sound.{ending}", header=header).read_bytes()
        # Without the sums, damage gets past the checks and into what parses.
        for key in (b"CHECKSUM=", b"DATASUM =", b"ZHECKSUM=", b"ZDATASUM="):
            content = content.replace(key, b"COMMENT  ")
        SOUND[ending] = gzip.compress(content) if ending == "fits.gz" else content
    return SOUND[ending]


flips = st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 255)), min_size=1, max_size=12)


@pytest.mark.parametrize("ending", ["fits", "fits.fz", "fits.gz", "tar.gz"])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=flips, length=st.integers(0, 1 << 30) | st.none())
def test_a_file_with_random_damage_is_answered_and_never_ends_the_reader(inspector, tmp_path, ending, changes, length):
    if ending == "tar.gz":
        packed = hostile.tar_gz(tmp_path / "s.tar.gz", [("a.fits", sound_bytes(tmp_path, "fits"))])
        content = bytearray(packed.read_bytes())
    else:
        content = bytearray(sound_bytes(tmp_path, ending))
    reach = 6000 if ending in {"fits", "fits.fz"} else len(content)  # the headers
    for place, byte in changes:
        content[place % reach] = byte
    path = tmp_path / f"damaged.{ending}"
    path.write_bytes(content if length is None else content[: length % len(content)])
    before = inspector.child_pid
    with suppress(UsageError):
        inspector.inspect(path)
    assert before in {None, inspector.child_pid}
