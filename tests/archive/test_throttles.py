"""How much a reader may ask, and how often one may guess a password."""

import io
import os
import re
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from settings.env import KNOWN
from tests.processes import until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_counts")]


@pytest.fixture
def limit(settings):
    """`limit(anonymous="3/day")` for one test."""

    def change(**changes):
        named = {name.replace("_", "-"): rate for name, rate in changes.items()}
        settings.THROTTLES = {**settings.THROTTLES, **named}

    return change


def statuses(client, count, path="/profile/", **headers):
    return [client.get(path, **headers).status_code for _ in range(count)]


def test_the_defaults_are_those_of_the_ocs():
    assert KNOWN["THROTTLE_ANONYMOUS"].default == "1000/day"
    assert KNOWN["THROTTLE_USERS"].default == "50000/day"


@pytest.mark.parametrize(
    ("name", "value"), [("THROTTLE_USERS", "many"), ("THROTTLE_ANONYMOUS", "5/year"), ("TRUSTED_PROXIES", "nginx")]
)
def test_a_value_that_means_nothing_stops_the_start(name, value):
    command = [sys.executable, "-c", "import settings.env"]
    done = subprocess.run(command, env={**os.environ, name: value}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"{name}={value!r} can not be read" in done.stderr


def test_an_anonymous_reader_is_told_when_to_come_again(api, limit):
    limit(anonymous="2/day")
    assert statuses(api(None), 3) == [200, 200, 429]
    answer = api(None).get("/frames/")
    seconds = int(answer["Retry-After"])
    assert 0 < seconds <= 86400
    assert re.fullmatch(r"Request was throttled\. Expected available in \d+ seconds?\.", answer.json()["detail"])


def test_users_are_counted_each_and_staff_never(api, limit, alice, bob):
    limit(user="2/day", anonymous="0/day")
    assert statuses(api(alice), 3) == [200, 200, 429]
    assert statuses(api(bob), 2) == [200, 200]
    bob.is_staff = True
    bob.save()
    assert statuses(api(bob), 3) == [200, 200, 200]


def test_a_new_forwarded_for_header_does_not_make_a_new_reader(api, limit):
    limit(anonymous="2/day")
    made_up = [api(None).get("/profile/", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code for n in range(4)]
    assert made_up == [200, 200, 429, 429]


class TestTrustedProxies:
    @pytest.fixture(autouse=True)
    def proxy(self, settings, limit):
        settings.TRUSTED_PROXIES = ("127.0.0.1", "10.1.0.0/16")
        limit(anonymous="1/day")

    def ask(self, forwarded, remote="127.0.0.1"):
        return APIClient().get("/profile/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR=remote).status_code

    def test_behind_a_proxy_of_ours_each_client_counts_for_itself(self):
        assert [self.ask("192.0.2.1"), self.ask("192.0.2.2"), self.ask("192.0.2.1")] == [200, 200, 429]

    def test_what_the_client_itself_put_in_front_is_not_read(self):
        assert [self.ask("1.1.1.1, 192.0.2.1"), self.ask("2.2.2.2, 192.0.2.1")] == [200, 429]

    def test_two_proxies_of_ours_in_a_row_are_passed(self):
        assert [self.ask("192.0.2.1, 10.1.2.3"), self.ask("192.0.2.2, 10.1.9.9"), self.ask("192.0.2.2")] == [
            200,
            200,
            429,
        ]

    def test_another_proxy_is_not_believed(self):
        assert [self.ask("192.0.2.1", "203.0.113.9"), self.ask("192.0.2.2", "203.0.113.9")] == [200, 429]

    def test_nonsense_is_no_address(self):
        assert [self.ask("nonsense"), self.ask("other nonsense")] == [200, 429]

    def test_one_network_of_ipv6_is_one_client(self):
        assert [self.ask("2001:db8::1"), self.ask("2001:db8::ffff:2"), self.ask("2001:db8:0:1::1")] == [200, 429, 200]

    def test_a_local_socket_is_believed_where_it_is_named(self, settings):
        settings.TRUSTED_PROXIES = ("unix",)
        assert [self.ask("192.0.2.1", ""), self.ask("192.0.2.2", ""), self.ask("192.0.2.1", "")] == [200, 200, 429]


def test_health_tokens_and_the_portal_s_calls_have_no_throttle(api, limit, bob, settings):
    settings.OAUTH_SERVER_KEY = "serverkey"
    limit(anonymous="0/day", user="0/day")
    assert api(None).get("/profile/").status_code == 429
    assert api(None).get("/health/").status_code == 200
    credentials = {"username": "bob", "password": "bob-pass"}
    assert api(None).post("/api-token-auth/", credentials, format="json").status_code == 200
    told = api(None).post("/authprofile/addupdateuser/", {"username": "x"}, HTTP_AUTHORIZATION="Server serverkey")
    assert told.status_code == 200


def test_a_rate_of_nothing_is_no_limit(api, limit):
    limit(anonymous="")
    assert statuses(api(None), 5) == [200] * 5


class TestFailedLogins:
    def guess(self, username="bob", password="wrong", **headers):
        return APIClient().post(
            "/api-token-auth/", {"username": username, "password": password}, format="json", **headers
        )

    def test_after_too_many_even_the_right_password_waits(self, bob, limit):
        limit(failed_logins_of_name="3/hour")
        assert [self.guess().status_code for _ in range(4)] == [400, 400, 400, 429]
        answer = self.guess(password="bob-pass")
        assert (answer.status_code, "Retry-After" in answer) == (429, True)

    def test_other_addresses_and_other_spellings_do_not_help(self, bob, limit):
        limit(failed_logins_of_name="1/hour")
        self.guess()
        assert self.guess(REMOTE_ADDR="192.0.2.7").status_code == 429
        assert self.guess(username=" BOB ").status_code == 429

    def test_an_address_that_tries_many_names_waits_and_others_do_not(self, bob, limit):
        limit(failed_logins_of_address="3/hour")
        assert [self.guess(f"user{n}").status_code for n in range(4)] == [400, 400, 400, 429]
        assert self.guess(password="bob-pass", REMOTE_ADDR="192.0.2.7").status_code == 200

    def test_right_passwords_are_not_counted(self, bob, limit):
        limit(failed_logins_of_name="1/hour", failed_logins_of_address="1/hour")
        assert [self.guess(password="bob-pass").status_code for _ in range(3)] == [200] * 3

    @pytest.mark.parametrize("page", ["/api-auth/login/", "/admin/login/"])
    def test_the_pages_count_too_and_say_why(self, client, admin, limit, page):
        limit(failed_logins_of_name="1/hour")
        assert client.post(page, {"username": "admin", "password": "wrong"}).status_code == 200
        answer = client.post(page, {"username": "admin", "password": "admin-pass"})
        assert "Too many failed logins" in answer.content.decode()

    def test_refused_bearer_tokens_count_as_failed_logins(self, portal, limit):
        limit(failed_logins_of_address="2/hour")
        codes = [APIClient().get("/profile/", HTTP_AUTHORIZATION=f"Bearer guess{n}").status_code for n in range(4)]
        assert (codes, portal.calls) == ([401, 401, 429, 429], 2)

    def test_a_bearer_token_that_is_known_passes_though_others_of_its_address_guess(self, portal, limit):
        limit(failed_logins_of_address="1/hour")
        portal.person("dora", bearer="dora-bearer")
        tokens = ["dora-bearer", "guess", "other guess", "dora-bearer"]
        codes = [APIClient().get("/profile/", HTTP_AUTHORIZATION=f"Bearer {token}").status_code for token in tokens]
        assert codes == [200, 401, 429, 200]


class TestShowthrottle:
    @pytest.fixture(autouse=True)
    def limits(self, limit):
        limit(anonymous="1000/day", user="50000/day")

    def shown(self, *arguments):
        out = io.StringIO()
        call_command("showthrottle", *arguments, stdout=out)
        return out.getvalue()

    def test_users_and_what_they_have_used(self, api, alice, bob):
        statuses(api(alice), 3)
        assert "alice: 3 (user)" in self.shown()
        assert "bob" not in self.shown()
        assert "bob: 0 (user)" in self.shown("--user", "bob")

    def test_an_address(self, api):
        statuses(api(None), 2, REMOTE_ADDR="192.0.2.1")
        assert "192.0.2.1: 2 (anonymous)" in self.shown("--address", "192.0.2.1")

    def test_a_user_that_is_not_there_is_told(self):
        with pytest.raises(CommandError):
            self.shown("--user", "nobody")


def test_the_connection_to_the_cache_outlives_the_request(api):
    api(None).get("/profile/")
    (client,) = cache._cache.clients.values()
    kept = client.sock
    api(None).get("/profile/")
    assert kept is not None
    assert client.sock is kept


def test_a_cache_that_is_down_refuses_nobody(services, api, limit):
    limit(anonymous="1/day")
    services.memcached.stop()
    try:
        assert statuses(api(None), 3) == [200, 200, 200]
    finally:
        services.memcached.start()


def test_a_cache_that_was_started_again_counts_again(services, api, limit):
    limit(anonymous="1/day")
    until(lambda: 429 in statuses(api(None), 2), what="requests counted")
    services.memcached.stop()
    services.memcached.start()
    until(lambda: 429 in statuses(api(None), 2), what="requests counted")


def test_pictures_of_a_page_do_not_use_up_what_a_reader_may_ask(frame_factory, api, limit):
    limit(anonymous="1/day")
    frame = frame_factory()
    client = api(None)
    url = client.get(f"/frames/{frame.pk}/").json()["url"]
    assert statuses(client, 5, path=url) == [200] * 5


def test_downloads_of_a_cart_count_with_all_other_requests(client, limit, frame_factory):
    client.post("/cart/change/", {"add": frame_factory().pk})
    limit(anonymous="2/day")
    assert client.get("/profile/").status_code == 200
    assert client.post("/cart/download/").url.startswith("/cart/download/")
    refused = client.post("/cart/download/", follow=True)
    assert refused.redirect_chain[-1][0] == "/cart/"
    assert "try again in" in refused.content.decode()
    assert client.get("/profile/").status_code == 429
