"""/ingest/<name>: one file as the body of a request, taken in by the one door."""

import base64
import hashlib

import pytest

from archive.models import Frame, StoredObject, UploadEntry
from ingest.intake import the_inspector

NAME = "lsc1m005-fa15-20250309-0004-e00.fits"


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    the_inspector().close()


@pytest.fixture
def send(api, store):
    """Sends bytes as curl -T does."""

    def send(user, name, content, *, method="put", **headers):
        client = api(user)
        return client.generic(
            method.upper(), f"/ingest/{name}", content, content_type="application/octet-stream", **headers
        )

    return send


def test_a_file_makes_a_frame_and_the_same_file_finds_it(send, admin, fits_file):
    content = fits_file(NAME).read_bytes()
    first, second = send(admin, NAME, content), send(admin, NAME, content)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["basename"] == "lsc1m005-fa15-20250309-0004-e00"
    assert first.json()["id"] == second.json()["id"] == Frame.objects.get().pk
    assert first.json()["version_set"][0]["md5"] == hashlib.md5(content).hexdigest()
    assert StoredObject.objects.get().size_bytes == len(content)


def test_post_does_the_same(send, admin, fits_file):
    assert send(admin, NAME, fits_file(NAME).read_bytes(), method="post").status_code == 201


def test_the_bytes_may_come_back_after_they_were_deleted(send, admin, fits_file, api):
    content = fits_file(NAME).read_bytes()
    frame_id = send(admin, NAME, content).json()["id"]
    assert api(admin).delete(f"/frames/{frame_id}/").status_code == 204
    again = send(admin, NAME, content)
    assert again.status_code == 201
    assert again.json()["id"] != frame_id


def test_the_same_fits_under_another_name_is_one_frame(send, admin, fits_file):
    content = fits_file(NAME).read_bytes()
    first = send(admin, NAME, content)
    other = send(admin, "lsc1m005-fa15-20250309-0005-e00.fits", content)
    assert (other.status_code, other.json()["id"]) == (200, first.json()["id"])


@pytest.mark.parametrize("staff", [False, True])
def test_only_superusers_may_send(send, alice, fits_file, staff):
    alice.is_staff = staff
    alice.save()
    content = fits_file(NAME).read_bytes()
    assert send(None, NAME, content).status_code == 401
    assert send(alice, NAME, content).status_code == 403
    assert not Frame.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["../x.fits", "a/b.fits", "%2e%2e/x.fits", "..%2fx.fits", "%2Fetc%2Fx.fits", "data/x.fits", ".x.fits", "x", "x.",
     "a%0ab.fits", "a%00b.fits", "a%5Cb.fits", "x" * 300 + ".fits"],
)  # fmt: skip
def test_a_name_that_could_lead_astray_is_refused(send, admin, fits_file, name):
    answer = send(admin, name, fits_file(NAME).read_bytes())
    assert answer.status_code in {400, 404}
    assert not StoredObject.objects.exists()


def test_an_unknown_kind_is_refused(send, admin):
    answer = send(admin, f"{NAME}?kind=downloads", b"x")
    assert (answer.status_code, "info-images" in answer.json()["detail"]) == (400, True)


def test_a_body_without_length_is_refused(api, admin, store):
    answer = api(admin).generic("PUT", f"/ingest/{NAME}", b"x", CONTENT_LENGTH="")
    assert answer.status_code == 411


@pytest.mark.parametrize("most", [0, 1])
def test_the_size_has_a_limit(send, admin, settings, most):
    settings.UPLOAD_MAX_BYTES = most
    assert send(admin, NAME, b"xx").status_code == 413


def test_a_checksum_that_is_sent_is_checked(send, admin, fits_file):
    content = fits_file(NAME).read_bytes()
    right = base64.b64encode(hashlib.md5(content).digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert send(admin, NAME, content, HTTP_CONTENT_MD5=wrong).status_code == 400
    assert send(admin, NAME, content, HTTP_CONTENT_MD5="none").status_code == 400
    assert send(admin, NAME, content, HTTP_CONTENT_MD5=right).status_code == 201


def test_a_file_that_can_not_be_read_is_refused_with_its_reason(send, admin):
    answer = send(admin, NAME, b"these are no FITS bytes")
    assert answer.status_code == 400
    assert not Frame.objects.exists()


def test_every_upload_stands_in_the_log(send, admin, fits_file):
    content = fits_file(NAME).read_bytes()
    send(admin, NAME, content)
    send(admin, NAME, content)
    entries = UploadEntry.objects.order_by("pk")
    assert [(entry.filename, entry.site_id, entry.size_bytes) for entry in entries] == [(NAME, "lsc", len(content))] * 2
    assert {entry.frame_id for entry in entries} == {Frame.objects.get().pk}
