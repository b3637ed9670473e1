"""The recorded answers of the OCS archive, and the state on which they were recorded.

The recording's files are gone; files of our own stand in for them, stored as the ocs_ingester stores them. Their
version ids and checksums take the place of the recorded ones, in requests and in answers.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
import numpy as np
from astropy.io import fits
from botocore.config import Config
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from archive.models import Frame, Profile, Proposal
from deploy.local.testing import S3Server
from tests.flows.differences import Answer

RECORDED = Path(__file__).resolve().parent.parent / "recorded" / "ocs"
RECORDED_BUCKET = "/archivebucket/"
SECOND_VERSION, THUMBNAIL, REPLACED = (53, 57, 91)
FRAMES_BY_ID = (
    "lsc1m005-fa15-20250309-0001-b00",
    "lsc1m005-fa15-20250309-0002-d00",
    "lsc1m005-fa15-20250309-0003-f00",
    "lsc1m005-fa15-20250309-0004-e00",
    "lsc1m005-fa15-20250309-0004-e91",
    "lsc1m005-fa15-20250101-bpm-full_frame",  # never comes
)
FORMS = {14, 71}  # sent as forms; all other bodies are JSON


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    key: str
    portal_token: str = ""
    proposals: tuple[str, ...] = ()
    is_staff: bool = False
    is_superuser: bool = False


PEOPLE = (
    Person("admin", "a" * 40, is_staff=True, is_superuser=True),
    Person("staffer", "b" * 40, is_staff=True),
    Person("alice", "c" * 40, "alice-portal-token", ("PROP001", "PROP002")),
    Person("bob", "d" * 40, "bob-portal-token"),
    Person("gone", "e" * 40, "gone-portal-token"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One recorded request and its answer. Number 0: what the ocs_ingester asked before the others."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    answer: Answer


def ingester_pairs() -> list[Pair]:
    return [_pair(0, recorded) for recorded in _read("ingester_flow.json")]


def pairs() -> list[Pair]:
    """All others, in the order of their numbers."""
    files = sorted(RECORDED.glob("[0-9][0-9]_*.json"))
    return [_pair(int(file.name[:2]), _read(file.name)) for file in files]


def messages() -> list[dict[str, Any]]:
    """Bodies of the messages of the five frames."""
    return list(_read("fanout.json"))


def _read(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def _pair(number: int, recorded: dict[str, Any]) -> Pair:
    request, response = recorded["request"], recorded["response"]
    body, headers = response["body"], response["headers"]
    is_compared = headers.get("Content-Type") in {"application/json", "text/plain"}
    answer = Answer(response["status"], headers, body if is_compared else None)
    return Pair(number, request["method"], request["path"], request["headers"] or {}, request["body"], answer)


def make_frames_known() -> None:
    """Rows for the names of the recording, so that the frames have its ids when they come."""
    for number, row in enumerate(FRAMES_BY_ID, start=1):
        Frame.objects.create(pk=number, basename=row)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('archive_frame', 'id'), %s)", [len(FRAMES_BY_ID)])


def make_people() -> None:
    for person in PEOPLE:
        user = User.objects.create_user(
            person.name,
            password=f"{person.name}-pass",
            is_staff=person.is_staff,
            is_superuser=person.is_superuser,
        )
        Token.objects.filter(user=user).delete()
        Token.objects.create(user=user, key=person.key)
        Profile.objects.filter(user=user).update(portal_token=person.portal_token)
        for name in person.proposals:
            Proposal.objects.get_or_create(id=name)[0].members.add(user)


@dataclass
class Player:
    """Sends recorded requests to this archive, with our own files in place of the recorded ones."""

    server: S3Server
    stands_for: dict[str, str] = field(default_factory=dict)  # recorded version id, checksum or cursor to our own
    sizes: dict[str, int] = field(default_factory=dict)  # our files by name, bytes

    def play(self, pair: Pair) -> tuple[Answer, Answer]:
        """The recorded answer in our files' terms, and this archive's."""
        if pair.body and pair.body.get("version_set") and (pair.number in {0, SECOND_VERSION, THUMBNAIL, REPLACED}):
            self._store(pair.body)
        return self._translated(pair.answer), self._answered(pair)

    def follow(self, *, recorded_next: str, own_next: str) -> None:
        """Cursors are opaque: ours takes the place of the recorded one in what follows."""
        old, new = (parse_qs(urlsplit(link).query)["cursor"][0] for link in (recorded_next, own_next))
        self.stands_for[urlencode({"": old})[1:]] = urlencode({"": new})[1:]

    def in_own_terms(self, recorded: Any) -> Any:
        return json.loads(self._own(json.dumps(recorded)))

    def _answered(self, pair: Pair) -> Answer:
        client = APIClient(raise_request_exception=False)
        client.credentials(**{f"HTTP_{name.upper()}": value for name, value in pair.headers.items()})
        content, content_type = self._content(pair)
        response = client.generic(pair.method, self._own(pair.path), content, content_type)
        body = b"".join(response) if response.streaming else response.content
        return Answer(response.status_code, dict(response.items()), _parsed(body, response.get("Content-Type", "")))

    def _content(self, pair: Pair) -> tuple[str, str]:
        if pair.body is None:
            return "", ""
        if pair.number in FORMS:
            return urlencode(pair.body), "application/x-www-form-urlencoded"
        return self._own(json.dumps(pair.body)), "application/json"

    def _translated(self, recorded: Answer) -> Answer:
        body = self.in_own_terms(recorded.body)
        text = json.dumps(body).replace(RECORDED_BUCKET, f"/{self.server.bucket}/")
        return Answer(recorded.status, recorded.headers, json.loads(text))

    def _own(self, text: str) -> str:
        for recorded, own in self.stands_for.items():
            text = text.replace(recorded, own)
        return text

    def _store(self, body: dict[str, Any]) -> None:
        """Put a file of our own where the ocs_ingester puts this one."""
        (version,) = body["version_set"]
        name = body["basename"] + version["extension"]
        content = file_for(name, seed=len(self.stands_for))
        folder = "thumbnails" if body["size"] else "raw" if body["reduction_level"] == 0 else "processed"
        path = "/".join((body["site_id"], body["instrument_id"], body["observation_day"], folder, name))
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.server.endpoint_url,
            region_name=self.server.region,
            aws_access_key_id=self.server.access_key,
            aws_secret_access_key=self.server.secret_key,
            config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
        )
        key = client.put_object(Bucket=self.server.bucket, Key=path, Body=content)["VersionId"]
        client.close()
        self.stands_for |= {version["key"]: key, version["md5"]: hashlib.md5(content).hexdigest()}
        self.sizes[name] = len(content)


def _parsed(body: bytes, content_type: str) -> Any:
    if content_type.startswith("application/json"):
        return json.loads(body)
    return body.decode("utf-8", "replace") if content_type.startswith("text/plain") else body


def file_for(name: str, *, seed: int) -> bytes:
    """A picture, or a FITS file with an image and, of a reduced frame, a catalogue."""
    if not name.endswith(".fits.fz"):
        return f"picture {seed}".encode()
    pixels = np.random.default_rng(seed).integers(900, 1100, (64, 64)).astype(np.int16)
    hdus = [fits.PrimaryHDU(), fits.CompImageHDU(pixels, name="SCI")]
    if "-e91" in name:
        columns = [fits.Column(axis, "E", array=np.arange(3.0)) for axis in ("x", "y", "flux")]
        hdus.append(fits.BinTableHDU.from_columns(columns, name="CAT"))
    with tempfile.TemporaryFile() as file:
        fits.HDUList(hdus).writeto(file)
        file.seek(0)
        return file.read()


def manifest_sizes(manifest: str) -> Iterator[tuple[str, str, int]]:
    """Location, name and size, bytes, of each line of a zip manifest."""
    for size, location, name in re.findall(r"^- (\d+) (\S+) \S+?/(\S+)$", manifest, re.MULTILINE):
        yield location, name, int(size)
