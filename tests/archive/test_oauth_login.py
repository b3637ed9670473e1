"""Logging in with the portal's password, and through its own page in the browser."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from archive.models import Profile
from tests.portal import away, closed_port

pytestmark = pytest.mark.django_db
START, CALLBACK = "/api-auth/portal/", "/api-auth/portal/callback/"


@pytest.fixture
def dora(portal):
    portal.person(
        "dora",
        password="dora-pass",
        first_name="Dora",
        email="d@x.org",
        is_staff=True,
        api_token="dora-key",
        proposals=["PROP001"],
    )


def token(api, username, password):
    return api(None).post("/api-token-auth/", {"username": username, "password": password}, format="json")


class TestPasswords:
    def test_the_portal_s_password_gives_a_token_and_copies_the_user(self, dora, api):
        answer = token(api, "dora", "dora-pass")
        user = User.objects.get(username="dora")
        assert answer.json() == {"token": user.auth_token.key}
        assert (user.first_name, user.email, user.is_staff, user.is_superuser) == ("Dora", "d@x.org", True, False)
        assert not user.has_usable_password()  # the portal's password is kept nowhere

    @pytest.mark.parametrize(("page", "next_page"), [("/api-auth/login/", "/search/"), ("/admin/login/", "/admin/")])
    def test_it_opens_a_session_on_the_pages_and_in_the_admin(self, dora, client, page, next_page):
        answer = client.post(page, {"username": "dora", "password": "dora-pass", "next": next_page})
        assert (answer.status_code, answer.get("Location")) == (302, next_page)
        assert client.get("/profile/").json()["profile"]["proposals"] == ["PROP001"]

    def test_a_wrong_one_opens_nothing(self, dora, api):
        answer = token(api, "dora", "wrong")
        assert answer.json() == {"non_field_errors": ["Unable to log in with provided credentials."]}
        assert not User.objects.exists()

    def test_the_archive_s_own_passwords_go_on_without_the_portal(self, dora, bob, api, settings):
        with closed_port() as url:
            settings.PORTAL = away(settings.PORTAL, url)
            assert token(api, "bob", "bob-pass").status_code == 200
            assert token(api, "dora", "dora-pass").status_code == 503

    def test_the_login_page_says_that_the_portal_is_away(self, dora, client, settings):
        with closed_port() as url:
            settings.PORTAL = away(settings.PORTAL, url)
            answer = client.post("/api-auth/login/", {"username": "dora", "password": "dora-pass"})
        assert "could not be checked" in answer.content.decode()

    def test_an_inactive_user_can_not_log_in_by_the_portal(self, dora, api):
        User.objects.create_user("dora", is_active=False)
        assert token(api, "dora", "dora-pass").status_code == 400

    def test_without_a_client_the_portal_is_not_asked(self, dora, api, settings):
        settings.PORTAL = replace(settings.PORTAL, client=replace(settings.PORTAL.client, id=""))
        assert token(api, "dora", "dora-pass").status_code == 400


class TestRefresh:
    def test_a_token_that_has_run_out_is_replaced(self, portal, api):
        portal.person("dora", password="dora-pass", proposals=["PROP001"])  # without a key: the login is all there is
        assert token(api, "dora", "dora-pass").status_code == 200
        profile = Profile.objects.get()
        portal.expire_tokens()
        portal.person("dora", proposals=["PROP002"])
        Profile.objects.update(portal_checked_at=timezone.now() - timedelta(hours=2))
        assert api(profile.user).get("/profile/").json()["profile"]["proposals"] == ["PROP002"]
        assert Profile.objects.get().access_token != profile.access_token
        assert Profile.objects.get().refresh_token not in {"", profile.refresh_token}

    def test_one_that_can_not_be_replaced_is_forgotten(self, portal, api):
        portal.person("dora", password="dora-pass", proposals=["PROP001"])
        token(api, "dora", "dora-pass")
        portal.forget()
        Profile.objects.update(portal_checked_at=timezone.now() - timedelta(hours=2))
        assert api(User.objects.get()).get("/profile/").json()["profile"]["proposals"] == []
        assert not Profile.objects.get().has_portal_access


class TestBrowser:
    def begin(self, client, query=""):
        answer = client.get(START + query)
        assert answer.status_code == 302
        return answer["Location"]

    def at_the_portal(self, url):
        """Log in there, as a browser does; the query that it sends the browser back with."""
        browser = requests.Session()
        login_page = browser.get(url, timeout=10)
        assert login_page.status_code == 401
        done = browser.post(
            login_page.url, data={"username": "dora", "password": "dora-pass"}, allow_redirects=False, timeout=10
        )
        back = browser.get(requests.compat.urljoin(url, done.headers["Location"]), allow_redirects=False, timeout=10)
        assert back.headers["Location"].startswith(f"http://testserver{CALLBACK}?")
        return "?" + urlsplit(back.headers["Location"]).query

    def test_a_login_there_is_a_session_here(self, dora, client):
        back = self.at_the_portal(self.begin(client, "?next=/thumbnails/"))
        answer = client.get(CALLBACK + back)
        assert (answer.status_code, answer["Location"]) == (302, "/thumbnails/")
        assert client.get("/profile/").json() == {
            "username": "dora",
            "profile": {"proposals": ["PROP001"]},
            "is_staff": True,
        }

    def test_the_request_carries_state_and_a_challenge(self, dora, client):
        asked = parse_qs(urlsplit(self.begin(client)).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert len(asked["code_challenge"][0]) == 43
        assert asked["state"] != parse_qs(urlsplit(self.begin(client)).query)["state"]

    def test_a_code_serves_only_the_browser_that_asked_and_only_once(self, dora, client):
        back = self.at_the_portal(self.begin(client))
        assert Client().get(CALLBACK + back).status_code == 400
        assert client.get(CALLBACK + back).status_code == 302
        assert client.get(CALLBACK + back).status_code == 400

    def test_a_code_without_its_verifier_is_worth_nothing(self, dora, client):
        back = self.at_the_portal(self.begin(client))
        session = client.session
        session["portal-login"] = {**session["portal-login"], "verifier": "v" * 64}
        session.save()
        assert client.get(CALLBACK + back).status_code == 403
        assert client.get("/profile/").json()["username"] == ""

    @pytest.mark.parametrize("query", ["", "?state=x&code=y", "?state=%00", "?state=é"])
    def test_a_login_that_was_not_begun_here_is_refused(self, portal, client, query):
        self.begin(client)
        assert client.get(CALLBACK + query).status_code == 400

    def test_a_refusal_there_is_told_here(self, portal, client):
        state = parse_qs(urlsplit(self.begin(client)).query)["state"][0]
        answer = client.get(f"{CALLBACK}?error=access_denied&state={state}")
        assert (answer.status_code, "did not let you in" in answer.content.decode()) == (403, True)

    def test_an_inactive_user_does_not_get_in(self, dora, client):
        User.objects.create_user("dora", is_active=False)
        assert client.get(CALLBACK + self.at_the_portal(self.begin(client))).status_code == 403

    def test_a_portal_that_went_away_in_between_is_told(self, dora, client, settings):
        back = self.at_the_portal(self.begin(client))
        with closed_port() as url:
            settings.PORTAL = away(settings.PORTAL, url)
            assert client.get(CALLBACK + back).status_code == 503

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_nobody_is_sent_to_another_host_afterwards(self, dora, client, target):
        back = self.at_the_portal(self.begin(client, f"?next={target}"))
        assert client.get(CALLBACK + back)["Location"] == "/search/"

    def test_the_login_page_offers_it_where_there_is_one(self, portal, client, settings):
        assert "/api-auth/portal/?next=%2Fsearch%2F" in client.get("/api-auth/login/").content.decode()
        settings.PORTAL = replace(settings.PORTAL, authorize_url="")
        assert "/api-auth/portal/" not in client.get("/api-auth/login/").content.decode()
        assert client.get(START).status_code == 404
