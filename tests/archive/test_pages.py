"""What people see: browsable pages with pictures, documentation that needs no network, health."""

import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from archive.api.examples import EXAMPLES
from archive.domain.objects import NewObject
from archive.domain.thumbnails import NewThumbnail, register_previews
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from settings.env import KNOWN

OUTSIDE = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")


@pytest.fixture
def with_picture(frame_factory, store, tmp_path):
    frame = frame_factory()
    file = tmp_path / "small.jpg"
    file.write_bytes(b"a picture")
    pictures = []
    for size in ("small", "medium"):
        stored = store.put(file, Upload(f"archive/previews/{size}.jpg", digest_of(file), "image/jpeg"))
        new = NewObject(store.name, stored.path, stored.version_id, digest_of(file).md5, digest_of(file))
        pictures.append(NewThumbnail(new, size=size, basename=f"{frame.basename}-{size}", extension=".jpg"))
    register_previews(version=frame.versions.get(), pictures=pictures, at=timezone.now())
    return frame


def page(client, url):
    answer = client.get(url, HTTP_ACCEPT="text/html")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_list_shows_small_pictures_and_a_frame_its_medium_one(client, with_picture):
    assert "archive/previews/small.jpg?" in page(client, "/frames/")
    html = page(client, f"/frames/{with_picture.pk}/")
    assert "archive/previews/medium.jpg?" in html
    assert f'alt="Preview of {with_picture.basename}"' in html


def test_pages_carry_the_archive_s_name(client, with_picture, settings):
    settings.SITE = {**settings.SITE, "title": "Archive of Mount Test"}
    for url in ("/frames/", "/api-auth/login/"):
        assert "Archive of Mount Test" in page(client, url)


@pytest.mark.parametrize(
    "url",
    ["/frames/", "/?format=api", "/search/", "/swagger/", "/redoc/", "/api-auth/login/", "/profile/", "/thumbnails/"],
)
def test_no_page_asks_anything_from_outside(client, with_picture, url):
    html = page(client, url)
    for link in OUTSIDE.findall(
        html.replace("//testserver", "/testserver").replace("https://www.django-rest-framework.org", "")
    ):
        raise AssertionError(f"{url} links to another host: {link}")


def test_errors_have_pages_too(client, db):
    assert client.get("/frames/99/", HTTP_ACCEPT="text/html").status_code == 404
    assert client.get("/frames/?covers=foo", HTTP_ACCEPT="text/html").status_code == 400


def test_superusers_see_the_form_on_the_list(client, admin, with_picture):
    client.force_login(admin)
    assert "basename" in page(client, "/frames/")


@pytest.mark.parametrize("model", ["frame", "storedobject", "thumbnail", "event", "proposal", "profile"])
def test_the_admin_shows_the_rows(client, admin, with_picture, model):
    client.force_login(admin)
    assert client.get(f"/admin/archive/{model}/").status_code == 200


def test_the_admin_shows_a_frame_and_lets_nobody_change_it(client, admin, with_picture):
    client.force_login(admin)
    url = f"/admin/archive/frame/{with_picture.pk}/change/"
    assert with_picture.basename in page(client, url)
    assert client.post(url, {"basename": "other"}).status_code == 403


def test_the_openapi_document_names_every_route_of_the_api(client, db):
    document = client.get("/openapi/?format=json").json()
    assert {"/frames/", "/frames/{id}/", "/frames/{id}/headers/", "/frames/{id}/download/", "/versions/", "/thumbnails/",
            "/profile/", "/api-token-auth/", "/revoke_token/"} <= document["paths"].keys()  # fmt: skip
    filters = {parameter["name"] for parameter in document["paths"]["/frames/"]["get"]["parameters"]}
    assert {"start", "end", "covers", "basename", "target_name", "proposal_id", "instrument_id", "site_id",
            "reduction_level", "limit", "offset"} <= filters  # fmt: skip


def test_every_operation_with_a_json_body_has_an_example(client, db):
    document = client.get("/openapi/?format=json").json()
    lacking = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
            for name, body in bodies.items():
                media = body.get("content", {}).get("application/json")
                if media is not None and name[0] in "r2" and "example" not in media:
                    lacking.append((path, method, name))
    assert lacking == []


def test_the_examples_of_what_is_sent_are_taken(api, admin, store):
    assert api(admin).post("/frames/", EXAMPLES["/frames/", "post"][0], format="json").status_code == 201
    assert api(admin).post("/thumbnails/", EXAMPLES["/thumbnails/", "post"][0], format="json").status_code == 201


def test_health_is_the_constant_that_clients_know(client):
    assert client.get("/health/").json() == "ok"  # and asks no database: none is marked for this test


def test_robots_are_turned_away(client):
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /"


@pytest.mark.django_db
class TestReadiness:
    def parts(self, client, code=200):
        cache.clear()
        answer = client.get("/health/ready/")
        assert answer.status_code == code, answer.content
        return answer.json()

    def test_each_part_is_named_and_real(self, client):
        answer = self.parts(client)
        assert answer["parts"]["database"]["detail"].startswith("PostGIS")
        assert [answer["parts"][name]["status"] for name in ("database", "cache", "broker", "relay")] == ["ok"] * 4
        assert "replica" not in answer["parts"]  # there is none
        # The tests' store keeps files in memory, and no worker runs: both are told, neither is fatal.
        assert (answer["status"], answer["parts"]["workers"]["status"]) == ("reduced", "reduced")

    def test_without_a_broker_the_archive_is_reduced_and_says_what_waits(self, client, settings):
        settings.QUEUE_BROKER_URL = "memory://localhost"
        answer = self.parts(client)
        assert answer["parts"]["broker"]["status"] == "reduced"
        assert "outbox" in answer["parts"]["broker"]["detail"]

    def test_a_broker_that_is_down_is_told(self, client, settings):
        settings.QUEUE_BROKER_URL = "amqp://guest:guest@127.0.0.1:9//"
        assert self.parts(client)["parts"]["broker"]["status"] == "reduced"

    def test_a_store_that_can_not_work_is_down(self, client, use_store, tmp_path):
        use_store(type="local", root_dir=str(tmp_path / "not-mounted"))
        answer = self.parts(client, code=503)
        assert (answer["status"], answer["parts"]["store"]["status"]) == ("down", "down")

    def test_the_dummy_store_says_that_it_keeps_nothing(self, client, use_store):
        use_store(type="dummy")
        assert "keeps nothing" in self.parts(client)["parts"]["store"]["detail"]

    def test_events_that_wait_too_long_are_told(self, client, frame_factory):
        frame_factory()  # written in the past, never relayed
        assert self.parts(client)["parts"]["relay"]["status"] == "reduced"


def test_the_default_store_of_a_process_started_by_hand_is_the_dummy():
    assert KNOWN["FILESTORE_TYPE"].default == "dummy"
    assert settings.STORE.type == "memory"
