"""The observation portal: its tokens, its word on users and proposals, and what happens while it is away."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from archive.models import PortalMembership, Profile
from tests.portal import away, closed_port, silent_server

pytestmark = pytest.mark.django_db


def client_with(header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    return client


def profile(header):
    return client_with(header).get("/profile/")


def make_stale(username, *, hours):
    Profile.objects.filter(user__username=username).update(portal_checked_at=timezone.now() - timedelta(hours=hours))


@pytest.fixture
def carol(db, portal):
    """A user whose key, and whose proposals PROP001 and PROP002, are the portal's."""
    portal.person("carol", password="carol-pass", api_token="carol-key", proposals=["PROP002", "PROP001"])
    user = User.objects.create_user("carol")
    user.profile.portal_token = "carol-key"
    user.profile.save()
    return user


class TestBearer:
    def test_a_user_is_made_of_what_the_portal_says(self, portal):
        portal.person("dora", bearer="dora-bearer", api_token="dora-key", proposals=["PROP007"], is_superuser=True)
        answer = profile("Bearer dora-bearer")
        assert answer.json() == {"username": "dora", "profile": {"proposals": ["PROP007"]}, "is_staff": False}
        assert profile("Token dora-key").json()["username"] == "dora"
        assert not User.objects.get(username="dora").is_superuser  # a Bearer token gives no rights

    def test_a_token_that_the_portal_refuses_is_no_user(self, portal):
        answer = profile("Bearer nope")
        assert (answer.status_code, answer.json()) == (401, {"detail": "No Such User"})
        assert answer["WWW-Authenticate"] == "Token"

    @pytest.mark.parametrize("token", ["", " ", "a\tb", "é", "x" * 9000])
    def test_no_token_is_too_odd_to_be_refused(self, portal, token):
        assert profile(f"Bearer {token}").status_code == 401

    def test_the_portal_is_asked_once_a_minute(self, portal):
        portal.person("dora", bearer="dora-bearer")
        for _ in range(3):
            assert profile("Bearer dora-bearer").status_code == 200
        assert portal.calls == 1

    def test_an_inactive_user_is_out_at_once_though_the_answer_is_cached(self, portal):
        portal.person("dora", bearer="dora-bearer", api_token="dora-key", proposals=["PROP001"])
        assert profile("Bearer dora-bearer").status_code == 200
        User.objects.filter(username="dora").update(is_active=False)
        assert profile("Bearer dora-bearer").status_code == 401
        assert profile("Token dora-key").status_code == 401

    def test_an_inactive_user_is_out_also_when_the_portal_is_asked(self, portal):
        User.objects.create_user("dora", is_active=False)
        portal.person("dora", bearer="dora-bearer", proposals=["PROP001"])
        assert profile("Bearer dora-bearer").status_code == 401
        assert not PortalMembership.objects.exists()

    def test_a_closed_portal_answers_503_to_a_new_token_and_keeps_an_old_one(self, portal, settings):
        portal.person("dora", bearer="dora-bearer")
        assert profile("Bearer dora-bearer").status_code == 200
        with closed_port() as url:
            settings.PORTAL = replace(away(settings.PORTAL, url), bearer_holds_s=0)
            assert profile("Bearer dora-bearer").status_code == 200
            answer = profile("Bearer another")
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")

    def test_a_silent_portal_costs_one_time_out_and_then_nothing(self, portal, settings):
        with silent_server() as url:
            settings.PORTAL = replace(away(settings.PORTAL, url), timeout_s=0.3)
            began = time.monotonic()
            assert [profile("Bearer some").status_code for _ in range(20)] == [503] * 20
            assert time.monotonic() - began < 3

    def test_other_schemes_are_anonymous(self, portal):
        assert profile("Basic Y2Fyb2w6Y2Fyb2wtcGFzcw==").json()["username"] == ""

    def test_a_bearer_s_proposals_last_when_the_next_request_comes_with_the_archive_s_token(self, portal, api):
        portal.person("dora", bearer="dora-bearer", proposals=["PROP001"])
        profile("Bearer dora-bearer")
        answer = api(User.objects.get(username="dora")).get("/profile/")
        assert answer.json()["profile"]["proposals"] == ["PROP001"]


class TestProposals:
    def test_the_portal_s_list_stands_beside_the_archive_s(self, portal, carol, api, alice):
        carol.proposals.add(alice.proposals.get())  # PROP001, which the portal lists too
        assert api(carol).get("/profile/").json()["profile"]["proposals"] == ["PROP001", "PROP002"]

    def test_members_by_the_portal_see_hidden_frames_and_others_do_not(self, portal, carol, bob, api, frame_factory):
        hidden = frame_factory(public_date=None, proposal_id="PROP002")
        assert api(carol).get(f"/frames/{hidden.pk}/").status_code == 200
        assert [row["id"] for row in api(carol).get("/frames/").json()["results"]] == [hidden.pk]
        assert api(bob).get(f"/frames/{hidden.pk}/").status_code == 404

    def test_a_session_asks_for_them_too(self, portal, carol, client, frame_factory):
        hidden = frame_factory(public_date=None, proposal_id="PROP002")
        client.force_login(carol)
        assert client.get(f"/frames/{hidden.pk}/").status_code == 200

    def test_they_are_asked_for_once_an_hour(self, portal, carol, api):
        for _ in range(3):
            api(carol).get("/profile/")
        assert portal.calls == 1
        make_stale("carol", hours=1.1)
        portal.person("carol", api_token="carol-key", proposals=["PROP003"])
        assert api(carol).get("/profile/").json()["profile"]["proposals"] == ["PROP003"]

    def test_an_empty_list_is_kept_like_any_other(self, portal, carol, api):
        portal.person("carol", api_token="carol-key", proposals=[])
        for _ in range(3):
            assert api(carol).get("/profile/").json()["profile"]["proposals"] == []
        assert portal.calls == 1

    def test_while_the_portal_is_away_the_old_list_holds_for_a_day(self, portal, carol, api, settings):
        api(carol).get("/profile/")
        with closed_port() as url:
            settings.PORTAL = away(settings.PORTAL, url)
            make_stale("carol", hours=23)
            assert api(carol).get("/profile/").json()["profile"]["proposals"] == ["PROP001", "PROP002"]
            make_stale("carol", hours=25)
            assert api(carol).get("/profile/").json()["profile"]["proposals"] == []

    def test_a_key_that_the_portal_no_longer_knows_gives_no_proposals(self, portal, carol, api):
        api(carol).get("/profile/")
        portal.person("carol", api_token="another", proposals=["PROP001"])
        make_stale("carol", hours=2)
        assert api(carol).get("/profile/").json()["profile"]["proposals"] == []

    def test_ids_that_no_frame_can_carry_are_left_out(self, portal, carol, api):
        portal.person("carol", api_token="carol-key", proposals=["", "x" * 65, "PROP009"])
        assert api(carol).get("/profile/").json()["profile"]["proposals"] == ["PROP009"]

    def test_a_list_of_frames_costs_the_same_queries_with_a_portal(
        self, portal, carol, alice, api, frame_factory, django_assert_num_queries, django_assert_max_num_queries
    ):
        frame_factory()
        api(carol).get("/frames/")
        with django_assert_max_num_queries(50) as without:
            api(alice).get("/frames/")
        with django_assert_num_queries(len(without)):
            api(carol).get("/frames/")


class TestRevoking:
    def test_the_portal_s_key_opens_nothing_afterwards(self, portal, carol, api):
        assert profile("Token carol-key").status_code == 200
        assert client_with("Token carol-key").post("/revoke_token/").json() == {"message": "API token revoked."}
        assert profile("Token carol-key").status_code == 401

    def test_the_portal_can_not_bring_the_same_key_back_but_may_bring_another(self, portal, carol):
        client_with("Token carol-key").post("/revoke_token/")
        portal.person("carol", api_token="carol-key", bearer="carol-bearer", proposals=["PROP001"])
        assert profile("Bearer carol-bearer").status_code == 200
        assert profile("Token carol-key").status_code == 401
        portal.person("carol", api_token="carol-second-key", bearer="carol-second-bearer")
        assert profile("Bearer carol-second-bearer").status_code == 200
        assert profile("Token carol-second-key").status_code == 200

    def test_without_a_key_and_a_login_the_portal_s_proposals_go_too(self, portal, carol, api):
        assert client_with("Token carol-key").get("/profile/").json()["profile"]["proposals"]
        client_with("Token carol-key").post("/revoke_token/")
        assert api(carol).get("/profile/").json()["profile"]["proposals"] == []


class TestAccountsFromThePortal:
    URL = "/authprofile/addupdateuser/"
    BODY = {
        "username": "carol",
        "first_name": "C",
        "email": "c@x.org",
        "is_staff": True,
        "tokens": {"api_token": "carol-key"},
        "profile": {"staff_view": True},
    }

    def post(self, body, key="Server serverkey"):
        return client_with(key).post(self.URL, body, format="json")

    @pytest.fixture(autouse=True)
    def key(self, settings):
        settings.OAUTH_SERVER_KEY = "serverkey"

    def test_an_account_is_made_and_then_changed(self, db):
        assert self.post(self.BODY).json() == {"message": "User account updated"}
        assert self.post({"username": "carol", "is_staff": False}).status_code == 200
        user = User.objects.get(username="carol")
        assert (user.first_name, user.email, user.is_staff, user.is_superuser) == ("C", "c@x.org", False, False)
        assert (user.profile.portal_token, user.profile.staff_view) == ("carol-key", True)

    def test_an_account_without_a_profile_gets_one(self, bob):
        Profile.objects.all().delete()
        assert profile(f"Token {bob.auth_token.key}").status_code == 200
        Profile.objects.all().delete()
        assert self.post({**self.BODY, "username": "bob"}).status_code == 200
        assert profile("Token carol-key").json()["username"] == "bob"

    def test_a_deactivated_account_stays_so(self, db):
        self.post(self.BODY)
        User.objects.update(is_active=False)
        assert self.post(self.BODY).status_code == 200
        assert not User.objects.get(username="carol").is_active

    def test_a_key_moves_with_the_account_that_holds_it_now(self, db):
        self.post(self.BODY)
        self.post({**self.BODY, "username": "dora"})
        assert profile("Token carol-key").json()["username"] == "dora"

    @pytest.mark.parametrize("key", ["Server wrong", "Server ", "Server", "", "Token serverkey", "Server é"])
    def test_no_other_key_does(self, db, key):
        answer = self.post({"username": "carol"}, key)
        assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid or missing API Key."})
        assert not User.objects.exists()

    @pytest.mark.parametrize("key", ["Server ", "Server", ""])
    def test_an_archive_without_a_key_refuses_every_call(self, db, settings, key):
        settings.OAUTH_SERVER_KEY = ""
        assert self.post({"username": "carol"}, key).status_code == 403

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            "x",
            {"username": ""},
            {"username": "a\x00b"},
            {"username": "x" * 151},
            {"username": "carol", "tokens": "x"},
            {"username": "carol", "tokens": {"api_token": "x" * 201}},
            {"username": "carol", "is_staff": None},
        ],
    )
    def test_a_bad_account_is_told_so(self, db, body):
        assert self.post(body).status_code == 400
        assert not User.objects.exists()
