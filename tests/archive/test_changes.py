"""PUT, PATCH and DELETE of frames and thumbnails; related frames; what OPTIONS tells."""

import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from archive.enums import EventName, RelationKind
from archive.errors import NotFoundError
from archive.models import Event, Exposure, Frame, Headers, Relation, StoredObject, Thumbnail, Version
from ingest.headers.record import RelatedName
from tests.archive.test_post_frames import BODY

SQUARE = ((202.0, 47.0), (202.0, 48.0), (203.0, 48.0), (203.0, 47.0), (202.0, 47.0))


def body(**changes):
    return {**copy.deepcopy(BODY), **changes}


def post_thumbnail(client, frame, number=0, **changes):
    picture = {
        "basename": f"{frame.basename}-{number}-small", "frame_basename": frame.basename, "size": "small",
        "version_set": [{"key": f"t{number}", "md5": f"{number + 10:032x}", "extension": ".jpg"}],
        "related_frame_filenames": [],
    }  # fmt: skip
    answer = client.post("/thumbnails/", body(**{**picture, **changes}), format="json")
    assert answer.status_code == 201, answer.content
    return Thumbnail.objects.get(basename=answer.json()["basename"])


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
        assert Event.objects.latest("id").name == EventName.FRAME_INGESTED

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
            assert client.get(f"/frames/{frame.pk}/{route}").status_code == 404

    def test_it_is_told_of_in_the_outbox(self, frame_factory, client):
        frame = frame_factory()
        client.delete(f"/frames/{frame.pk}/")
        event = Event.objects.latest("id")
        assert (event.name, event.frame_id) == ("frame.deleted", frame.pk)
        assert event.body == {"frameid": frame.pk, "basename": frame.basename}
        assert event.to_fits_exchange is False

    def test_what_is_not_there_can_not_be_deleted(self, client, frame):
        for route in ("/frames/999999/", f"/frames/{10**17}/", "/thumbnails/999999/"):
            assert client.delete(route).status_code == 404
        assert client.delete(f"/frames/{frame.pk}/").status_code == 204
        assert client.delete(f"/frames/{frame.pk}/").status_code == 404
        assert Event.objects.filter(name=EventName.FRAME_DELETED).count() == 1

    def test_bytes_that_are_gone_already_stop_nothing(self, client, frame, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"/frames/{frame.pk}/").status_code == 204
        assert StoredObject.objects.count() == 0

    def test_the_same_bytes_may_come_again_afterwards(self, client, frame):
        client.delete(f"/frames/{frame.pk}/")
        assert client.post("/frames/", body(), format="json").status_code == 201


class TestThumbnails:
    @pytest.fixture
    def picture(self, client, frame) -> Thumbnail:
        return post_thumbnail(client, frame)

    def test_the_size_can_be_changed(self, client, picture):
        answer = client.patch(f"/thumbnails/{picture.pk}/", {"size": "large"}, format="json")
        assert (answer.status_code, answer.json()["size"]) == (200, "large")
        assert list(answer.json()) == ["frame", "size", "basename", "url", "key", "extension"]
        assert client.get("/thumbnails/?size=large").json()["count"] == 1

    def test_other_bytes_take_its_place(self, client, picture):
        change = {"version_set": [{"key": "new", "md5": "a" * 32, "extension": ".jpg"}]}
        answer = client.patch(f"/thumbnails/{picture.pk}/", change, format="json")
        assert (answer.status_code, answer.json()["key"], answer.json()["size"]) == (200, "new", "small")
        held = Thumbnail.objects.get()
        assert (held.pk, held.object.md5) == (picture.pk, "a" * 32)
        assert StoredObject.objects.filter(version_id="t0").count() == 0

    def test_it_can_be_put(self, client, frame, picture):
        sent = body(
            basename=picture.basename, frame_basename=frame.basename, size="medium", related_frame_filenames=[],
            version_set=[{"key": "t0", "md5": f"{10:032x}", "extension": ".jpg"}],
        )  # fmt: skip
        answer = client.put(f"/thumbnails/{picture.pk}/", sent, format="json")
        assert (answer.status_code, answer.json()["size"], answer.json()["key"]) == (200, "medium", "t0")
        assert client.put(f"/thumbnails/{picture.pk}/", {"size": "small"}, format="json").status_code == 400

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"size": "huge"}, "size"),
            ({"basename": "other"}, "basename"),
            ({"frame_basename": "other"}, "frame_basename"),
            ({"version_set": []}, "version_set"),
            ({"version_set": [{"key": "a"}]}, "version_set"),
        ],
    )
    def test_bad_changes_are_400(self, client, picture, change, field):
        answer = client.patch(f"/thumbnails/{picture.pk}/", change, format="json")
        assert (answer.status_code, list(answer.json())) == (400, [field])

    def test_it_goes_with_its_bytes(self, client, frame, picture, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"/thumbnails/{picture.pk}/").status_code == 204
        assert client.get("/thumbnails/").json()["count"] == 0
        assert StoredObject.objects.count() == 1
        assert client.get(f"/frames/{frame.pk}/").status_code == 200

    def test_each_filter_keeps_what_it_says(self, client, frame, frame_factory, picture):
        other = frame_factory(proposal_id="PROP002", observation_id=5, request_id=6)
        second = post_thumbnail(client, other, 1, size="large")
        for query, expected in (
            (f"frame_basename={frame.basename}", [picture.pk]),
            ("proposal_id=PROP002", [second.pk]),
            ("observation_id=5", [second.pk]),
            ("request_id=2100001", [picture.pk]),
            ("size=large", [second.pk]),
            ("", [second.pk, picture.pk]),
        ):
            answer = client.get(f"/thumbnails/?{query}").json()
            assert [row["id"] for row in answer["results"]] == expected, query
            assert (answer["count"], answer["count_estimated"]) == (len(expected), False)
        for query in ("size=huge", "observation_id=x", "request_id=99999999999", "proposal_id=%00"):
            assert client.get(f"/thumbnails/?{query}").status_code == 400
        shown = client.get(f"/thumbnails/{picture.pk}/").json()
        assert list(shown) == ["id", "frame", "size", "basename", "extension", "key", "url"]

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_list_costs_the_same_for_any_number(self, client, frame, count, django_assert_num_queries):
        for number in range(count):
            post_thumbnail(client, frame, number)
        with django_assert_num_queries(3):  # the token, the count, the pictures with their objects and frames
            client.get("/thumbnails/")


class TestRelated:
    @pytest.fixture
    def family(self, frame_factory):
        hidden = frame_factory(public_date=None, proposal_id="PROP001")
        raw = frame_factory(footprint=SQUARE)
        names = (raw.basename, hidden.basename, "x-y-20250309-0001-b00")
        product = frame_factory(related=tuple(RelatedName(name, RelationKind.RELATED) for name in names))
        return {"hidden": hidden.pk, "raw": raw.pk, "product": product.pk}

    def test_it_is_a_bare_list_of_what_the_reader_may_see(self, family, api, alice, bob):
        for user, expected in ((None, ["raw"]), (bob, ["raw"]), (alice, ["hidden", "raw"])):
            answer = api(user).get(f"/frames/{family['product']}/related/").json()
            assert [row["id"] for row in answer] == [family[name] for name in expected]
        (back,) = api(None).get(f"/frames/{family['raw']}/related/").json()
        assert (back["id"], back["area"]) == (family["product"], None)

    def test_it_has_the_serializer_form(self, family, api):
        (shown,) = api(None).get(f"/frames/{family['product']}/related/").json()
        assert list(shown) == [
            "id", "basename", "area", "related_frames", "version_set", "filename", "url", "reduction_level",
            "observation_day", "observation_date", "proposal_id", "instrument_id", "target_name", "site_id", "telescope_id",
            "exposure_time", "primary_optical_element", "public_date", "configuration_type", "observation_id", "request_id",
        ]  # fmt: skip
        assert shown["related_frames"] == [family["product"]]
        assert list(shown["version_set"][0]) == ["id", "created", "key", "md5", "extension", "url"]

    def test_a_hidden_frame_has_no_related_page(self, family, api, bob):
        for user in (None, bob):
            assert api(user).get(f"/frames/{family['hidden']}/related/").status_code == 404

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_the_same_for_any_number(self, frame_factory, api, count, django_assert_num_queries):
        names = tuple(RelatedName(frame_factory().basename, RelationKind.RELATED) for _ in range(count))
        product = frame_factory(related=names)
        client = api(None)
        # the frame; related frames, versions, objects, relations in both directions, pictures of none
        with django_assert_num_queries(7):
            assert len(client.get(f"/frames/{product.pk}/related/").json()) == count


def test_options_tell_what_may_be_posted(client, api):
    told = client.options("/frames/").json()
    assert list(told) == ["name", "description", "renders", "parses", "actions"]
    assert told["name"] == "Frame List"
    assert told["renders"] == ["application/json", "text/html"]
    assert told["parses"] == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    fields = told["actions"]["POST"]
    assert list(fields) == [
        "id", "basename", "area", "related_frames", "version_set", "headers", "filename", "url", "reduction_level",
        "observation_day", "observation_date", "proposal_id", "instrument_id", "target_name", "site_id", "telescope_id",
        "exposure_time", "primary_optical_element", "public_date", "configuration_type", "observation_id", "request_id",
        "related_frame_filenames",
    ]  # fmt: skip
    kinds = {name: (field["type"], field["required"], field["read_only"]) for name, field in fields.items()}
    assert kinds["id"] == ("integer", False, True)
    assert kinds["basename"] == ("string", True, False)
    assert kinds["area"] == kinds["headers"] == ("field", True, False)
    assert kinds["version_set"] == ("field", True, False)
    assert kinds["observation_day"] == ("date", True, False)
    assert kinds["configuration_type"] == ("choice", True, False)
    assert kinds["related_frame_filenames"] == ("list", True, False)
    assert {"value": "EXPOSE", "display_name": "EXPOSE"} in fields["configuration_type"]["choices"]
    assert list(fields["version_set"]["child"]["children"]) == ["id", "created", "key", "md5", "extension", "url"]
    assert "actions" not in api(None).options("/frames/").json()


class TestFaultsOfTheOriginal:
    def test_odd_values_that_are_taken_spoil_no_page(self, client, frame):  # noqa: ARG002 - it stands in the page
        """C4: an extension nobody knows; numbers and days that could not be shown are refused before."""
        odd = body(basename="odd", version_set=[{"key": "k", "md5": "7" * 32, "extension": ".weird"}])
        answer = client.post("/frames/", odd, format="json")
        assert answer.status_code == 201
        page = client.get("/frames/?include_thumbnails=true")
        assert (page.status_code, page.json()["count"]) == (200, 2)
        assert client.delete(f"/frames/{answer.json()['id']}/").status_code == 204

    @pytest.mark.parametrize("key", ["12345678-1234-1234-1234-123456789012", "k" * 1024])
    def test_keys_of_versions_may_be_long(self, client, key):
        """C7: MinIO and others give 36 characters."""
        sent = body(version_set=[{"key": key, "md5": "7" * 32, "extension": ".fits.fz"}])
        answer = client.post("/frames/", sent, format="json")
        assert (answer.status_code, answer.json()["version_set"][0]["key"]) == (201, key)

    def test_links_of_old_versions_lead_to_the_old_bytes(self, frame_factory, api, client):
        """C8: after another extension and other metadata."""
        frame = frame_factory(content=b"old bytes")
        old = api(None).get(f"/frames/{frame.pk}/").json()["version_set"][0]["url"]
        change = {"site_id": "cpt", "version_set": [{"key": "v2", "md5": "7" * 32, "extension": ".fits"}]}
        assert client.patch(f"/frames/{frame.pk}/", change, format="json").status_code == 200
        newest, oldest = api(None).get(f"/frames/{frame.pk}/").json()["version_set"]
        assert "/cpt/" in newest["url"]
        assert newest["url"].split("?")[0].endswith(".fits")
        assert oldest["url"].split("?")[0] == old.split("?")[0]
        assert oldest["url"].split("?")[0].endswith(".fits.fz")
        assert b"".join(api(None).get(oldest["url"])) == b"old bytes"

    def test_a_frame_known_by_its_thumbnail_alone_breaks_no_route(self, client):
        """C11."""
        unknown = Frame(basename="lsc1m005-fa15-20250309-0044-e00")
        pk = post_thumbnail(client, unknown).frame_id
        assert client.get("/frames/").json()["count"] == 0
        shown = client.get(f"/frames/{pk}/?include_thumbnails=true").json()
        assert (shown["url"], shown["filename"], len(shown["thumbnails"])) == (None, None, 1)
        for route in ("headers/", "related/"):
            assert client.get(f"/frames/{pk}/{route}").status_code == 200
        assert client.get(f"/frames/{pk}/download/").status_code == 404
        assert client.patch(f"/frames/{pk}/", {"target_name": "x"}, format="json").status_code == 200
        assert client.delete(f"/frames/{pk}/").status_code == 204

    @pytest.mark.parametrize("route", ["/frames/", "/thumbnails/"])
    @pytest.mark.parametrize(
        "sent",
        [
            "[]", "null", "1", '"text"', "{", "\x00", '{"headers": ' + '{"a":' * 20000 + "1" + "}" * 20000 + "}",
            '{"basename": "\\ud800"}', '{"version_set": [null]}', '{"version_set": [[]]}', '{"area": {"type": "Polygon"}}',
            '{"headers": {"A": 1e400}}', '{"headers": {"A": "\\u0000"}}', '{"exposure_time": NaN}',
        ],
    )  # fmt: skip
    def test_bodies_that_are_no_frame_are_400(self, client, route, sent):
        """C5."""
        answer = client.generic("POST", route, sent, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()

    @pytest.mark.parametrize(
        "changes",
        [
            {"headers": {"A": float("1e308"), "B": "\ud800"}},
            {"headers": {"\ud800": 1}},
            {"headers": {"A": "a\x00"}},
            {"related_frame_filenames": ["a\x00"]},
            {"related_frame_filenames": [None]},
            {"version_set": [{"key": "a\x00", "md5": "0" * 32, "extension": ".fits"}]},
            {"version_set": [{"key": "a", "md5": "0" * 32, "extension": ".fits"}] * 2},
            {"public_date": "0001-01-01T00:00:00+23:59"},
            {"observation_date": "9999-12-31T23:59:59-23:59"},
        ],
    )
    def test_odd_values_in_a_frame_are_400(self, client, changes):
        sent = json.dumps(body(**changes))  # half of a pair of surrogates is written as an escape
        answer = client.generic("POST", "/frames/", sent, content_type="application/json")
        assert answer.status_code == 400, answer.content
        assert Frame.objects.count() == 0


@pytest.mark.usefixtures("store")
@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_of_equal_posts_one_is_taken_and_the_others_are_400(self, api, admin):
        """C12."""
        for turn in range(5):
            sent = body(version_set=[{"key": f"v{turn}", "md5": f"{turn}" * 32, "extension": ".fits.fz"}])
            answers = at_once(4, lambda sent=sent: api(admin).post("/frames/", sent, format="json"))
            assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
            assert all("version_set" in answer.json() for answer in answers if answer.status_code == 400)
        assert (Frame.objects.filter(is_listed=True).count(), Version.objects.count()) == (1, 5)

    def test_equal_thumbnails_end_as_one(self, api, admin, frame_factory):
        frame = frame_factory()
        sent = {
            "basename": "pic", "frame_basename": frame.basename, "size": "small", "related_frame_filenames": [],
            "version_set": [{"key": "t", "md5": "5" * 32, "extension": ".jpg"}],
        }  # fmt: skip
        answers = at_once(4, lambda: api(admin).post("/thumbnails/", body(**sent), format="json"))
        assert {answer.status_code for answer in answers} <= {201, 400}
        assert 201 in {answer.status_code for answer in answers}
        assert Thumbnail.objects.count() == 1

    def test_of_equal_deletes_one_is_done(self, api, admin, frame_factory):
        frame = frame_factory()
        answers = at_once(4, lambda: api(admin).delete(f"/frames/{frame.pk}/"))
        assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
        assert Event.objects.filter(name=EventName.FRAME_DELETED).count() == 1

    def test_a_change_does_not_bring_a_deleted_frame_back(self, api, admin, frame_factory):
        for _ in range(5):
            frame = frame_factory(public_date=datetime(2026, 1, 1, tzinfo=UTC))
            client = [api(admin), api(admin)]
            calls = [
                lambda client=client, frame=frame: client[0].delete(f"/frames/{frame.pk}/"),
                lambda client=client, frame=frame: client[1].patch(f"/frames/{frame.pk}/", {"target_name": "x"}, format="json"),
            ]  # fmt: skip
            deleted, changed = at_once_each(calls)
            assert (deleted.status_code, changed.status_code in {200, 404}) == (204, True)
            assert not Frame.objects.filter(basename=frame.basename).exists()


def at_once(count, call):
    return at_once_each([call] * count)


def at_once_each(calls):
    """Answers of calls that start together, each on a connection of its own."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait(timeout=30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(run, call) for call in calls]]
