"""What the OCS archive got wrong with frames that clients write: none of it here."""

import json
from datetime import UTC, datetime

import pytest

from archive.enums import EventName
from archive.models import Event, Frame, Thumbnail, Version
from tests.archive.bodies import at_once, at_once_each, body, post_thumbnail


@pytest.fixture
def client(api, admin, store):
    return api(admin)


@pytest.fixture
def frame(client) -> Frame:
    return Frame.objects.get(pk=client.post("/frames/", body(), format="json").json()["id"])


class TestFaultsOfTheOriginal:
    def test_odd_values_that_are_taken_spoil_no_page(self, client, frame):
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
        assert sorted(answer.status_code for answer in answers) == [204, 410, 410, 410]
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
            assert (deleted.status_code, changed.status_code in {200, 404, 410}) == (204, True)
            assert not Frame.objects.filter(basename=frame.basename).exists()
