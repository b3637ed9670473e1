"""One rule: who may read which telemetry. Every route, every event that names people, every reader."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from tests.telemetry.rows import T0, S

WINDOW = "start=2024-04-15T22:00:00Z&end=2024-04-15T23:00:00Z"
ROUTES = [
    "/telemetry/",
    "/telemetry/?format=csv",
    "/telemetry/?format=ndjson",
    "/telemetry/?format=parquet",
    "/telemetry/?format=api",
    "/telemetry/?keys=email",
    "/telemetry/?raw=true",
    "/telemetry/channels/",
    "/telemetry/latest/",
    f"/telemetry/binned/?keys=cam:telem_stdcam:fps&{WINDOW}",
    f"/telemetry/gaps/?{WINDOW}",
    f"/telemetry/spans/?{WINDOW}",
    f"/telemetry/at/?{WINDOW}",
]
NAMED = [
    "/telemetry/?device=observers&event={event}",
    "/telemetry/?event={event}&format=csv",
    "/telemetry/channels/?event={event}",
    "/telemetry/latest/?device=observers&event={event}",
    f"/telemetry/binned/?keys=observers:{{event}}:email&{WINDOW}",
    f"/telemetry/gaps/?event={{event}}&{WINDOW}",
    f"/telemetry/at/?keys=observers:{{event}}&{WINDOW}",
    f"/telemetry/at/?device=observers&event={{event}}&keys=email&{WINDOW}",
]
PRIVATE = ("telem_observer", "user_log", "observer")
SECRET = "secret-person"


@pytest.fixture
def night(rows):
    for second in range(0, 60, 10):
        rows.say("cam", "telem_stdcam", T0 + second * S, {"fps": 12.5})
        rows.say("observers", "telem_x", T0 + second * S, {"n": 1})
        for event in PRIVATE:
            msg = {"email": f"{SECRET}@example.edu", "obsName": SECRET, "observing": second < 40, "message": SECRET}
            rows.say("observers", event, T0 + second * S, msg)
    rows.say("observers", "telem_observer", T0 + 3000 * S, None, raw=SECRET.encode())
    return rows


@pytest.fixture
def readers(settings):
    def allow(who):
        settings.TELEMETRY_READERS = who

    return allow


@pytest.fixture
def member_of_staff(bob):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.refresh_from_db()
    return bob


def body_of(response):
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace")


@pytest.mark.parametrize("route", ROUTES)
def test_by_default_only_staff_reads_telemetry(night, api, alice, member_of_staff, admin, route):
    assert api(None).get(route).status_code == 401
    assert api(alice).get(route).status_code == 403
    assert api(member_of_staff).get(route).status_code == 200
    assert api(admin).get(route).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
def test_users_or_everyone_may_when_the_setting_says_so(night, api, alice, readers, route):
    readers("users")
    assert api(None).get(route).status_code == 401
    assert api(alice).get(route).status_code == 200
    readers("everyone")
    assert api(None).get(route).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_names_people_to_others_than_staff(night, api, alice, readers, route):
    readers("everyone")
    for user in (None, alice):
        body = body_of(api(user).get(route))
        assert SECRET not in body
        assert [event for event in PRIVATE if re.search(rf"\b{event}\b", body)] == []


@pytest.mark.parametrize("event", PRIVATE)
@pytest.mark.parametrize("route", NAMED)
def test_an_event_that_names_people_is_to_others_as_one_that_does_not_exist(night, api, alice, readers, route, event):
    readers("everyone")
    for user in (None, alice):
        hidden, missing = (api(user).get(route.format(event=name)) for name in (event, "no_such_event"))
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert re.sub(rf"\b{event}\b", "no_such_event", body_of(hidden)) == body_of(missing)


def test_staff_sees_who_observed_everywhere(night, api, member_of_staff):
    client = api(member_of_staff)
    for route in (*ROUTES[:3], "/telemetry/latest/", f"/telemetry/spans/?{WINDOW}", f"/telemetry/at/?{WINDOW}"):
        assert SECRET in body_of(client.get(route))
    (span,) = client.get(f"/telemetry/spans/?{WINDOW}").json()["results"]
    assert (span["email"], span["title"]) == (f"{SECRET}@example.edu", SECRET)


def test_others_see_when_was_observed_but_not_who_and_what(night, api, readers):
    readers("everyone")
    (span,) = api(None).get(f"/telemetry/spans/?{WINDOW}").json()["results"]
    assert span == {
        "start": "2024-04-15T22:30:00.000000000Z", "end": "2024-04-15T22:30:40.000000000Z", "email": None, "title": None,
    }  # fmt: skip


def test_a_reader_who_was_deactivated_is_out_at_once(night, api, member_of_staff):
    client = api(member_of_staff)
    User.objects.filter(pk=member_of_staff.pk).update(is_active=False)
    assert client.get("/telemetry/").status_code == 401


class TestTelemetryOfAFrame:
    @pytest.fixture
    def frame(self, frame_factory):
        at = datetime(2024, 4, 15, 22, 30, 12, tzinfo=UTC)
        return frame_factory(observation_date=at, exposure_time=20.0, public_date=None, proposal_id="PROP001")

    def test_whoever_sees_the_frame_sees_the_telemetry_of_its_exposure(self, night, frame, api, alice, bob):
        answer = api(alice).get(f"/frames/{frame.pk}/telemetry/").json()
        assert (answer["start"], answer["end"]) == ("2024-04-15T22:30:12.000000000Z", "2024-04-15T22:30:32.000000000Z")
        assert [(row["device"], row["key"], row["value"]) for row in answer["results"]] == [
            ("cam", "fps", 12.5), ("observers", "n", 1),
        ]  # fmt: skip
        assert api(alice).get("/telemetry/").status_code == 403
        for user in (None, bob):
            assert api(user).get(f"/frames/{frame.pk}/telemetry/").status_code == 404

    def test_not_even_there_are_people_named_but_to_staff(self, night, frame, api, alice, admin):
        address = f"/frames/{frame.pk}/telemetry/"
        assert SECRET not in body_of(api(alice).get(address))
        for event in PRIVATE:
            assert api(alice).get(f"{address}?keys=observers:{event}:email").status_code == 404
        assert SECRET in body_of(api(admin).get(address))

    def test_a_member_of_staff_who_may_not_see_the_frame_gets_none(self, night, frame, api, member_of_staff):
        assert api(member_of_staff).get(f"/frames/{frame.pk}/telemetry/").status_code == 404

    def test_a_frame_without_an_exposure_time_says_what_to_ask_instead(self, night, frame, api, alice):
        type(frame).objects.filter(pk=frame.pk).update(exposure_time=None)
        answer = api(alice).get(f"/frames/{frame.pk}/telemetry/")
        assert (answer.status_code, "/telemetry/at/" in answer.json()["detail"]) == (404, True)

    def test_numbers_of_no_frame_are_404(self, api, alice):
        for pk in (0, 987654, 10**30):
            assert api(alice).get(f"/frames/{pk}/telemetry/").status_code == 404
