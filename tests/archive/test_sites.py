"""Sites: configurations with all of their versions, notes of nights with a life time."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from archive.domain import nightlog, sites
from archive.errors import ConflictError
from archive.models import NightNote, SiteConfiguration
from pipeline.tasks import forget_expired_notes

WHERE = "/sites/lsc/config/"
LSC = {
    "name": "Cerro Tololo",
    "latitude_deg": -30.1673833,
    "longitude_deg": -70.8047889,
    "elevation_m": 2198,
    "timezone": "America/Santiago",
    "instruments": {"fa15": {"filters": ["rp", "gp"]}},
    "webcam": {"url": "https://example.org/lsc.jpg", "days": [1, 2.5, None, True]},
}


@pytest.fixture
def staff(bob) -> User:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    return User.objects.get(pk=bob.pk)


class TestConfigurations:
    def test_everybody_reads_what_a_superuser_wrote(self, api, admin):
        made = api(admin).put(WHERE, LSC)
        assert (made.status_code, made["ETag"], made["Location"]) == (201, '"1"', f"http://testserver{WHERE}")
        read = api(None).get(WHERE)
        assert (read.status_code, read["ETag"]) == (200, '"1"')
        assert read.json()["configuration"] == LSC
        assert {key: read.json()[key] for key in ("site", "version")} == {"site": "lsc", "version": 1}

    def test_only_superusers_write(self, api, admin, alice, staff):
        api(admin).put(WHERE, LSC)
        for user, code in ((None, 401), (alice, 403), (staff, 403)):
            assert api(user).put(WHERE, {**LSC, "name": "Mine"}).status_code == code
            assert api(user).delete(WHERE).status_code == code
        assert SiteConfiguration.objects.count() == 1

    def test_each_change_is_a_version_that_stays_with_who_and_when(self, api, admin, staff):
        api(admin).put(WHERE, LSC)
        changed = api(admin).put(WHERE, {**LSC, "name": "Tololo"})
        assert (changed.status_code, changed["ETag"]) == (200, '"2"')
        again = api(admin).put(WHERE, {**LSC, "name": "Tololo"})
        assert (again.status_code, again["ETag"]) == (200, '"2"')  # nothing changed: no version
        assert api(admin).delete(WHERE).status_code == 204
        gone = api(None).get(WHERE)
        assert (gone.status_code, "version=2" in gone.json()["detail"]) == (404, True)
        assert api(admin).put(WHERE, LSC)["ETag"] == '"4"'
        assert api(None).get(f"{WHERE}?version=2").json()["configuration"]["name"] == "Tololo"
        assert api(None).get(f"{WHERE}?version=3").status_code == 404
        assert api(None).get(f"{WHERE}?version=9").status_code == 404
        history = api(staff).get(f"{WHERE}history/").json()["results"]
        assert [version["version"] for version in history] == [4, 3, 2, 1]
        assert history[1]["configuration"] is None
        assert {version["changed_by"] for version in history} == {"admin"}
        assert "changed_by" not in api(None).get(f"{WHERE}history/").json()["results"][0]

    def test_the_list_has_each_site_that_has_a_configuration(self, api, admin):
        for site in ("cpt", "lsc", "ogg"):
            api(admin).put(f"/sites/{site}/config/", {**LSC, "name": site})
        api(admin).put("/sites/cpt/config/", {**LSC, "name": "Sutherland"})
        api(admin).delete("/sites/ogg/config/")
        found = api(None).get("/sites/").json()["results"]
        told = [(site["site"], site["version"], site["configuration"]["name"]) for site in found]
        assert told == [("cpt", 2, "Sutherland"), ("lsc", 1, "lsc")]

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_list_takes_as_many_queries_for_one_site_as_for_three(
        self, api, admin, rows, django_assert_num_queries
    ):
        for number in range(rows):
            sites.configure(f"site{number}", LSC, by="admin", at=timezone.now())
        client = api(None)
        with django_assert_num_queries(1):
            assert len(client.get("/sites/").json()["results"]) == rows

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ({"latitude_deg": 95}, "latitude_deg"),
            ({"latitude_deg": "-30"}, "latitude_deg"),
            ({"longitude_deg": 289.2}, "longitude_deg"),
            ({"longitude_deg": True}, "longitude_deg"),
            ({"elevation_m": None}, "elevation_m"),
            ({"name": ""}, "name"),
            ({"timezone": "America/Nowhere"}, "timezone"),
            ({"timezone": "../etc/passwd"}, "timezone"),
            ({"timezone": "America"}, "timezone"),
            ({"timezone": ""}, "timezone"),
            ({"timezone": 3}, "timezone"),
            ({"instruments": ["fa15"]}, "instruments"),
            ({"instruments": {"fa15": 3}}, "instruments.fa15"),
            ({"flats_sun_altitude_deg": [-2]}, "flats_sun_altitude_deg"),
            ({"flats_sun_altitude_deg": [-2, -90]}, "flats_sun_altitude_deg.1"),
            ({"comment": "a\0b"}, "value"),
            ({"a\0b": 1}, "value"),
            ({"comment": "\ud800"}, "value"),
            ({"timezone": "\ud800"}, "timezone"),
            ({"instruments": {"\ud800": 3}}, "instruments"),
        ],
    )
    def test_a_wrong_key_is_named_and_nothing_is_kept(self, api, admin, change, key):
        response = api(admin).put(WHERE, json.dumps({**LSC, **change}), content_type="application/json")
        assert (response.status_code, key in response.json()["detail"]) == (400, True), response.json()
        assert api(None).get(WHERE).status_code == 404

    @pytest.mark.parametrize("key", ["name", "latitude_deg", "longitude_deg", "elevation_m", "timezone"])
    def test_what_is_missing_is_named(self, api, admin, key):
        response = api(admin).put(WHERE, {name: value for name, value in LSC.items() if name != key})
        assert (response.status_code, repr(key) in response.json()["detail"]) == (400, True), response.json()

    @pytest.mark.parametrize("body", ["[]", "3", "null", '"text"', "{", '{"latitude_deg": 1e999}'])
    def test_what_is_no_object_is_400(self, api, admin, body):
        assert api(admin).put(WHERE, body, content_type="application/json").status_code == 400

    def test_a_configuration_that_is_too_large_is_400(self, api, admin):
        response = api(admin).put(WHERE, {**LSC, "map": "x" * (1 << 20)})
        assert (response.status_code, "bytes" in response.json()["detail"]) == (400, True)

    @pytest.mark.parametrize("site", ["x" * 65, "x" * 2000])
    def test_a_code_that_no_frame_could_carry_is_refused(self, api, admin, site):
        assert api(admin).put(f"/sites/{site}/config/", LSC).status_code == 400
        assert api(None).get(f"/sites/{site}/config/").status_code == 404

    @pytest.mark.parametrize("version", ["0", "-1", "x", "²", "1e3", "9" * 30])
    def test_a_version_that_is_none_is_told(self, api, admin, version):
        api(admin).put(WHERE, LSC)
        assert api(None).get(f"{WHERE}?version={version}").status_code in {400, 404}


class TestLostUpdates:
    def test_a_change_of_an_older_version_is_412_and_changes_nothing(self, api, admin):
        api(admin).put(WHERE, LSC)
        api(admin).put(WHERE, {**LSC, "name": "second"})
        for wanted in ('"1"', '"7"', "nonsense", 'W/"x"'):
            lost = api(admin).put(WHERE, {**LSC, "name": "lost"}, headers={"If-Match": wanted})
            assert (lost.status_code, "version 2 holds" in lost.json()["detail"]) == (412, True)
            assert api(admin).delete(WHERE, headers={"If-Match": wanted}).status_code == 412
        assert api(None).get(WHERE).json()["configuration"]["name"] == "second"
        for wanted in ('"2"', '"1", "3"', "*"):
            assert api(admin).put(WHERE, {**LSC, "name": wanted}, headers={"If-Match": wanted}).status_code == 200
        assert api(admin).delete(WHERE, headers={"If-Match": '"5"'}).status_code == 204

    def test_if_none_match_makes_only_the_first(self, api, admin):
        assert api(admin).put(WHERE, LSC, headers={"If-None-Match": "*"}).status_code == 201
        assert api(admin).put(WHERE, {**LSC, "name": "x"}, headers={"If-None-Match": "*"}).status_code == 412

    @pytest.mark.django_db(transaction=True)
    def test_of_two_changes_of_the_same_version_at_once_one_is_refused(self):
        sites.configure("lsc", LSC, by="admin", at=timezone.now())

        def change(number: int) -> bool:
            try:
                sites.configure(
                    "lsc", {**LSC, "name": str(number)}, by="admin", at=timezone.now(), expected=frozenset({1})
                )
            except ConflictError:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(change, range(4))) == [False, False, False, True]
        assert SiteConfiguration.objects.count() == 2


class TestNightLog:
    WHERE = "/sites/lsc/nightlog/"

    def test_staff_reads_every_note_and_others_those_for_all(self, api, admin, alice, staff):
        assert api(staff).post(self.WHERE, {"text": "the dome sticks"}).status_code == 201
        assert api(admin).post(self.WHERE, {"text": "closed: clouds", "audience": "all"}).status_code == 201
        api(admin).post("/sites/cpt/nightlog/", {"text": "elsewhere", "audience": "all"})
        for user in (admin, staff):
            notes = api(user).get(self.WHERE).json()["results"]
            assert [note["text"] for note in notes] == ["closed: clouds", "the dome sticks"]
            assert [note["written_by"] for note in notes] == ["admin", "bob"]
        for user in (None, alice):
            (note,) = api(user).get(self.WHERE).json()["results"]
            assert (note["text"], "written_by" in note) == ("closed: clouds", False)

    def test_only_staff_and_superusers_write_and_delete(self, api, admin, alice, staff):
        number = api(admin).post(self.WHERE, {"text": "clouds", "audience": "all"}).json()["id"]
        for user, code in ((None, 401), (alice, 403)):
            assert api(user).post(self.WHERE, {"text": "mine"}).status_code == code
            assert api(user).delete(f"{self.WHERE}{number}/").status_code == code
        assert api(staff).delete(f"/sites/cpt/nightlog/{number}/").status_code == 404
        assert api(staff).delete(f"{self.WHERE}{number}/").status_code == 204
        assert api(staff).delete(f"{self.WHERE}{number}/").status_code == 404
        assert NightNote.objects.count() == 0

    def test_a_note_is_shown_for_its_life_time_and_removed_by_beat(self, admin, now):
        life = timedelta(hours=2)
        nightlog.write_note(site_id="lsc", text="clouds", audience="all", by="admin", at=now, lifetime=life)
        for after, shown in ((timedelta(), 1), (timedelta(minutes=119), 1), (life, 0), (timedelta(days=9), 0)):
            assert len(nightlog.notes_for(admin, site_id="lsc", at=now + after)) == shown
        assert nightlog.forget_expired(at=now + timedelta(minutes=119)) == 0
        assert nightlog.forget_expired(at=now + life) == 1

    def test_the_life_time_is_as_asked_for_or_as_set(self, api, admin, settings):
        settings.NIGHTLOG_LIFETIME = timedelta(hours=5)
        api(admin).post(self.WHERE, {"text": "a day", "ttl_hours": 24})
        api(admin).post(self.WHERE, {"text": "as set"})
        lives = [note.expires_at - note.written_at for note in NightNote.objects.order_by("pk")]
        assert lives == [timedelta(days=1), timedelta(hours=5)]
        forget_expired_notes()
        assert NightNote.objects.count() == 2

    @pytest.mark.parametrize(
        "body",
        [{}, {"text": ""}, {"text": "x" * 10_001}, {"text": "x", "ttl_hours": 0}, {"text": "x", "ttl_hours": 9000},
         {"text": "x", "ttl_hours": "nan"}, {"text": "x", "audience": "friends"}, {"text": "a\0b"}, []],
    )  # fmt: skip
    def test_a_note_that_says_nothing_or_too_much_is_400(self, api, admin, body):
        assert api(admin).post(self.WHERE, body).status_code == 400
        assert NightNote.objects.count() == 0
