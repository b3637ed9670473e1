"""/object-events/: the store tells of objects over HTTP, and is believed when it shows the secret."""

import base64
import json

import pytest

from archive.models import ReceivedObject
from tests.photonranch_night import object_event

KEY = "data/tst-kb001ms-20261120-00000001-EX01.txt"


@pytest.fixture
def tell(api, store, settings, now, db):
    """Sends a notification as an object store does."""
    settings.OBJECT_EVENTS_SECRET = "s3cret"

    def tell(body=None, *, secret=True, content_type="application/json", **headers):
        if body is None:
            body = object_event(KEY, bucket=settings.STORE.bucket, size_bytes=5, version_id="v1", sequencer="1", at=now)
        if secret and not headers:
            headers = {"HTTP_X_ARCHIVE_SECRET": "s3cret"}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return api(None).generic("POST", "/object-events/", text, content_type=content_type, **headers)

    return tell


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"archive:{password}".encode()).decode()


@pytest.mark.parametrize(
    "shown",
    [{"HTTP_X_ARCHIVE_SECRET": "s3cret"}, {"HTTP_AUTHORIZATION": "Bearer s3cret"},
     {"HTTP_AUTHORIZATION": basic("s3cret")}],
)  # fmt: skip
def test_each_server_s_way_to_show_the_secret_is_known(tell, shown):
    assert tell(**shown).json() == {"heard": 1, "waiting": 1}
    row = ReceivedObject.objects.get()
    assert (row.path, row.version_id, row.state, row.sequencer) == (KEY, "v1", "waiting", "1")
    assert tell(**shown).json() == {"heard": 1, "waiting": 1}
    assert ReceivedObject.objects.count() == 1


@pytest.mark.parametrize(
    "shown",
    [{"HTTP_X_ARCHIVE_SECRET": "wrong"}, {"HTTP_X_ARCHIVE_SECRET": ""}, {"HTTP_AUTHORIZATION": "Bearer "},
     {"HTTP_AUTHORIZATION": basic("wrong")}, {"HTTP_AUTHORIZATION": "Basic %%%"},
     {"HTTP_AUTHORIZATION": "Basic \xff"}, {"HTTP_X_ARCHIVE_SECRET": "s3cret\xff"}],
)  # fmt: skip
def test_a_wrong_secret_is_refused(tell, shown):
    answer = tell(**shown)
    assert (answer.status_code, answer["WWW-Authenticate"].split()[0]) == (401, "Basic")
    assert not ReceivedObject.objects.exists()


def test_no_secret_set_means_nobody(tell, settings):
    settings.OBJECT_EVENTS_SECRET = ""
    for shown in ({"HTTP_X_ARCHIVE_SECRET": ""}, {"HTTP_AUTHORIZATION": "Bearer "}, {"HTTP_AUTHORIZATION": "Bearer"}):
        assert tell(**shown).status_code == 401


def test_a_superuser_s_token_is_not_the_secret(tell, admin):
    assert tell(HTTP_AUTHORIZATION=f"Token {admin.auth_token.key}").status_code == 401


def test_sns_sends_json_as_plain_text(tell, settings, now):
    inner = object_event(KEY, bucket=settings.STORE.bucket, size_bytes=5, version_id="v1", sequencer="1", at=now)
    wrapped = {"Type": "Notification", "Message": json.dumps(inner)}
    assert tell(wrapped, content_type="text/plain; charset=UTF-8").json()["heard"] == 1


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '{"Records": [1]}', b"\xff", " " * (2 << 20)])
def test_what_is_no_notification_is_refused(tell, body):
    assert tell(body).status_code == 400


def test_other_buckets_and_the_archive_s_own_prefix_are_left_out(tell, settings, now):
    sent = {"size_bytes": 5, "version_id": "v1", "sequencer": "1", "at": now}
    assert tell(object_event(KEY, bucket="another", **sent)).json()["heard"] == 0
    own = object_event("archive/previews/a.jpg", bucket=settings.STORE.bucket, **sent)
    assert tell(own).json()["heard"] == 0
