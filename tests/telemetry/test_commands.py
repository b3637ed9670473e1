"""What a person types: the night into a database and out again, by the commands of `manage.py telemetry` and `xtelemdb`."""

import hashlib
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from tqdm import tqdm

from telemetry.cli import main as cli
from telemetry.cli.main import main
from telemetry.management.commands.telemetry import Command
from tests.telemetry.night import checksum
from tests.telemetry.shapes import BUNDLE
from tests.telemetry.stored import ask, records

HOSTS = ("aoc", "rtc", "icc")


@pytest.fixture
def run(telemetry_tables, capsys):
    """Runs a command on the tests' database: `run("inventory", …)` gives its code, output and what it told besides."""

    def run_command(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words], prog="xtelemdb", own_database=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


@pytest.fixture
def night(telemetry_night, tmp_path):
    """The night's hosts, as a backup has them: a copy that a test may change."""
    for host in HOSTS:
        shutil.copytree(telemetry_night.root / host, tmp_path / "backup" / host)
    return tmp_path / "backup"


def test_a_night_is_read_from_a_backup_by_four_processes_and_none_of_it_twice(run, night, telemetry_night):
    run("bundle", "add", BUNDLE)
    code, said, _ = run("replica", "add", "backup", night, "--import-origins")
    files = [path for path in night.rglob("*") if path.is_file() and not path.name.startswith(".xtelemdb")]
    assert (code, said.splitlines()[-1]) == (0, f"{len(files)} origins and {len(files)} copies of backup are enrolled.")
    code, said, told = run("ingest", "--host", "any", "--jobs", "4")
    assert (code, told) == (0, ""), said
    expected = telemetry_night.expected
    assert f"{expected.total} records, 0 damages, 0 written anew, 0 failed" in said
    found = records()
    counts = Counter((device, event) for device, event, _, _ in found)
    assert counts == {(device, event): n for device, events in expected.counts.items() for event, n in events.items()}
    assert checksum(found) == expected.checksum
    code, said, _ = run("backfill", "--host", "any")
    assert (code, said.split(":")[0]) == (0, "0 files read")
    assert ask("SELECT count(*) FROM telemetry.record") == [(expected.total,)]


def test_the_inventory_of_three_hosts_has_their_files_exactly(run, night):
    for host in HOSTS:
        folders = f"data_dirs={[str(night / host)]}"
        assert run("inventory", f"hostname={host}", folders)[0] == 0
        code, said, _ = run("inventory", folders, f"hostname={host}")
        assert code == 0
        assert "0 new, 0 changed, 0 back, 0 gone" in said
    here = sorted((path.relative_to(night).parts[0], str(path)) for path in night.rglob("*") if path.is_file())
    assert sorted(ask("SELECT host, path FROM telemetry.file")) == here


@pytest.fixture
def telem(tmp_path):
    """A data folder with two files of NDJSON, and the words that name it."""
    folder = tmp_path / "telem"
    folder.mkdir()
    line = '{{"ts": "2026-11-28T00:00:0{}.000001500", "prio": "TELM", "ec": "lab_note", "msg": {{"value": {}, "text": "{}"}}}}\n'
    for device in ("one", "two"):
        lines = [line.format(second, second / 4, device) for second in range(3)]
        (folder / f"{device}_2026-11-28T000000.ndjson").write_text("".join(lines), encoding="utf-8")
    words = ["hostname=lab", f"data_dirs={[str(folder)]}"]
    return folder, words


def test_only_the_device_and_the_times_that_are_asked_for_are_read(run, telem):
    folder, words = telem
    run("inventory", *words)
    code, said, _ = run("ingest", *words, "--device", "two", "--dry-run", "-v")
    assert (code, said.splitlines()[0]) == (0, f"lab:{folder}/two_2026-11-28T000000.ndjson")
    assert "0 files wait" in run("ingest", *words, "--since", "2999-01-01", "--dry-run")[1]
    assert "1 files wait" in run("ingest", *words, "--limit", "1", "--dry-run")[1]
    assert "1 files wait" in run("ingest", *words, "limit=1", "--dry-run")[1]
    assert ask("SELECT count(*) FROM telemetry.record") == [(0,)]
    assert "1 files read: 3 records" in run("ingest", *words, "--device", "two")[1]
    assert ask("SELECT DISTINCT device FROM telemetry.channel") == [("two",)]


def test_a_file_that_fails_is_told_and_the_rest_is_read(run, telem):
    folder, words = telem
    run("inventory", *words)
    (folder / "one_2026-11-28T000000.ndjson").unlink()
    code, said, _ = run("ingest", *words)
    assert code == 1
    assert "1 files read: 3 records" in said
    assert "1 failed, 1 out of reach" in said


def test_a_file_that_was_written_anew_is_reported(run, telem):
    folder, words = telem
    run("inventory", *words)
    run("ingest", *words)
    path = folder / "one_2026-11-28T000000.ndjson"
    path.write_text(path.read_text(encoding="utf-8").replace("0.25", "0.75"), encoding="utf-8")
    run("inventory", *words)
    code, said, _ = run("ingest", *words)
    assert (code, "1 written anew" in said, f"{path}: ok, 3 records; it was written anew" in said) == (0, True, True)


def test_fetch_gives_values_as_csv_in_order_of_time(run, telem):
    _, words = telem
    run("inventory", *words)
    run("ingest", *words)
    code, said, _ = run("fetch", "one", "value", "2026-11-28", "2026-11-29", "--limit", "2")
    assert code == 0
    assert said.splitlines() == [
        "ts,device,event,value",
        "2026-11-28T00:00:00.000001500Z,one,lab_note,0.0",
        "2026-11-28T00:00:01.000001500Z,one,lab_note,0.25",
    ]


def test_a_token_is_told_once_and_kept_as_its_sha256(run):
    code, secret, told = run("token", "rtc")
    assert code == 0
    assert "not shown again" in told
    [(kept,)] = ask("SELECT encode(token_sha256, 'hex') FROM telemetry.agent_token WHERE host = 'rtc'")
    assert kept == hashlib.sha256(secret.strip().encode()).hexdigest()
    assert run("token", "rtc", "--revoke")[0] == 0
    assert run("token", "rtc", "--revoke")[0] == 2


def test_a_reset_asks_for_the_databases_name_and_takes_nothing_away_for_another(run, telem, monkeypatch):
    _, words = telem
    run("inventory", *words)
    run("ingest", *words)
    monkeypatch.setattr("sys.stdin.readline", lambda: "telescope\n", raising=False)
    code, _, told = run("reset", "1")
    assert (code, "nothing was taken away" in told) == (2, True)
    assert ask("SELECT count(*) FROM telemetry.record") == [(6,)]
    assert run("reset", "1", "--yes")[0] == 0
    assert ask("SELECT count(*) FROM telemetry.record") == [(0,)]
    assert "2 files read: 6 records" in run("ingest", *words)[1]


def test_copies_are_made_listed_and_verified(run, telem, tmp_path):
    folder, words = telem
    (tmp_path / "backup").mkdir()
    run("inventory", *words)
    run("replica", "add", "backup", tmp_path / "backup")
    assert "2 not copied" in run("replica", "list")[1]
    assert "2 files of lab wait" in run("replica", "sync", "backup", *words, "--dry-run")[1]
    assert "2 files copied to backup" in run("replica", "sync", "backup", *words)[1]
    copy = next((tmp_path / "backup").rglob("one_*"))
    copy.write_bytes(b"x" + copy.read_bytes()[1:])
    code, said, _ = run("replica", "verify", "backup")
    assert (code, said.splitlines()[0]) == (1, f"differs: {copy}")
    code, said, _ = run("replica", "list", "-v")
    assert "1 copies" in said
    assert f"waits: lab:{folder}/one_2026-11-28T000000.ndjson" in said


def test_a_sync_that_goes_on_outlives_a_disk_that_is_away(run, telem, tmp_path, monkeypatch):
    _, words = telem
    backup = tmp_path / "backup"
    backup.mkdir()
    run("inventory", *words)
    run("replica", "add", "backup", backup)
    backup.rename(tmp_path / "away")
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt
        (tmp_path / "away").rename(backup)

    monkeypatch.setattr("telemetry.cli.copies.time.sleep", pause)
    code, said, told = run("replica", "sync", "backup", *words, "--every", "60")
    assert (code, pauses, "2 files copied" in said, "mount the disk" in told) == (130, [60, 60], True, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["inventory", "data_dir=[]"], "data_dir is not known. Is data_dirs meant?"),
        (["inventory", "database.prot=1"], "database.prot is not known. Is database.port meant?"),
        (["inventory", "parallel_jobs=many"], "parallel_jobs = 'many' is not a whole number"),
        (["inventory", 'data_dirs=["telem"]'], "is not absolute"),
        (["inventory", "database.host=db"], "the archive's own database is used"),
        (["inventory", "-c", "/nothing.toml"], "can not be read"),
        (["replica", "sync", "nowhere"], "There is no location nowhere"),
        (["bundle", "add", "/nothing"], "neither a folder nor a zip"),
        (["fetch", "nobody", "x", "2026-01-01", "2026-01-02"], "no telemetry of nobody"),
    ],
)
def test_a_users_mistake_ends_in_a_sentence(run, words, told):
    code, _, said = run(*words)
    assert code == 2
    assert told in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words", [["ingest", "--jobs", "0"], ["ingest", "--since", "yesterday"], ["ingest", "nonsense"], ["reset", "4"]]
)
def test_what_can_not_be_parsed_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("xtelemdb")


def test_each_command_explains_itself_with_an_example(capsys):
    for words in (["-h"], ["ingest", "-h"], ["replica", "sync", "-h"], ["reset", "-h"], ["bundle", "add", "-h"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        assert "xtelemdb" in capsys.readouterr().out


def test_manage_py_runs_the_same_commands(telemetry_tables, telem, capsys):
    _, words = telem
    call_command("telemetry", "inventory", *words)
    assert "lab: 2 files" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("telemetry", "replica", "sync", "nowhere")


def test_a_night_that_is_interrupted_says_so(run, telem, monkeypatch):
    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    code, _, told = run("inventory", *telem[1])
    assert (code, "run it again" in told) == (130, True)


def test_a_file_whose_name_is_no_text_is_read_from_its_copy(run, tmp_path):
    folder = tmp_path / "telem"
    folder.mkdir()
    path = folder / os.fsdecode(b"caf\xe9_2026-11-28T000000.ndjson")
    path.write_text(
        '{"ts": "2026-11-28T00:00:00.000000001", "prio": "TELM", "ec": "note", "msg": {}}\n', encoding="utf-8"
    )
    (tmp_path / "backup").mkdir()
    words = ["hostname=lab", f"data_dirs={[str(folder)]}"]
    run("inventory", *words)
    run("replica", "add", "backup", tmp_path / "backup")
    run("replica", "sync", "backup", *words)
    path.unlink()
    run("inventory", *words, "--believe-empty")
    code, said, _ = run("ingest", *words)
    assert (code, "1 files read: 1 records" in said) == (0, True)


def test_manage_py_shows_our_help_and_our_exit_codes(telemetry_tables, capsys):
    for words, code in ((["-h"], 0), (["replica", "sync", "nowhere"], 2), (["setup"], 0)):
        with pytest.raises(SystemExit) as ended:
            Command().run_from_argv(["manage.py", "telemetry", *words])
        assert ended.value.code == code
    said = capsys.readouterr()
    assert "manage.py telemetry setup -c mine.toml" in said.out
    assert said.err.startswith("manage.py telemetry: There is no location nowhere")


def test_two_commands_at_once_that_are_killed_again_and_again_lose_and_double_nothing(telemetry_tables, telem, capsys):
    """A4 at the level of commands: processes that end at any moment; whoever comes next goes on."""
    folder, words = telem
    lines = [
        f'{{"ts": "2026-11-28T00:{n // 60:02}:{n % 60:02}.000000001", "prio": "TELM", "ec": "lab_note", "msg": {{"n": {n}}}}}\n'
        for n in range(3000)
    ]
    for number in range(12):
        (folder / f"dev{number}_2026-11-28T000000.ndjson").write_text("".join(lines), encoding="utf-8")
    call_command("telemetry", "inventory", *words)
    connections.close_all()
    dice, interrupted = random.Random(4), 0
    for _ in range(20):
        children = [_forked(lambda: main(["ingest", *words], own_database=False)) for _ in range(2)]
        time.sleep(dice.uniform(0.0, 0.15))  # when it strikes is left to chance; what is asserted holds whenever
        for child in children:
            os.kill(child, signal.SIGKILL)
            interrupted += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert interrupted
    assert main(["ingest", *words], own_database=False) == 0
    [(total, names, ingested)] = ask(
        "SELECT count(*), count(DISTINCT (recording_id, seq)),"
        " (SELECT count(*) FROM telemetry.file WHERE ingested_size_bytes = size_bytes) FROM telemetry.record"
    )
    assert (total, names, ingested) == (12 * 3000 + 6, 12 * 3000 + 6, 14)


def test_a_process_that_is_killed_ends_in_a_sentence_and_its_files_are_read_the_next_time(run, telem, monkeypatch):
    _, words = telem
    run("inventory", *words)
    with monkeypatch.context() as patch:
        patch.setattr("telemetry.reading.ingest_file", lambda *_args, **_more: os.kill(os.getpid(), signal.SIGKILL))
        code, _, told = run("ingest", *words, "--jobs", "2")
    assert (code, "A process was killed" in told) == (2, True)
    assert "2 files read: 6 records" in run("ingest", *words)[1]


def _forked(work) -> int:
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            # tqdm's own lock is one semaphore for a process and all that it forks: a child that is killed while it holds
            # it would leave it held for ever. Commands that a person starts share nothing.
            tqdm.set_lock(threading.RLock())
            work()
        finally:
            os._exit(0)
    return child
