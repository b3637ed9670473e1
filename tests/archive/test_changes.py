"""PUT, PATCH and DELETE of frames."""

import pytest

from archive.enums import EventName, RelationKind
from archive.errors import NotFoundError
from archive.models import Event, Exposure, Frame, Headers, Relation, StoredObject, Thumbnail, Version
from ingest.headers.record import RelatedName
from tests.archive.bodies import body, post_thumbnail
from tests.archive.test_post_frames import BODY


def standing(client, frame):
    """What the archive shows of a frame, without links: those hold the time until which they work."""
    shown = client.get(f"/frames/{frame.pk}/").json()
    del shown["url"]
    for version in shown["version_set"]:
        del version["url"]
    return shown


@pytest.fixture
def client(api, admin, store):
    return api(admin)


@pytest.fixture
def frame(client) -> Frame:
    return Frame.objects.get(pk=client.post("/frames/", body(), format="json").json()["id"])


class TestChange:
    @pytest.mark.parametrize(
        ("field", "value", "shown"),
        [
            ("target_name", "x", "x"),
            ("target_name", "", ""),
            ("proposal_id", "PROP009", "PROP009"),
            ("reduction_level", 11, 11),
            ("exposure_time", None, None),
            ("observation_day", "20250310", "2025-03-10"),
            ("public_date", None, None),
            ("public_date", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("configuration_type", "DARK", "DARK"),
            ("request_id", "0000000007", 7),
            ("area", None, None),
        ],
    )
    def test_a_patch_changes_what_it_names_and_nothing_else(self, client, frame, field, value, shown):
        before = client.get(f"/frames/{frame.pk}/").json()
        answer = client.patch(f"/frames/{frame.pk}/", {field: value}, format="json")
        assert (answer.status_code, answer.json()[field]) == (200, shown)
        after = client.get(f"/frames/{frame.pk}/").json()
        assert after.get(field) == shown
        differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert {key for key in differing if key.islower() and "url" not in key} - {"version_set"} <= {field}
        assert client.get(f"/frames/{frame.pk}/headers/").json()["data"] == BODY["headers"]
        assert Event.objects.latest("id").name == EventName.FRAME_UPDATED

    def test_the_answer_has_the_form_of_a_posted_one(self, client, frame):
        posted = client.post("/frames/", body(basename="other", version_set=[]), format="json").json()
        patched = client.patch(f"/frames/{frame.pk}/", {"target_name": "x"}, format="json").json()
        assert [key for key in patched if key not in {"filename", "url"}] == list(posted)
        assert patched["area"]["coordinates"][0][0] == pytest.approx([-158.0, 47.0])

    def test_area_is_echoed_as_it_was_sent(self, client, frame):
        area = {"type": "Polygon", "coordinates": [[[359, 1], [359, 2], [361, 2], [359, 1]]], "note": "mine"}
        answer = client.patch(f"/frames/{frame.pk}/", {"area": area}, format="json")
        assert answer.json()["area"] == area
        assert client.get("/frames/", {"covers": "POINT(0 1.9)"}).json()["count"] == 1

    def test_a_patch_adds_versions_and_related_frames(self, client, frame):
        change = {
            "version_set": [{"key": "v2", "md5": "2" * 32, "extension": ".fits"}],
            "related_frame_filenames": ["lsc1m005-fa15-20250309-0009-d00"],
        }
        answer = client.patch(f"/frames/{frame.pk}/", change, format="json").json()
        assert [version["key"] for version in answer["version_set"]] == ["v2", "v1"]
        assert answer["filename"].endswith("-e91.fits")
        path = "lsc/fa15/20250309/processed/lsc1m005-fa15-20250309-0004-e91.fits"
        assert StoredObject.objects.get(version_id="v2").path == path
        assert Relation.objects.filter(derived=frame).count() == 3
        assert [event.name for event in Event.objects.order_by("-id")[:2]] == [
            EventName.FRAME_POSTED,
            EventName.FRAME_INGESTED,
        ]

    def test_a_put_of_the_same_body_changes_nothing(self, client, frame):
        before = standing(client, frame)
        answer = client.put(f"/frames/{frame.pk}/", body(), format="json")
        assert answer.status_code == 200, answer.content
        assert standing(client, frame) == before
        assert Version.objects.count() == 1

    def test_a_put_replaces_the_header_and_adds_the_new_version(self, client, frame):
        sent = body(headers={"A": 1}, version_set=[{"key": "v2", "md5": "2" * 32, "extension": ".fits.fz"}])
        assert client.put(f"/frames/{frame.pk}/", sent, format="json").status_code == 200
        assert client.get(f"/frames/{frame.pk}/headers/").json() == {"data": {"A": 1}}
        assert Version.objects.filter(frame=frame).count() == 2

    @pytest.mark.parametrize("missing", ["basename", "headers", "version_set", "area"])
    def test_a_put_wants_all_that_a_post_wants(self, client, frame, missing):
        sent = body()
        del sent[missing]
        assert list(client.put(f"/frames/{frame.pk}/", sent, format="json").json()) == [missing]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"basename": "other"}, "basename"),
            ({"target_name": "a\x00"}, "target_name"),
            ({"exposure_time": "1e400"}, "exposure_time"),
            ({"observation_day": None}, "observation_day"),
            ({"observation_date": None}, "detail"),
            ({"configuration_type": "NOPE"}, "configuration_type"),
            ({"headers": []}, "headers"),
            ({"version_set": [{"key": "x", "md5": "9" * 32, "extension": ".fits"}]}, "version_set"),
            ([], "non_field_errors"),
        ],
    )
    def test_bad_changes_are_400_and_change_nothing(self, client, frame, change, field):
        other = body(basename="other", version_set=[{"key": "o", "md5": "9" * 32, "extension": ".fits"}])
        client.post("/frames/", other, format="json")
        before = standing(client, frame)
        for method in (client.patch, client.put):
            sent = body(**change) if method == client.put and change else change
            answer = method(f"/frames/{frame.pk}/", sent, format="json")
            assert (answer.status_code, list(answer.json())) == (400, [field]), answer.content
        assert standing(client, frame) == before

    def test_a_frame_that_gets_its_date_after_its_bytes_is_listed(self, client, frame_factory):
        frame = frame_factory(observation_date=None)
        assert client.get("/frames/").json()["count"] == 0
        sent = body(basename=frame.basename, version_set=[], related_frame_filenames=[])
        assert client.post("/frames/", sent, format="json").status_code == 201
        assert client.get("/frames/").json()["count"] == 1

    def test_only_superusers_change(self, frame, api, alice, bob):
        bob.is_staff = True
        bob.save()
        for method in ("put", "patch", "delete"):
            for route in (f"/frames/{frame.pk}/", "/thumbnails/1/"):
                assert getattr(api(None), method)(route, {}, format="json").status_code == 401
                assert getattr(api(alice), method)(route, {}, format="json").status_code == 403
                assert getattr(api(bob), method)(route, {}, format="json").status_code == 403
        assert Frame.objects.filter(pk=frame.pk).exists()

    def test_lists_can_not_be_put_nor_deleted(self, client, frame):
        answer = client.put("/frames/", {}, format="json")
        assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
        assert client.delete("/frames/").status_code == 405
        assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"
        assert client.get(f"/frames/{frame.pk}/")["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


class TestDelete:
    def test_a_frame_goes_with_its_rows_at_once_and_its_bytes_on_commit(
        self, frame_factory, client, store, django_capture_on_commit_callbacks
    ):
        """Also when it is a moment old."""
        frame = frame_factory(versions=2, related=(RelatedName("x-y-20250309-0001-b00", RelationKind.CALIBRATES),))
        post_thumbnail(client, frame)
        stored = list(StoredObject.objects.filter(version__frame=frame))
        other = frame_factory()
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"/frames/{frame.pk}/").status_code == 204
            assert all(store.head(held.path, held.version_id).size_bytes for held in stored)
        for held in stored:
            with pytest.raises(NotFoundError):
                store.head(held.path, held.version_id)
        left = Version.objects.get()
        assert (left.frame, StoredObject.objects.get()) == (other, left.object)
        assert store.head(left.object.path, left.object.version_id).size_bytes
        assert (Thumbnail.objects.count(), Relation.objects.count(), Headers.objects.count()) == (0, 0, 1)
        assert Exposure.objects.count() == 2
        for route in ("", "headers/", "related/", "download/"):
            assert client.get(f"/frames/{frame.pk}/{route}").status_code == 410

    def test_it_is_told_of_in_the_outbox(self, frame_factory, client):
        frame = frame_factory()
        client.delete(f"/frames/{frame.pk}/")
        event = Event.objects.latest("id")
        assert (event.name, event.frame_id) == ("frame.deleted", frame.pk)
        assert event.body == {
            "frameid": frame.pk,
            "basename": frame.basename,
            "rule": "by hand",
            "reason": "It was deleted by hand.",
        }
        assert event.to_fits_exchange is False

    def test_what_is_not_there_can_not_be_deleted(self, client, frame):
        for route in ("/frames/999999/", f"/frames/{10**17}/", "/thumbnails/999999/"):
            assert client.delete(route).status_code == 404
        assert client.delete(f"/frames/{frame.pk}/").status_code == 204
        assert client.delete(f"/frames/{frame.pk}/").status_code == 410
        assert Event.objects.filter(name=EventName.FRAME_DELETED).count() == 1

    def test_bytes_that_are_gone_already_stop_nothing(self, client, frame, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"/frames/{frame.pk}/").status_code == 204
        assert StoredObject.objects.count() == 0

    def test_the_same_bytes_may_come_again_afterwards(self, client, frame):
        client.delete(f"/frames/{frame.pk}/")
        assert client.post("/frames/", body(), format="json").status_code == 201
