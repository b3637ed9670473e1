"""What is left of a frame, and who may read it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from archive.domain.events import deliver_pending
from archive.domain.expiry import expire
from archive.enums import ExpiringKind
from archive.errors import NotFoundError
from archive.models import ExpiryRule, Frame, Tombstone
from tests.factories import OBSERVED_AT

ROUTES = [
    "/frames/{}/", "/frames/{}/headers/", "/frames/{}/related/", "/frames/{}/download/",
    "/frame-funpack/{}/funpack/", "/frame-catalog/{}/catalog/", "/frames/{}/image/",
]  # fmt: skip
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def expire_all(db):
    """Lets every frame go; answers when."""

    def let_go():
        ExpiryRule.objects.all().delete()
        ExpiryRule.objects.create(name="short", kind="frame", after=AN_HOUR, last_raw_copy=True)
        expire(at=OBSERVED_AT + AN_HOUR)
        assert not Frame.objects.exists()
        return OBSERVED_AT + AN_HOUR

    return let_go


@pytest.mark.parametrize("route", ROUTES)
class TestRoutes:
    def test_whoever_could_see_it_is_told_that_it_went_when_and_why(self, route, frame_factory, expire_all, api, bob):
        frame = frame_factory(public_date=OBSERVED_AT)
        at = expire_all()
        for user in (None, bob):
            answer = api(user).get(route.format(frame.pk))
            assert answer.status_code == 410
            told = answer.json()
            assert (told["rule"], told["name"], told["id"]) == ("short", frame.basename, frame.pk)
            assert told["deleted_at"].startswith(at.strftime("%Y-%m-%dT%H:%M:%S"))
            assert "1:00:00 after its upload" in told["detail"]

    def test_of_a_proprietary_one_only_those_who_could_see_it(
        self, route, frame_factory, expire_all, api, alice, bob, admin
    ):
        frame = frame_factory(public_date=None, proposal_id="PROP001")
        expire_all()
        missing = api(bob).get(route.format(987654)).content
        for user in (None, bob):
            answer = api(user).get(route.format(frame.pk))
            assert (answer.status_code, answer.content) == (404, missing)
        for user in (alice, admin):
            assert api(user).get(route.format(frame.pk)).status_code == 410


def test_an_embargo_that_would_have_passed_since_tells_nothing(frame_factory, expire_all, api, bob, alice):
    frame = frame_factory(public_date=OBSERVED_AT + 2 * AN_HOUR, proposal_id="PROP001")
    expire_all()
    assert timezone.now() > frame.public_date
    assert api(bob).get(f"/frames/{frame.pk}/").status_code == 404
    assert api(alice).get(f"/frames/{frame.pk}/").status_code == 410


def test_of_a_placeholder_nobody_is_told(api, db, admin):
    Tombstone.objects.create(kind="frame", thing_id=1, name="x", files=[], rule="r", deleted_at=OBSERVED_AT)
    assert api(None).get("/frames/1/").status_code == 404


def test_other_things_of_the_same_number_are_not_meant(frame_factory, expire_all, api, admin):
    frame = frame_factory()
    expire_all()
    client = api(admin)
    assert client.get(f"/thumbnails/{frame.pk}/").status_code == 404
    assert client.get(f"/versions/{frame.pk}/").status_code == 404


def test_deleting_by_hand_says_who(frame_factory, api, admin):
    first, second = frame_factory(), frame_factory()
    assert api(admin).delete(f"/frames/{first.pk}/").status_code == 204
    call_command("deleteframes", "--days-old", "1", "--noinput", verbosity=0)
    left = Tombstone.objects.order_by("pk").values_list("thing_id", "rule", "deleted_by")
    assert list(left) == [(first.pk, "by hand", "admin"), (second.pk, "by hand", "deleteframes")]
    assert (
        api(None).get(f"/frames/{first.pk}/").json()["detail"]
        == f"{first.basename} was deleted. It was deleted by hand."
    )


def test_listeners_who_could_see_it_hear_that_it_went(frame_factory, expire_all, api, alice, bob):
    frame_factory(public_date=None, proposal_id="PROP001")
    expire_all()
    deliver_pending(lambda _event: None, clock=timezone.now)
    heard = {}
    for user in (alice, bob):
        told = api(user).get("/events/replay/").json()["results"]
        heard[user.username] = [event["event"] for event in told]
    assert heard["alice"][-1] == "frame.deleted"
    assert heard["bob"] == []


def test_a_view_that_finds_by_base_name_tells_of_the_last_one_of_that_name(db, admin):
    """As the routes of families do: they say of which kind theirs are, and name it `base`."""

    class Missing(APIView):
        gone_kind = ExpiringKind.FAMILY

        def get(self, request, base):
            raise NotFoundError("no such family.")

    for thing_id in (1, 2):
        at = OBSERVED_AT + thing_id * AN_HOUR
        values = {"files": [], "rule": "r", "deleted_at": at, "public_date": OBSERVED_AT}
        Tombstone.objects.create(kind="family", thing_id=thing_id, name="sro-a-20220629-00000001", **values)
    view, request = Missing.as_view(), APIRequestFactory().get("/")
    told = view(request, base="sro-a-20220629-00000001")
    assert (told.status_code, told.data["id"]) == (410, 2)
    assert view(request, base="sro-a-20220629-0000000").status_code == 404
    assert view(request, base="sro-a-20220629-000000010").status_code == 404
