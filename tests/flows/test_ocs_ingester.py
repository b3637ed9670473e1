"""The public ocs_ingester, unchanged, against this archive: what it stores is found, read back, verified, kept."""

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from rest_framework.authtoken.models import Token

from archive.domain import verification
from archive.domain.store import the_store
from archive.models import Frame, StoredObject, Thumbnail, Version
from deploy.local.ports import PortBlock
from tests.flows.ocs_client import OcsIngester, Upload, require_ocs_ingester
from tests.flows.web_server import web_server
from tests.synthetic import CARDS, write_frame

ALREADY = "NonFatalDoNotRetryError"
METADATA = {key: value for key, value in CARDS.items() if not key.startswith(("C", "N"))}
NAME = "lsc1m005-fa15-20250309"
S3_SETTINGS = (
    "BUCKET", "S3_ENDPOINT_URL", "S3_ADDRESSING_STYLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Running:
    """An archive that answers on a port, and an ingester that knows it."""

    url: str
    token: str
    ingester: OcsIngester

    def get(self, path: str, **query: str) -> Any:
        answer = requests.get(self.url + path, query, headers=self._headers(), timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def download(self, frame_id: int) -> bytes:
        answer = requests.get(f"{self.url}frames/{frame_id}/download/", headers=self._headers(), timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.content

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}"}


@pytest.fixture(scope="session", autouse=True)
def _ocs_ingester() -> None:
    require_ocs_ingester()


@pytest.fixture
def port() -> Iterator[int]:
    block = PortBlock()
    yield block.take()
    block.release()


@pytest.fixture(params=["s3", "local"])
def archive(request, admin, use_store, port: int, tmp_path: Path) -> Iterator[Running]:
    """gunicorn and the ingester on one store."""
    url = f"http://127.0.0.1:{port}/"
    root = tmp_path / "store"
    root.mkdir()
    use_store(type=request.param, root_dir=str(root), base_url=url)
    token = Token.objects.get(user=admin).key
    settings = {"API_ROOT": url, "AUTH_TOKEN": token, "FILESTORE_TYPE": request.param}
    if request.param == "s3":
        settings |= {name: os.environ[name] for name in S3_SETTINGS}
    else:
        settings |= {"FILESYSTEM_STORAGE_ROOT_DIR": str(root)}
    with web_server(port):
        yield Running(url, token, OcsIngester(settings))


def pack(path: Path) -> Path:
    packed = path.with_name(path.name.replace(".fits.fz", ".tar.gz"))
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(path, path.name)
    return packed


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


KINDS: dict[str, Callable[[Path], Upload]] = {
    ".fits": lambda folder: Upload(write_frame(folder / f"{NAME}-0001-e00.fits", seed=1)),
    ".fits of a day with dashes": lambda folder: Upload(
        write_frame(folder / f"{NAME}-0002-e00.fits", seed=2, DAY__OBS="2025-03-09")
    ),
    ".fits of a bad pixel mask": lambda folder: Upload(write_frame(folder / "bpm-lsc-fa15.fits", seed=3, OBSTYPE="BIAS")),
    ".fits.fz": lambda folder: Upload(
        write_frame(folder / f"{NAME}-0003-e91.fits.fz", seed=4, L1IDBIAS=f"{NAME}-0009-b00.fits.fz", REQNUM="N/A")
    ),
    ".fits.fz of a bad pixel mask": lambda folder: Upload(
        write_frame(folder / "lsc-fa15-bpm.fits.fz", seed=5, OBSTYPE="BIAS")
    ),
    ".tar.gz": lambda folder: Upload(
        pack(write_frame(folder / "ogg2m001-en06-20250309-0004-e00.fits.fz", seed=6, OBSTYPE="SPECTRUM"))
    ),
    ".pdf": lambda folder: Upload(
        written(folder / f"{NAME}-0001-e00_log.pdf", b"%PDF-1.7 a log"), file_metadata=METADATA
    ),
}  # fmt: skip


def thumbnail(folder: Path, *, content: bytes = b"\xff\xd8\xff a small picture") -> Upload:
    metadata = {**METADATA, "frame_basename": f"{NAME}-0001-e00", "size": "small"}
    path = written(folder / f"{NAME}-0001-e00-small.jpg", content)
    return Upload(path, file_metadata=metadata, is_thumbnail=True, thumbnail_size="small")


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_file_is_found_read_back_and_verified_and_a_second_try_adds_nothing(archive, tmp_path, now):
    uploads = [make(tmp_path) for make in KINDS.values()] + [thumbnail(tmp_path)]
    assert [answer.refusal for answer in archive.ingester.upload(*uploads)] == [""] * len(uploads)

    *frames, picture = uploads
    assert archive.get("frames/")["count"] == len(frames)
    for upload in frames:
        require_frame(archive, upload.path)
    require_thumbnail(archive, picture.path)
    for frame_id in Frame.objects.values_list("pk", flat=True):
        verification.verify_frame(frame_id=frame_id, at=now)
    for upload in uploads:
        require_verified(upload.path)

    before = contents()
    *again, _ = archive.ingester.upload(*uploads)
    assert [answer.refusal for answer in again] == [ALREADY] * len(frames)
    assert all("already exists" in answer.message for answer in again)
    assert contents() == before


@pytest.mark.django_db(transaction=True)
def test_the_command_overwrites_a_file_and_both_versions_can_be_read(archive, tmp_path):
    path = write_frame(tmp_path / f"{NAME}-0001-e00.fits", seed=1)
    first = path.read_bytes()
    assert archive.ingester.command("--check-only", str(path)).returncode == 1
    assert archive.ingester.command(str(path)).returncode == 0
    assert archive.ingester.command("--check-only", str(path)).returncode == 0
    path.unlink()
    second = write_frame(path, seed=2, OBJECT="M 51a").read_bytes()
    assert archive.ingester.command(str(path)).returncode == 0

    (row,) = archive.get("frames/", basename=basename_of(path))["results"]
    assert row["target_name"] == "M 51a"
    assert [content_at(version["url"]) for version in row["version_set"]] == [second, first]
    assert archive.download(row["id"]) == second


@pytest.mark.django_db(transaction=True)
def test_a_new_picture_takes_the_place_of_the_old_one(archive, tmp_path):
    old, new = b"\xff\xd8\xff old", b"\xff\xd8\xff new"
    for content in (old, new, new):
        (answer,) = archive.ingester.upload(thumbnail(tmp_path, content=content))
        assert answer.refusal == "", answer.message
        (shown,) = archive.get("thumbnails/")["results"]
        assert content_at(shown["url"]) == content
    assert Thumbnail.objects.count() == StoredObject.objects.count() == 1
    stored = StoredObject.objects.get()
    assert [version.version_id for version in the_store().versions(stored.path)][:1] == [stored.version_id]


def basename_of(path: Path) -> str:
    return path.name.split(".", 1)[0]


def md5_of(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def content_at(url: str) -> bytes:
    """Bytes that anybody gets who has the link."""
    answer = requests.get(url, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content


def contents() -> list[Any]:
    """Rows, and what the store holds under their paths."""
    stored = StoredObject.objects.order_by("path", "md5")
    held = [len(the_store().versions(each.path)) for each in stored]
    return [
        Frame.objects.count(),
        Version.objects.count(),
        Thumbnail.objects.count(),
        [each.path for each in stored],
        held,
    ]


def require_frame(archive: Running, path: Path) -> None:
    """The file is found by its name and its MD5, with its header, and its bytes come back by both ways."""
    content = path.read_bytes()
    (row,) = [
        row for row in archive.get("frames/", basename=basename_of(path))["results"] if row["filename"] == path.name
    ]
    assert (row["target_name"], row["site_id"], row["observation_day"]) == ("M 51", "lsc", "2025-03-09")
    assert archive.get(f"frames/{row['id']}/headers/")["data"]["OBJECT"] == "M 51"
    (version,) = archive.get("versions/", md5=md5_of(content))["results"]
    assert [version["md5"]] == [each["md5"] for each in row["version_set"]]
    assert content_at(row["url"]) == content
    assert archive.download(row["id"]) == content


def require_thumbnail(archive: Running, path: Path) -> None:
    (row,) = [row for row in archive.get("frames/", include_thumbnails="true")["results"] if row["thumbnails"]]
    (shown,) = row["thumbnails"]
    assert (row["basename"], shown["size"], shown["extension"]) == (f"{NAME}-0001-e00", "small", ".jpg")
    assert content_at(shown["url"]) == path.read_bytes()


def require_verified(path: Path) -> None:
    content = path.read_bytes()
    stored = StoredObject.objects.get(md5=md5_of(content))
    assert stored.fault == ""
    assert (stored.size_bytes, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
