"""Tokens, sessions, and who the archive takes you for."""

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient


def test_every_user_gets_a_token_and_a_profile_at_creation(bob):
    assert len(bob.auth_token.key) == 40
    assert bob.profile.portal_token == ""


def test_the_profile_tells_who_is_asking(api, alice):
    assert api(None).get("/profile/").json() == {"username": "", "profile": {}, "is_staff": False}
    assert api(alice).get("/profile/").json() == {
        "username": "alice",
        "profile": {"proposals": ["PROP001"]},
        "is_staff": False,
    }


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_a_password_gives_the_token(api, bob, form):
    answer = api(None).post("/api-token-auth/", {"username": "bob", "password": "bob-pass"}, format=form)
    assert answer.json() == {"token": bob.auth_token.key}


def test_a_wrong_password_gives_none(api, bob):
    answer = api(None).post("/api-token-auth/", {"username": "bob", "password": "no"}, format="json")
    assert answer.status_code == 400


def test_a_token_that_nobody_has_is_refused(db):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token nobody")
    answer = client.get("/frames/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")


def test_the_portal_s_key_works_as_a_token_while_its_user_is_active(db, bob):
    bob.profile.portal_token = "from-the-portal"
    bob.profile.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token from-the-portal")
    assert client.get("/profile/").json()["username"] == "bob"
    bob.is_active = False
    bob.save()
    assert client.get("/profile/").status_code == 401


def test_a_revoked_token_is_worth_nothing(api, bob):
    client = api(bob)
    old = bob.auth_token.key
    assert client.post("/revoke_token/").json() == {"message": "API token revoked."}
    assert client.get("/profile/").status_code == 401
    assert Token.objects.get(user=bob).key != old


def test_an_anonymous_reader_has_no_token_to_revoke(api, db):
    assert api(None).post("/revoke_token/").status_code == 401


def test_a_session_login_reads_like_a_token(client, alice, frame_factory):
    frame = frame_factory(public_date=None)
    assert client.post("/api-auth/login/", {"username": "alice", "password": "alice-pass"}).status_code == 302
    assert client.get(f"/frames/{frame.pk}/").status_code == 200


def test_a_session_ends_with_its_user_s_activity(client, alice, frame_factory):
    frame = frame_factory(public_date=None)
    client.force_login(alice)
    assert client.get(f"/frames/{frame.pk}/").status_code == 200
    alice.is_active = False
    alice.save()
    assert client.get(f"/frames/{frame.pk}/").status_code == 404
    assert client.get("/profile/").json()["username"] == ""


def test_an_inactive_user_gets_no_token(api, bob):
    bob.is_active = False
    bob.save()
    assert api(None).post("/api-token-auth/", {"username": "bob", "password": "bob-pass"}).status_code == 400
    assert api(bob).post("/api-token-auth/").status_code == 401


def test_credentials_in_the_header_give_the_own_token(bob):
    bob.profile.portal_token = "from-the-portal"
    bob.profile.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token from-the-portal")
    assert client.post("/api-token-auth/").json() == {"token": bob.auth_token.key}


def test_without_credentials_both_fields_are_asked_for(api, db):
    required = ["This field is required."]
    assert api(None).post("/api-token-auth/", {}, format="json").json() == {"username": required, "password": required}


@pytest.mark.parametrize(
    "body", [[], [1], "x", {"username": ["a"], "password": "b"}, {"username": "\x00", "password": "b"}]
)
def test_no_body_is_too_odd_for_an_answer(api, db, body):
    assert api(None).post("/api-token-auth/", body, format="json").status_code == 400


@pytest.mark.parametrize("key", ["a b", "", "é", "x" * 5000, "\x00"])
def test_no_token_is_too_odd_to_be_refused(db, key):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    assert client.get("/profile/").status_code == 401


def test_a_session_can_not_write_without_a_csrf_token(admin, store):
    client = APIClient(enforce_csrf_checks=True)
    client.login(username="admin", password="admin-pass")
    assert client.post("/frames/", {}, format="json").status_code == 403
