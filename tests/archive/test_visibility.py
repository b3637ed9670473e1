"""One rule: who may see a frame, its parts and its bytes."""

from datetime import timedelta

import pytest

from archive.enums import RelationKind
from archive.models import Frame
from ingest.headers.record import RelatedName

ROUTES = ["/frames/{0.pk}/", "/frames/{0.pk}/headers/", "/frames/{0.pk}/download/"]


@pytest.fixture
def hidden(frame_factory):
    return frame_factory(public_date=None, proposal_id="PROP001")


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_shows_a_frame_before_its_public_date(hidden, api, bob, route):
    assert api(None).get(route.format(hidden)).status_code == 404
    assert api(bob).get(route.format(hidden)).status_code == 404


@pytest.mark.parametrize("route", ROUTES)
def test_members_of_the_proposal_and_superusers_see_it_at_once(hidden, api, alice, admin, route):
    assert api(alice).get(route.format(hidden)).status_code == 200
    assert api(admin).get(route.format(hidden)).status_code == 200


def test_lists_thumbnails_and_counts_hide_it_too(hidden, frame_factory, api, bob):
    shown = frame_factory()
    answer = api(bob).get("/frames/").json()
    assert [row["id"] for row in answer["results"]] == [shown.pk]
    assert answer["count"] == 1
    assert api(None).get("/thumbnails/").json()["count"] == 0


def test_a_frame_becomes_visible_when_its_public_date_comes(frame_factory, api, bob, now):
    frame = frame_factory(public_date=now)
    seen = Frame.objects.visible_to(bob, at=now)
    unseen = Frame.objects.visible_to(bob, at=now - timedelta(microseconds=1))
    assert (frame in seen, frame in unseen) == (True, False)


def test_an_inactive_member_sees_what_everybody_sees(hidden, alice, now):
    alice.is_active = False
    assert hidden not in Frame.objects.visible_to(alice, at=now)


def test_an_inactive_user_is_refused_with_their_token(hidden, api, alice):
    client = api(alice)
    alice.is_active = False
    alice.save()
    assert client.get("/frames/").status_code == 401


def test_a_frame_of_no_proposal_belongs_to_nobody(frame_factory, api, alice):
    frame = frame_factory(public_date=None, proposal_id="")
    assert api(alice).get(f"/frames/{frame.pk}/").status_code == 404


def test_ids_of_hidden_related_frames_are_not_shown(frame_factory, api, alice, bob):

    raw = frame_factory(public_date=None)
    product = frame_factory(related=(RelatedName(raw.basename, RelationKind.RAW_OF),))
    assert api(bob).get(f"/frames/{product.pk}/").json()["related_frames"] == []
    assert api(alice).get(f"/frames/{product.pk}/").json()["related_frames"] == [raw.pk]


def test_a_placeholder_is_seen_by_nobody(frame_factory, api, admin):

    frame_factory(related=(RelatedName("lsc1m005-fa15-20250309-0001-b00", RelationKind.CALIBRATES),))
    placeholder = Frame.objects.get(basename="lsc1m005-fa15-20250309-0001-b00")
    assert api(admin).get(f"/frames/{placeholder.pk}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("user", [None, "alice"])
def test_only_superusers_write(frame_factory, api, alice, user, method):
    client = api(alice if user else None)
    response = getattr(client, method)("/frames/", {}, format="json")
    assert response.status_code == (403 if user else 401)


def test_staff_alone_may_not_post_but_may_list_versions(frame_factory, api, bob):
    bob.is_staff = True
    bob.save()
    frame_factory()
    assert api(bob).post("/frames/", {}, format="json").status_code == 403
    assert api(bob).get("/versions/").json()["count"] == 1


def test_versions_are_for_staff(frame_factory, api, alice):
    frame_factory()
    assert api(None).get("/versions/").status_code == 401
    assert api(alice).get("/versions/").status_code == 403
