"""/frames/script/: the programs that it gives, run with real curl, wget, aria2 and Python against a running archive."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from archive.enums import ProductKind
from archive.models import FrozenSelection, StoredObject
from tests.factories import AOFactory, FrameFactory
from tests.flows.cutting_proxy import cutting_proxy
from tests.flows.web_server import Served

KINDS = ("curl", "wget", "aria2", "python")
PROGRAM = {"curl": "curl", "wget": "wget", "aria2": "aria2c"}
ODD_NAMES = (
    "plain",
    '-rf it\'s "quoted" $(touch hacked) `touch hacked`',
    "größe & ; | < > * ? [a] {b} ~ # % = 100%20",
    "-starts-with-a-dash",
)
LARGE_BYTES = 3_000_000


@dataclass
class Running:
    archive: Served
    make: FrameFactory
    folder: Path

    def script(self, kind: str, *, user=None, terms: str = "site_id=lsc", url: str = "") -> str:
        headers = {"Authorization": f"Token {user.auth_token.key}"} if user else {}
        answer = requests.get(
            f"{url or self.archive.url}/frames/script/?{terms}&format={kind}", headers=headers, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def run(self, kind: str, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script as its first lines say, with nothing of this process's environment but the path."""
        written = self.folder.parent / f"script.{kind}"
        written.write_text(script, encoding="utf-8")
        command = [sys.executable if kind == "python" else "sh", str(written)]
        if kind == "aria2":  # its own first lines say how
            (says,) = (line for line in script.splitlines() if line.startswith("#     "))
            command = ["sh", "-c", says.removeprefix("#     ").replace("THIS_FILE", str(written))]
        return subprocess.run(
            command,
            cwd=self.folder, env={"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), **environment},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def held(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def running(transactional_db, archive, use_store, tmp_path) -> Running:
    folder = tmp_path / "work"
    folder.mkdir()
    return Running(archive, FrameFactory(archive.empty_store(use_store)), folder)


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    if request.param in PROGRAM and not shutil.which(PROGRAM[request.param]):
        pytest.skip(f"{PROGRAM[request.param]} is not installed")
    return str(request.param)


def test_files_of_any_name_come_whole_and_a_second_run_fetches_nothing(running, kind):
    contents = {f"{name}.fits": name.encode() * 50 for name in ODD_NAMES}
    for name, content in contents.items():
        running.make(basename=name.removesuffix(".fits"), extension=".fits", content=content)
    script = running.script(kind)
    done = running.run(kind, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.held() == contents
    if kind != "aria2":
        assert f"[{len(contents)}/{len(contents)}]" in done.stdout
    FrozenSelection.objects.all().delete()  # now the archive gives nothing of it any more
    done = running.run(kind, script)
    assert running.held() == contents
    if kind != "aria2":  # aria2 asks how large each file is before it looks at its own
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["curl", "aria2", "python"], indirect=True)
def test_a_night_comes_into_the_folders_of_the_original(running, kind, alice):
    ao = AOFactory(running.make)
    observation = ao.observation(public_date=None)
    ao.file(ao.product(observation), "frames", content=b"frames", filename="frames.csv")
    ao.file(ao.product(observation, kind=ProductKind.BRIGHT_STREHL), "legacy", content=b"text", filename="a_strehl.txt")
    ao.file(ao.seeing().product, "fit", content=b"fit", filename="a.png")
    headers = {"Authorization": f"Token {alice.auth_token.key}"}
    answer = requests.get(f"{running.archive.url}/nights/2016-09-25/script/?format={kind}", headers=headers, timeout=60)
    done = running.run(kind, answer.text, ARCHIVE_TOKEN=alice.auth_token.key)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {path.relative_to(running.folder).as_posix(): path for path in running.folder.rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == {
        f"20160925/{observation.name}/automated/frames.csv": b"frames",
        f"20160925/{observation.name}/automated/strehl/a_strehl.txt": b"text",
        "20160925/summary/seeing/a.png": b"fit",
    }


def test_a_download_that_is_cut_goes_on_where_it_was(running, kind):
    content = os.urandom(LARGE_BYTES)
    running.make(basename="large", extension=".fits", content=content)
    with cutting_proxy(running.archive.port, cuts=[10**9, 1_000_000, 1_200_000]) as proxy:
        script = running.script(kind, url=proxy.address)
        done = running.run(kind, script)
        for _ in range(3):  # aria2 leaves it to its user to start it again
            if kind == "aria2" and done.returncode:
                done = running.run(kind, script)
        assert done.returncode == 0, done.stdout + done.stderr
        assert proxy.cuts_left == 0
        assert proxy.bytes_given < LARGE_BYTES + 500_000
    assert running.held() == {"large.fits": content}


def test_one_that_was_killed_goes_on_at_the_next_run(running, kind):
    content = os.urandom(LARGE_BYTES)
    running.make(basename="large", extension=".fits", content=content)
    with cutting_proxy(running.archive.port, cuts=[]) as proxy:
        script = running.script(kind, url=proxy.address)
        begun = "large.fits" if kind == "aria2" else "large.fits.part"
        (running.folder / begun).write_bytes(content[:2_000_000])
        before = proxy.bytes_given
        done = running.run(kind, script)
        assert done.returncode == 0, done.stdout + done.stderr
        if kind != "aria2":  # which goes on only with files that it kept notes of itself
            assert proxy.bytes_given - before < LARGE_BYTES - 2_000_000 + 100_000
    assert running.held() == {"large.fits": content}


def test_bytes_that_are_wrong_here_are_fetched_anew(running, kind):
    content = os.urandom(100_000)
    running.make(basename="file", extension=".fits", content=content)
    script = running.script(kind)
    assert running.run(kind, script).returncode == 0
    (running.folder / "file.fits").write_bytes(b"!" + content[1:])
    done = running.run(kind, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.held() == {"file.fits": content}


def test_a_begun_file_with_a_wrong_byte_is_begun_again(running, kind):
    content = os.urandom(100_000)
    running.make(basename="file", extension=".fits", content=content)
    script = running.script(kind)
    begun = "file.fits" if kind == "aria2" else "file.fits.part"
    (running.folder / begun).write_bytes(b"!" + content[1:50_000])
    done = running.run(kind, script)
    if kind == "aria2" and done.returncode:
        done = running.run(kind, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.held() == {"file.fits": content}


def test_a_file_that_the_archive_holds_damaged_is_never_a_success(running, kind):
    running.make(basename="good", extension=".fits", content=b"good" * 99)
    bad = running.make(basename="bad", extension=".fits", content=b"bad" * 99)
    script = running.script(kind)
    stored = bad.versions.get().object
    (path,) = (running.archive.root / ".versions" / stored.path).iterdir()
    path.write_bytes(b"bad" * 98 + b"BAD")
    done = running.run(kind, script)
    assert done.returncode != 0
    assert running.held()["good.fits"] == b"good" * 99
    if kind != "aria2":  # which keeps it, and knows it to be wrong
        assert set(running.held()) == {"good.fits"}
        assert "bad.fits: FAILED" in done.stderr
        assert "1 of 2 files FAILED" in done.stderr


def test_what_is_not_public_wants_the_token_from_the_environment(running, kind, alice):
    running.make(basename="hidden", extension=".fits", content=b"hidden", public_date=None)
    script = running.script(kind, user=alice)
    token = alice.auth_token.key
    assert token not in script
    assert "signature" not in script
    for environment in ({}, {"ARCHIVE_TOKEN": "0" * 40}):
        done = running.run(kind, script, **environment)
        assert done.returncode != 0
        assert "hidden.fits" not in running.held()
    done = running.run(kind, script, ARCHIVE_TOKEN=token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.held() == {"hidden.fits": b"hidden"}
    assert token not in done.stdout + done.stderr


def test_a_file_that_is_gone_or_a_script_that_is_old_fails_and_says_why(running, kind):
    running.make(basename="file", extension=".fits", content=b"content")
    script = running.script(kind)
    FrozenSelection.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    done = running.run(kind, script)
    assert done.returncode != 0
    assert running.held() == {}
    if kind != "aria2":
        assert "anew" in done.stderr


@pytest.mark.parametrize("kind", ["curl", "wget", "python"])
def test_a_script_that_was_cut_on_its_way_does_nothing(running, kind):
    for number in range(5):
        running.make(basename=f"file{number}", extension=".fits")
    script = running.script(kind)
    first = script.index("file0.fits")
    for end in (first + 5, script.index("\n", first) + 1, len(script) - len(script.splitlines()[-1]) - 1):
        done = running.run(kind, script[:end])
        assert running.held() == {}
        assert "here and right" not in done.stdout


def test_before_the_archive_has_read_the_bytes_their_md5_counts(running, kind):
    running.make(basename="posted", extension=".fits", content=b"posted")
    StoredObject.objects.update(sha256=None, crc32=None, size_bytes=None, verified_at=None)
    script = running.script(kind)
    done = running.run(kind, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert running.held() == {"posted.fits": b"posted"}
    (running.folder / "posted.fits").unlink()
    StoredObject.objects.update(md5="0" * 32)
    done = running.run(kind, running.script(kind))
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("query", "status"),
    [("site_id=lsc", 400), ("site_id=lsc&format=perl", 400), ("format=curl", 400), ("site_id=cpt&format=curl", 404),
     ("start=x&format=curl", 400)],
)  # fmt: skip
def test_what_can_not_be_a_script_says_why(query, status, frame_factory, api):
    frame_factory(site_id="lsc")
    response = api(None).get(f"/frames/script/?{query}")
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("kind", "content_type", "ending"),
    [("curl", "text/x-shellscript", "curl.sh"), ("wget", "text/x-shellscript", "wget.sh"),
     ("python", "text/x-python", "download.py"), ("aria2", "text/plain", "aria2.txt")],
)  # fmt: skip
def test_each_has_its_type_and_name(kind, content_type, ending, frame_factory, api):
    frame_factory()
    response = api(None).get(f"/frames/script/?site_id=lsc&format={kind}")
    assert response["Content-Type"].startswith(content_type)
    assert response["Content-Disposition"] == (
        f"attachment; filename=ocs_archive_data-{timezone.now():%Y%m%d}-1-{ending}"
    )


@pytest.mark.parametrize("count", [1, 3])
def test_a_script_costs_the_same_queries_for_any_number(count, frame_factory, api, django_assert_num_queries):
    for _ in range(count):
        frame_factory()
    with django_assert_num_queries(3):  # versions with frames and objects; the selection; digests
        b"".join(api(None).get("/frames/script/?site_id=lsc&format=curl"))
