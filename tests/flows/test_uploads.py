"""Tickets: bytes go to the store by links that hold for one file, on S3 and through the archive; and what they become."""

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from archive.models import (
    Exposure,
    ExposureFile,
    Frame,
    InfoImage,
    OwnExpiry,
    ReceivedObject,
    UploadEntry,
    UploadTicket,
    Version,
)
from ingest.intake import the_inspector
from ingest.taking import take_in
from tests.photonranch_night import ptr_night
from tests.synthetic import CARDS, write_frame

NAME = "lsc1m005-fa15-20250309-0004-e00.fits"
HEADER = {**CARDS, "DATE-OBS": "2025-03-10T01:08:31.456"}


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    the_inspector().close()


@pytest.fixture
def s3(use_store, s3_server, fresh_bucket):
    return use_store(
        type="s3",
        bucket=fresh_bucket,
        endpoint_url=s3_server.endpoint_url,
        region=s3_server.region,
        addressing_style="path",
        access_key=s3_server.access_key,
        secret_key=s3_server.secret_key,
        takes_forms=False,
    )


@pytest.fixture
def ask(api, admin):
    """Asks for a ticket."""

    def ask(user=admin, **asked):
        return api(user).post("/uploads/", {"object_name": NAME, **asked}, format="json")

    return ask


@pytest.fixture
def content(fits_file) -> bytes:
    path: Path = fits_file(NAME)
    return path.read_bytes()


@pytest.fixture
def family():
    return next(ptr_night(n=1, large_px=16, picture_px=64))


def complete(api, admin, ticket, store, parts=()):
    """Says that all is sent, and does what the worker does then."""
    answer = api(admin).post(f"/uploads/{ticket['id']}/complete/", {"parts": list(parts)}, format="json")
    for row in ReceivedObject.objects.filter(state="waiting"):
        take_in(row.pk, store=store, inspector=the_inspector(), now=timezone.now())
    return answer


@pytest.mark.django_db
class TestOnS3:
    def test_a_file_that_is_put_by_its_link_becomes_a_frame(self, s3, ask, api, admin, content):
        ticket = ask(size=len(content)).json()
        sent = requests.put(ticket["put"]["url"], data=content, headers=ticket["put"]["headers"], timeout=30)
        assert sent.status_code == 200
        assert complete(api, admin, ticket, s3).status_code == 202
        told = api(admin).get(f"/uploads/{ticket['id']}/").json()
        [frame] = Frame.objects.all()
        assert [(found["state"], found["frame"]) for found in told["objects"]] == [("taken", frame.pk)]
        assert Version.objects.get().object.path == f"data/{NAME}"
        assert complete(api, admin, ticket, s3).status_code == 202
        assert Version.objects.count() == 1

    @pytest.mark.parametrize(
        "change", [lambda sent: sent + b"x", lambda sent: sent[:-1]], ids=["a byte more", "a byte less"]
    )
    def test_a_link_takes_the_size_that_was_announced(self, s3, ask, content, change):
        ticket = ask(size=len(content)).json()
        sent = requests.put(ticket["put"]["url"], data=change(content), headers=ticket["put"]["headers"], timeout=30)
        assert sent.status_code == 403
        assert list(s3.listing()) == []

    def test_a_link_takes_no_other_name(self, s3, ask, content):
        ticket = ask(size=len(content)).json()
        other = ticket["put"]["url"].replace("0004", "0005")
        assert requests.put(other, data=content, headers=ticket["put"]["headers"], timeout=30).status_code == 403

    def test_nothing_is_complete_before_it_is_there(self, s3, ask, api, admin):
        answer = complete(api, admin, ask(size=10).json(), s3)
        assert (answer.status_code, "send it first" in answer.json()["detail"]) == (400, True)

    def test_a_large_file_goes_in_parts(self, s3, ask, api, admin, monkeypatch, tmp_path):
        large = write_frame(tmp_path / NAME, shape=(3000, 3000)).read_bytes()  # 18 MB: two parts
        monkeypatch.setattr("ingest.tickets.MULTIPART_ABOVE_BYTES", 1 << 20)
        ticket = ask(size=len(large)).json()
        assert (ticket["put"], ticket["post"], ticket["parts"]["count"]) == (None, None, 2)
        asked = api(admin).post(f"/uploads/{ticket['id']}/parts/", {"numbers": [1, 2]}, format="json").json()
        sent, size = [], ticket["parts"]["part_bytes"]
        for part in asked["parts"]:
            piece = large[(part["number"] - 1) * size : part["number"] * size]
            answer = requests.put(part["url"], data=piece, timeout=60)
            sent.append({"number": part["number"], "etag": answer.headers["ETag"]})
        wrong = complete(api, admin, ticket, s3, [{**part, "etag": "0" * 32} for part in sent])
        assert wrong.status_code == 400
        assert complete(api, admin, ticket, s3, sent).status_code == 202
        assert Version.objects.get().object.size_bytes == len(large)
        again = api(admin).post(f"/uploads/{ticket['id']}/parts/", {"numbers": [1]}, format="json")
        assert again.status_code == 400  # used up

    def test_a_large_file_can_be_given_up(self, s3, ask, api, admin, s3_client_of, monkeypatch):
        monkeypatch.setattr("ingest.tickets.MULTIPART_ABOVE_BYTES", 1 << 20)
        ticket = ask(size=20 << 20).json()
        assert api(admin).post(f"/uploads/{ticket['id']}/parts/", {"numbers": [3]}, format="json").status_code == 400
        assert s3_client_of(s3) == 1
        assert api(admin).delete(f"/uploads/{ticket['id']}/").status_code == 204
        assert s3_client_of(s3) == 0
        assert api(admin).delete(f"/uploads/{ticket['id']}/").status_code == 409


@pytest.fixture
def s3_client_of(s3_server):
    """How many uploads in parts a bucket has begun and not ended."""
    import boto3  # noqa: PLC0415 - a client made without our code
    from botocore.config import Config  # noqa: PLC0415

    def unfinished(store) -> int:
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=s3_server.endpoint_url,
            region_name=s3_server.region,
            aws_access_key_id=s3_server.access_key,
            aws_secret_access_key=s3_server.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )
        found = client.list_multipart_uploads(Bucket=store._bucket).get("Uploads", [])
        client.close()
        return len(found)

    return unfinished


@pytest.mark.django_db
class TestThroughTheArchive:
    """The store of these tests takes no uploads by itself."""

    @pytest.fixture(autouse=True)
    def _memory(self, store):
        self.store = store

    def send(self, api, ticket, content, *, url=None):
        where = (url or ticket["put"]["url"]).removeprefix("http://testserver")
        return api(None).generic("PUT", where, content, content_type="application/octet-stream")

    def test_whoever_holds_the_link_sends_the_file(self, ask, api, content):
        ticket = ask(size=len(content)).json()
        assert (ticket["post"], ticket["parts"]) == (None, None)
        assert self.send(api, ticket, content).status_code == 201
        assert Frame.objects.get().basename == NAME.removesuffix(".fits")
        assert self.send(api, ticket, content).status_code == 403  # used up

    def test_another_size_is_refused(self, ask, api, content):
        ticket = ask(size=len(content) + 1).json()
        assert self.send(api, ticket, content).status_code == 400
        assert not Frame.objects.exists()

    def test_a_changed_link_and_one_that_is_too_old_are_refused(self, ask, api, content):
        ticket, other = ask(size=len(content)).json(), ask(size=len(content)).json()
        changed = ticket["put"]["url"].replace(ticket["id"], other["id"])
        assert self.send(api, ticket, content, url=changed).status_code == 403
        assert self.send(api, ticket, content, url=ticket["put"]["url"][:-1]).status_code == 403
        UploadTicket.objects.update(valid_until=timezone.now() - timedelta(seconds=1))
        assert self.send(api, ticket, content).status_code == 403
        assert not Frame.objects.exists()

    def test_the_file_of_a_family_keeps_its_place(self, ask, api, family):
        path, sent = next(item for item in family.files.items() if item[0].endswith(".jpg"))
        name = path.removeprefix("data/")
        ticket = ask(object_name=name, size=len(sent)).json()
        assert self.send(api, ticket, sent).status_code == 201
        file = ExposureFile.objects.get(made_from=None, role="picture")
        assert file.object.path == path
        assert UploadEntry.objects.get().site_id == family.site


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        "name",
        ["../x.fits", "/etc/x.fits", "data/x.fits", "info-images/x.fits", "a/b.fits", "..", ".x.fits", "x", "x.", "",
         "a\nb.fits", "a\0b.fits", "a\\b.fits", "x" * 300 + ".fits", " .fits", "x.exe", "x.jpg"],
    )  # fmt: skip
    def test_a_name_that_could_lead_astray_is_refused(self, ask, name):
        assert ask(object_name=name, size=5).status_code == 400
        assert not UploadTicket.objects.exists()

    @pytest.mark.parametrize(
        "asked",
        [{"kind": "downloads"}, {"s3_directory": "archive"}, {"kind": "test", "s3_directory": "data"}, {"size": 0},
         {"size": -1}, {"size": 2**63}, {"info_channel": 1}, {"kind": "info-images", "info_channel": 4},
         {"kind": "info-images", "info_channel": 0}, {"expires": "yesterday"}, {"expires": "2020-01-01T00:00:00Z"},
         {"header": [1]}, {"header": {"SITEID": "lsc"}}, {"kind": "test"}, {"kind": "allsky"}],
    )  # fmt: skip
    def test_what_can_never_be_taken_is_refused(self, ask, asked):
        assert ask(**{"size": 5, **asked}).status_code == 400
        assert not UploadTicket.objects.exists()

    def test_only_superusers_get_tickets_and_see_them(self, ask, api, alice, admin):
        ticket = ask(size=5).json()
        alice.is_staff = True
        alice.save()
        for user, status in ((None, 401), (alice, 403)):
            assert ask(user, size=5).status_code == status
            for method, route in itertools.product(("get", "delete", "post"), ("", "parts/", "complete/")):
                answer = getattr(api(user), method)(f"/uploads/{ticket['id']}/{route}", format="json")
                assert answer.status_code == status
        assert api(admin).get(f"/uploads/{ticket['id']}/").status_code == 200

    def test_the_word_of_photon_ranch_for_a_kind_is_taken(self, ask, family):
        name = f"{family.base}-EX10.jpg"
        assert ask(object_name=name, s3_directory="allsky", size=5).json()["kind"] == "allsky"
        assert ask(object_name=name).json()["size"] is None

    def test_a_header_makes_a_frame_known_at_once(self, ask, api, admin):
        frame_id = ask(size=5, header=HEADER).json()["frame"]
        assert api(admin).get(f"/frames/{frame_id}/").json()["OBJECT"] == "M 51"
        assert api(admin).get("/frames/").json()["count"] == 0  # lists show frames that have bytes

    def test_a_header_makes_a_family_known_at_once(self, ask, family):
        asked = ask(object_name=f"{family.base}-EX01.fits.bz2", size=5, header=dict(family.header))
        assert asked.json()["base_filename"] == family.base
        assert Exposure.objects.get().username == "Tim / O'B"

    def test_an_info_image_is_announced_for_its_channel(self, ask, family):
        ask(object_name=f"{family.base}-EX10.jpg", kind="info-images", info_channel=2, size=5)
        assert InfoImage.objects.get(channel=2).announced_name == family.base
        other = ask(object_name=f"{family.base[:-1]}9-EX10.jpg", kind="info-images", size=5)
        assert other.json()["info_channel"] == 1

    def test_an_expiry_of_its_own_is_kept_for_the_frame_or_the_family(self, ask, family):
        expires = "2099-01-01T00:00:00Z"
        ask(size=5, expires=expires)
        ask(object_name=f"{family.base}-EX01.txt", size=5, expires=expires)
        kept = OwnExpiry.objects.order_by("kind")
        assert [(own.kind, own.name) for own in kept] == [
            ("family", family.base),
            ("frame", NAME.removesuffix(".fits")),
        ]
