"""Thumbnails: filters, changes, cost."""

import pytest

from archive.models import Frame, StoredObject, Thumbnail
from tests.archive.bodies import body, post_thumbnail


@pytest.fixture
def client(api, admin, store):
    return api(admin)


@pytest.fixture
def frame(client) -> Frame:
    return Frame.objects.get(pk=client.post("/frames/", body(), format="json").json()["id"])


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
        with django_assert_num_queries(2):  # the token, the pictures with their objects and frames
            client.get("/thumbnails/")
