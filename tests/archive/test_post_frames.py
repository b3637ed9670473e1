"""POST /frames/ and /thumbnails/: what a client that stored its bytes itself may send, and what comes of it."""

import copy
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from archive.domain import verification
from archive.enums import EventName, RelationKind
from archive.errors import TransientError
from archive.models import Event, Frame, Relation, StoredObject, Thumbnail, Version
from ingest.checksums import digest_of
from ingest.headers.record import RelatedName
from ingest.stores.base import Upload

BODY = {
    "basename": "lsc1m005-fa15-20250309-0004-e91",
    "reduction_level": 91,
    "observation_day": "20250309",
    "observation_date": "2025-03-10T01:08:31.456",
    "public_date": "2026-03-10T01:08:31.456",
    "proposal_id": "PROP001",
    "instrument_id": "fa15",
    "target_name": "M 51",
    "site_id": "lsc",
    "telescope_id": "1m0a",
    "exposure_time": 60.0,
    "primary_optical_element": "rp",
    "configuration_type": "EXPOSE",
    "observation_id": "900000001",
    "request_id": "0002100001",
    "related_frame_filenames": ["lsc1m005-fa15-20250309-0001-b00", "", "lsc1m005-fa15-20250309-0004-e00"],
    "frame_basename": None,
    "size": "",
    "headers": {"OBJECT": "M 51", "L1IDBIAS": "lsc1m005-fa15-20250309-0001-b00", "SITEID": "lsc"},
    "area": {"type": "Polygon", "coordinates": [[[202.0, 47.0], [202.0, 48.0], [203.0, 48.0], [203.0, 47.0], [202.0, 47.0]]]},
    "version_set": [{"key": "v1", "md5": "0" * 32, "extension": ".fits.fz"}],
}  # fmt: skip


def body(**changes):
    return {**copy.deepcopy(BODY), **changes}


@pytest.fixture
def client(api, admin, store):
    return api(admin)


def test_a_posted_frame_is_read_back(client):
    answer = client.post("/frames/", body(), format="json")
    assert answer.status_code == 201, answer.content
    posted = answer.json()
    assert posted["area"] == BODY["area"]
    assert posted["filename"] == "lsc1m005-fa15-20250309-0004-e91.fits.fz"
    assert list(posted["version_set"][0]) == ["id", "created", "key", "md5", "extension", "url"]
    found = client.get(f"/frames/{posted['id']}/").json()
    for name in ("basename", "reduction_level", "proposal_id", "target_name", "exposure_time", "configuration_type"):
        assert found[name] == BODY[name]
    assert found["observation_date"] == "2025-03-10T01:08:31.456000Z"
    assert (found["observation_id"], found["request_id"]) == (900000001, 2100001)
    assert client.get(f"/frames/{posted['id']}/headers/").json()["data"] == BODY["headers"]


def test_the_path_of_the_bytes_follows_from_the_metadata(client):
    client.post("/frames/", body(), format="json")
    stored = StoredObject.objects.get()
    assert stored.path == "lsc/fa15/20250309/processed/lsc1m005-fa15-20250309-0004-e91.fits.fz"
    assert (stored.version_id, stored.verified_at, stored.size_bytes) == ("v1", None, None)


def test_related_frames_are_placeholders_until_they_come(client):
    client.post("/frames/", body(), format="json")
    kinds = dict(Relation.objects.values_list("source__basename", "kind"))
    assert kinds == {
        "lsc1m005-fa15-20250309-0001-b00": RelationKind.CALIBRATES,
        "lsc1m005-fa15-20250309-0004-e00": RelationKind.RELATED,
    }
    raw = client.post(
        "/frames/",
        body(basename="lsc1m005-fa15-20250309-0004-e00", related_frame_filenames=[],
             version_set=[{"key": "v2", "md5": "1" * 32, "extension": ".fits.fz"}]),
        format="json",
    ).json()  # fmt: skip
    assert len(raw["related_frames"]) == 1
    assert Frame.objects.count() == 3


def test_a_second_version_becomes_the_newest_and_sent_fields_change(client):
    first = client.post("/frames/", body(), format="json").json()
    again = body(target_name="M 51a", version_set=[{"key": "v2", "md5": "2" * 32, "extension": ".fits"}])
    del again["proposal_id"]
    second = client.post("/frames/", again, format="json").json()
    assert second["id"] == first["id"]
    assert [version["md5"] for version in second["version_set"]] == ["2" * 32, "0" * 32]
    assert second["filename"].endswith("-e91.fits")
    assert (second["target_name"], second["proposal_id"]) == ("M 51a", "PROP001")


def test_bytes_already_held_are_refused_and_change_nothing(client):
    client.post("/frames/", body(), format="json")
    answer = client.post("/frames/", body(target_name="other"), format="json")
    assert answer.status_code == 400
    assert answer.json() == {
        "version_set": [
            {"key": ["version with this key already exists."], "md5": ["version with this md5 already exists."]}
        ]
    }
    assert Frame.objects.get(basename=BODY["basename"]).target_name == "M 51"
    assert Event.objects.filter(name=EventName.FRAME_INGESTED).count() == 1


@pytest.mark.parametrize("date_first", [True, False])
def test_a_frame_is_listed_once_it_has_both_bytes_and_a_date(client, date_first):
    dated, stored = body(version_set=[]), body()
    del stored["observation_date"]
    for sent in (dated, stored) if date_first else (stored, dated):
        assert client.post("/frames/", sent, format="json").status_code == 201
    assert client.get("/frames/").json()["count"] == 1


def test_a_post_without_a_site_leaves_the_frame_in_its_exposure(client):
    client.post("/frames/", body(), format="json")
    again = body(version_set=[])
    del again["site_id"]
    client.post("/frames/", again, format="json")
    frame = Frame.objects.get(basename=BODY["basename"])
    assert (frame.site_id, frame.exposure.site_id) == ("lsc", "lsc")


def test_a_frame_without_versions_is_kept_unlisted(client):
    answer = client.post("/frames/", body(version_set=[]), format="json")
    assert answer.status_code == 201
    assert "url" not in answer.json()
    assert client.get("/frames/").json()["count"] == 0
    assert Event.objects.get().name == EventName.FRAME_UPDATED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"basename": "a/b"}, "basename"),
        ({"basename": ""}, "basename"),
        ({"basename": "x" * 1001}, "basename"),
        ({"basename": "a\x00b"}, "basename"),
        ({"headers": "text"}, "headers"),
        ({"headers": {"OBJECT": "a\x00b"}}, "headers"),
        ({"observation_day": "someday"}, "observation_day"),
        ({"observation_day": None}, "observation_day"),
        ({"configuration_type": "SNAPSHOT"}, "configuration_type"),
        ({"observation_id": -1}, "observation_id"),
        ({"request_id": 2**31}, "request_id"),
        ({"reduction_level": 40000}, "reduction_level"),
        ({"exposure_time": -1}, "exposure_time"),
        ({"exposure_time": "1e400"}, "exposure_time"),
        ({"exposure_time": "nan"}, "exposure_time"),
        ({"related_frame_filenames": "one"}, "related_frame_filenames"),
        ({"related_frame_filenames": ["x" * 1001]}, "related_frame_filenames"),
        ({"related_frame_filenames": ["a/b"]}, "related_frame_filenames"),
        ({"area": "here"}, "area"),
        ({"area": {"type": "Point", "coordinates": [1, 2]}}, "area"),
        ({"area": {"type": "Polygon", "coordinates": [[[0, 0], [120, 0], [240, 0], [0, 0]]]}}, "area"),
        ({"area": {"type": "Polygon", "coordinates": [[[0, 95], [1, 0], [2, 0], [0, 95]]]}}, "area"),
        ({"version_set": {}}, "version_set"),
        ({"version_set": [{"key": "v", "md5": "short", "extension": ".fits"}]}, "version_set"),
        ({"version_set": [{"key": "v", "md5": "0" * 32, "extension": "fits/../x"}]}, "version_set"),
        ({"version_set": [{"key": "v", "md5": "0" * 32, "extension": ".a"}, {"key": "w", "md5": "0" * 32, "extension": ".a"}]}, "version_set"),
        ({"site_id": "x" * 65}, "site_id"),
        ({"site_id": ""}, "detail"),
        ({"instrument_id": "../up"}, "detail"),
    ],
)  # fmt: skip
def test_what_can_not_be_kept_answers_400_names_the_field_and_leaves_nothing(client, changes, field):
    answer = client.post("/frames/", body(**changes), format="json")
    assert answer.status_code == 400, answer.content
    assert list(answer.json()) == [field]
    assert (Frame.objects.count(), StoredObject.objects.count(), Event.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    "missing", ["basename", "headers", "observation_day", "configuration_type", "area", "version_set"]
)
def test_required_fields_are_required(client, missing):
    sent = body()
    del sent[missing]
    assert list(client.post("/frames/", sent, format="json").json()) == [missing]


def test_names_of_sites_and_telescopes_may_be_long(client):
    assert client.post("/frames/", body(site_id="x" * 64, telescope_id="y" * 64), format="json").status_code == 201


def test_the_body_is_an_object(client):
    assert client.post("/frames/", [], format="json").status_code == 400


class TestVerification:
    def post(self, client, store, tmp_path, content: bytes, said: bytes) -> Frame:

        file = tmp_path / "file"
        file.write_bytes(content)
        path = "lsc/fa15/20250309/processed/lsc1m005-fa15-20250309-0004-e91.fits.fz"
        stored = store.put(file, Upload(path, digest_of(file), "image/fits"))
        md5 = hashlib.md5(said).hexdigest()
        sent = body(version_set=[{"key": stored.version_id, "md5": md5, "extension": ".fits.fz"}])
        return Frame.objects.get(pk=client.post("/frames/", sent, format="json").json()["id"])

    def test_true_bytes_are_filled_in(self, client, store, tmp_path, now):
        frame = self.post(client, store, tmp_path, b"bytes", b"bytes")
        verification.verify_frame(frame_id=frame.pk, at=now)
        stored = StoredObject.objects.get()
        assert (stored.size_bytes, stored.verified_at, stored.fault) == (5, now, "")
        assert stored.sha256 == hashlib.sha256(b"bytes").hexdigest()

    def test_a_false_md5_is_marked_and_the_file_refused(self, client, store, tmp_path, now):
        frame = self.post(client, store, tmp_path, b"bytes", b"other")
        verification.verify_frame(frame_id=frame.pk, at=now)
        assert "MD5" in StoredObject.objects.get().fault
        assert client.get(f"/frames/{frame.pk}/download/").status_code == 409

    def test_an_object_that_is_not_there_is_asked_for_again_and_marked_after_an_hour(self, client):
        frame_id = client.post("/frames/", body(), format="json").json()["id"]
        posted_at = StoredObject.objects.get().stored_at
        with pytest.raises(TransientError, match="not in the store yet"):
            verification.verify_frame(frame_id=frame_id, at=posted_at + timedelta(minutes=59))
        verification.verify_frame(frame_id=frame_id, at=posted_at + timedelta(minutes=61))
        assert "no such object" in StoredObject.objects.get().fault


class TestMd5Question:
    def test_the_ingester_s_question_is_answered_exactly(self, client):
        client.post("/frames/", body(), format="json")
        client.post(
            "/frames/",
            body(basename="b-c", version_set=[{"key": "2", "md5": "3" * 32, "extension": ".fits"}]),
            format="json",
        )
        for md5, count in (("0" * 32, 1), ("3" * 32, 1), ("4" * 32, 0), ("", 2)):
            assert client.get("/versions/", {"md5": md5}).json()["count"] == count


class TestThumbnails:
    PICTURE = {
        "basename": "lsc1m005-fa15-20250309-0004-e91-small", "frame_basename": BODY["basename"], "size": "small",
        "version_set": [{"key": "t1", "md5": "5" * 32, "extension": ".jpg"}], "related_frame_filenames": [],
    }  # fmt: skip

    def test_a_thumbnail_is_kept_with_its_frame(self, client):
        frame = client.post("/frames/", body(), format="json").json()
        answer = client.post("/thumbnails/", body(**self.PICTURE), format="json")
        assert answer.status_code == 201
        assert list(answer.json()) == ["frame", "size", "basename", "url", "key", "extension"]
        assert answer.json()["frame"]["id"] == frame["id"]
        (shown,) = client.get(f"/frames/{frame['id']}/?include_thumbnails=true").json()["thumbnails"]
        assert list(shown) == ["id", "frame", "size", "basename", "extension", "key", "url"]
        assert StoredObject.objects.get(thumbnail__isnull=False).path.startswith("lsc/fa15/20250309/thumbnails/")

    def test_an_unknown_frame_is_made_without_bytes(self, client):
        client.post("/thumbnails/", body(**self.PICTURE), format="json")
        assert Frame.objects.get().is_listed is False
        assert client.get("/thumbnails/").json()["count"] == 1

    def test_the_same_thumbnail_again_replaces_the_first(self, client):
        client.post("/thumbnails/", body(**self.PICTURE), format="json")
        again = {**self.PICTURE, "version_set": [{"key": "t2", "md5": "6" * 32, "extension": ".jpg"}]}
        client.post("/thumbnails/", body(**again), format="json")
        assert Thumbnail.objects.get().object.md5 == "6" * 32
        assert StoredObject.objects.count() == 1

    @pytest.mark.parametrize("changes", [{"size": "huge"}, {"version_set": []}, {"frame_basename": None}])
    def test_bad_thumbnails_answer_400(self, client, changes):
        assert client.post("/thumbnails/", body(**{**self.PICTURE, **changes}), format="json").status_code == 400
        assert Version.objects.count() == 0


def test_an_exposure_ties_raw_reduced_and_catalogue_together(frame_factory):
    names = [
        "lsc1m005-fa15-20250309-0007-e00",
        "lsc1m005-fa15-20250309-0007-e91",
        "lsc1m005-fa15-20250309-0007-e91_cat",
    ]
    frames = [frame_factory(basename=name) for name in names]
    assert len({Frame.objects.get(pk=frame.pk).exposure_id for frame in frames}) == 1
    assert frame_factory(basename="master-bias").exposure is None


@pytest.mark.django_db(transaction=True)
def test_frames_that_name_each_other_may_come_at_the_same_moment(frame_factory):
    names = [f"lsc1m005-fa15-20250309-{number:04d}-e91" for number in range(8)]

    def come(turn: int) -> None:
        for name in names[turn:] + names[:turn]:
            related = tuple(RelatedName(other, RelationKind.RELATED) for other in names if other != name)
            frame_factory(basename=name, related=related)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(come, turn) for turn in range(0, 8, 2)]:
            done.result()
    assert Frame.objects.count() == 8
    assert Relation.objects.count() == 8 * 7
    assert Version.objects.count() == 32
