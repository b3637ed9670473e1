"""A real streaming replica that applies late: what it may answer, what it never answers, and that it may go."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from django.core.cache import cache
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain.removal import delete_frame
from archive.models import Frame
from deploy.local.ports import PortBlock
from tests.archive.bodies import body
from tests.factories import FrameFactory
from tests.flows.standby import Standby, a_standby
from tests.flows.web_server import web_server


@pytest.fixture(scope="module")
def standby(services, django_db_setup) -> Iterator[Standby]:
    with a_standby(services) as made:
        yield made


@dataclass
class Site:
    """An archive that reads from the replica, and the folder of its store."""

    address: str
    root: Path

    def get(self, path: str, token: str = "", **asked: str) -> requests.Response:
        headers = {"Authorization": f"Token {token}"} if token else {}
        return requests.get(f"{self.address}{path}", asked, headers=headers, timeout=30)

    def names(self, token: str = "", **asked: str) -> set[str]:
        """Names of the frames on the first page."""
        answer = self.get("/frames/", token, **asked)
        assert answer.status_code == 200, answer.text
        return {row["basename"] for row in answer.json()["results"]}

    def replica_is(self) -> dict[str, str]:
        cache.clear()  # the answer of a moment ago
        part: dict[str, str] = self.get("/health/ready/").json()["parts"]["replica"]
        return part


@dataclass
class Sites:
    """Starts archives that differ in how late a replica they put up with."""

    standby: Standby
    ports: PortBlock
    root: Path

    @contextmanager
    def site(self, *, most_lag_s: str) -> Iterator[Site]:
        port = self.ports.take()
        settings = {
            "DB_HOST_READER": self.standby.server.address,
            "REPLICA_MAX_LAG_SECONDS": most_lag_s,
            "FILESTORE_TYPE": "local",
            "FILESYSTEM_STORAGE_ROOT_DIR": str(self.root),
            "FILESYSTEM_STORAGE_BASE_URL": f"http://127.0.0.1:{port}/",
        }
        with web_server(port, **settings) as address:
            yield Site(address, self.root)


@pytest.fixture(scope="module")
def sites(standby, tmp_path_factory) -> Iterator[Sites]:
    ports = PortBlock()
    yield Sites(standby, ports, tmp_path_factory.mktemp("store"))
    ports.release()


@pytest.fixture(scope="module")
def site(sites) -> Iterator[Site]:
    with sites.site(most_lag_s="3600") as made:
        yield made


@pytest.fixture
def make_frame(transactional_db, use_store, sites) -> FrameFactory:
    cache.clear()
    return FrameFactory(use_store(type="local", root_dir=str(sites.root), base_url="http://127.0.0.1/"))


@pytest.fixture
def behind(standby, make_frame) -> Iterator[dict[str, Frame]]:
    """The primary has `kept` and `new`; the replica still shows `kept`, `hidden` and `deleted` to everybody."""
    frames = {name: make_frame() for name in ("kept", "hidden", "deleted")}
    standby.catch_up()
    with standby.held():
        Frame.objects.filter(pk=frames["hidden"].pk).update(public_date=None)
        delete_frame(frame_id=frames["deleted"].pk, at=timezone.now(), by="test")
        frames["new"] = make_frame()
        yield frames


@pytest.fixture
def admin_token(admin) -> str:
    return str(Token.objects.get(user=admin).key)


def named(frames: dict[str, Frame], *wanted: str) -> set[str]:
    return {frames[name].basename for name in wanted}


def test_a_page_through_the_replica_shows_nothing_that_was_hidden_or_deleted_a_moment_ago(site, behind):
    assert site.names() == named(behind, "kept")  # that `new` is not there shows where the page comes from
    assert site.names(pagination_style="cursor") == named(behind, "kept")
    assert site.get("/frames/").json()["count"] == 1
    alone = site.get("/frames/", basename_exact=behind["hidden"].basename).json()
    assert (alone["count"], alone["results"]) == (0, [])


def test_aggregates_of_readers_come_from_the_replica_and_those_of_superusers_from_the_primary(
    site, standby, make_frame, admin_token
):
    make_frame(site_id="lsc")
    standby.catch_up()
    with standby.held():
        make_frame(site_id="cpt")
        window = {"start": "2025-01-01", "end": "2025-12-31", "public": "true"}
        assert site.get("/frames/aggregate/", **window).json()["sites"] == ["lsc"]
        assert site.get("/frames/aggregate/", admin_token, **window).json()["sites"] == ["cpt", "lsc"]


def test_what_an_ingester_wrote_is_never_asked_of_a_replica(site, behind, admin_token):
    name, content = "lsc1m005-fa15-20250309-9999-e91", b"bytes of a client"
    md5 = hashlib.md5(content).hexdigest()
    path = site.root / "lsc/fa15/20250309/processed" / f"{name}.fits.fz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    posted = requests.post(
        f"{site.address}/frames/",
        json=body(basename=name, version_set=[{"key": md5, "md5": md5, "extension": ".fits.fz"}]),
        headers={"Authorization": f"Token {admin_token}"},
        timeout=30,
    )
    assert posted.status_code == 201, posted.text
    assert site.names(admin_token) == named(behind, "kept", "hidden", "new") | {name}
    assert [row["md5"] for row in site.get("/versions/", admin_token, md5=md5).json()["results"]] == [md5]


def test_a_single_frame_that_the_replica_lacks_is_found(site, behind):
    new, hidden = behind["new"].pk, behind["hidden"].pk
    assert site.names() == named(behind, "kept")
    for part in ("", "headers/", "related/", "download/"):
        assert site.get(f"/frames/{new}/{part}").status_code == 200
        assert site.get(f"/frames/{hidden}/{part}").status_code == 404


def test_a_replica_that_is_too_far_behind_answers_nothing(sites, behind, site):
    with sites.site(most_lag_s="0") as strict:
        assert strict.names() == named(behind, "kept", "new")
        assert strict.replica_is()["status"] == "reduced"
        assert "behind: pages come from the primary" in strict.replica_is()["detail"]
    assert site.replica_is()["status"] == "ok"


def test_the_replica_shows_late_what_the_primary_has_and_then_all_of_it(site, standby, behind):
    assert site.names() == named(behind, "kept")
    standby.go_on()
    standby.catch_up()
    assert site.names() == named(behind, "kept", "new")


def test_without_the_replica_everything_answers(site, standby, behind):
    assert site.names() == named(behind, "kept")
    standby.server.stop()
    try:
        assert site.names() == named(behind, "kept", "new")
        assert site.names() == named(behind, "kept", "new")  # it is left alone now
        for path in (f"/frames/{behind['new'].pk}/", "/frames/aggregate/", "/thumbnails/", "/health/ready/"):
            assert site.get(path).status_code == 200
        assert site.replica_is() == {
            "status": "reduced",
            "detail": "the replica does not answer: pages come from the primary",
        }
    finally:
        standby.server.start()
    assert site.replica_is()["status"] == "ok"  # whoever asks takes it into use again
