"""Downloads over real connections: resumed by curl, and broken off when a file fails, so that no client is content."""

import os
import signal
import subprocess
import time
import zipfile
from typing import Any

import pytest
import requests

from archive.models import StoredObject
from tests.factories import FrameFactory
from tests.flows.cutting_proxy import cutting_proxy
from tests.flows.web_server import Served

N_BYTES = 3_000_000


@pytest.fixture
def frames(transactional_db, archive, use_store):
    make = FrameFactory(archive.empty_store(use_store))
    return [make(content=os.urandom(N_BYTES), basename=f"frame{number}") for number in range(3)]


@pytest.fixture
def server(archive: Served) -> str:
    return archive.url


def freeze(address: str, frames) -> Any:
    answer = requests.post(f"{address}/downloads/", json={"frame_ids": [frame.pk for frame in frames]}, timeout=60)
    return answer.json()


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["curl", "--silent", "--fail", *arguments], capture_output=True, timeout=120, check=False)


def test_curl_resumes_a_zip_that_was_cut_again_and_again(archive, server, frames, tmp_path):
    with cutting_proxy(archive.port, cuts=[10**9, 1_000_003, 4_000_001, 2_500_007]) as proxy:
        frozen = freeze(proxy.address, frames)
        target = tmp_path / "got.zip"
        codes = [curl("-C", "-", "-o", str(target), frozen["url"]).returncode for _ in range(4)]
        assert [code == 0 for code in codes] == [False, False, False, True]
        assert proxy.bytes_given < frozen["size_bytes"] + 10_000
    assert target.read_bytes() == requests.get(frozen["url"].replace(proxy.address, server), timeout=60).content
    assert target.stat().st_size == frozen["size_bytes"]
    with zipfile.ZipFile(target) as opened:
        assert opened.testzip() is None


def test_what_post_began_is_resumed_at_its_link(server, frames, tmp_path):
    answer = requests.post(
        f"{server}/frames/zip/", json={"frame_ids": [frame.pk for frame in frames]}, stream=True, timeout=60
    )
    with answer:
        begun = answer.raw.read(4_000_000)
    target = tmp_path / "got.zip"
    target.write_bytes(begun)
    assert curl("-C", "-", "-o", str(target), answer.links["alternate"]["url"]).returncode == 0
    with zipfile.ZipFile(target) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == 3


@pytest.mark.parametrize("layout", ["fixed", "streamed"])
@pytest.mark.parametrize("route", ["/downloads/", "/frames/zip/"])
def test_a_file_with_wrong_bytes_breaks_the_connection_off(archive, server, frames, tmp_path, layout, route):
    if layout == "streamed":
        StoredObject.objects.filter(version__frame=frames[0]).update(crc32=None, verified_at=None)
    frozen = freeze(server, frames)
    assert (frozen["size_bytes"] is None) == (layout == "streamed")
    stored = frames[2].versions.get().object
    (path,) = (archive.root / ".versions" / stored.path).iterdir()
    path.write_bytes(bytes(N_BYTES))
    body = ["--json", f'{{"frame_ids": {[frame.pk for frame in frames]}}}']
    asked = [frozen["url"]] if route == "/downloads/" else [*body, f"{server}{route}"]
    target = tmp_path / "got.zip"
    assert curl("-o", str(target), *asked).returncode == 18  # "transfer closed with data remaining"
    assert target.stat().st_size > N_BYTES
    assert not zipfile.is_zipfile(target)


def test_a_reader_who_leaves_does_not_disturb_the_next(server, frames, tmp_path):
    url = freeze(server, frames)["url"]
    with subprocess.Popen(["curl", "--silent", "--limit-rate", "100k", "-o", "/dev/null", url]) as slow:
        time.sleep(0.5)
        slow.send_signal(signal.SIGKILL)
    assert requests.get(url, timeout=60).status_code == 200
