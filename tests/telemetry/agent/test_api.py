"""What agents may ask, and what others may not."""

import base64

import pytest
from django.db import connection
from rest_framework.test import APIClient

from telemetry import agents

pytestmark = pytest.mark.django_db
ROUTES = [("get", ""), ("post", "files/"), ("get", "waiting/"), ("post", "chunks/")]
LINE = b'{"ts": "2024-04-15T22:30:50.1", "prio": "TELM", "ec": "indi", "msg": {"n": 1}}\n'


@pytest.fixture
def client():
    def of(token: str) -> APIClient:
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Agent {token}")
        return made

    return of


def chunk(**changed):
    told = {"path": "/t/py_2024-04-15T223050.ndjson", "offset": 0, "bytes": base64.b64encode(LINE).decode()}
    return {**told, "end": None, "torn": "", "anew_after": None} | changed


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_neither_strangers_nor_users_nor_superusers_are_agents(api, alice, admin, client, method, route):
    for asking in (api(None), api(alice), api(admin), client("invented")):
        answer = getattr(asking, method)(f"/telemetry/agent/{route}", {}, format="json")
        assert answer.status_code in {401, 403}


def test_a_token_that_was_revoked_opens_nothing(client):
    token = agents.make_token("icc")
    assert client(token).get("/telemetry/agent/").data == {"host": "icc"}
    agents.revoke_tokens("icc")
    assert client(token).get("/telemetry/agent/").status_code == 401


def test_a_token_opens_nothing_but_the_agents_own(client):
    token = agents.make_token("icc")
    for route in ("/telemetry/", "/files/", "/replicas/", "/versions/"):
        assert client(token).get(route).status_code in {401, 403}


def test_bytes_that_are_answered_are_stored_for_the_tokens_host(client):
    told = {"chunks": [chunk(host="rtc")]}
    answer = client(agents.make_token("icc")).post("/telemetry/agent/chunks/", told, format="json")
    assert answer.data["taken"][0]["n_records"] == 1
    assert answer.data["taken"][0]["position"]["consumed"] == len(LINE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT host, n_records FROM telemetry.recording")
        assert cursor.fetchall() == [("icc", 1)]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "required"),
        ({"chunks": [chunk(bytes="***")]}, "base64"),
        ({"chunks": [chunk(), chunk()]}, "one chunk of a file"),
        ({"chunks": [chunk(offset=-1)]}, "greater than or equal to 0"),
        ({"chunks": [chunk(path="/t/a.fits")]}, "holds no telemetry"),
        ({"chunks": [chunk(bytes=base64.b64encode(bytes(17 * 2**20)).decode())]}, "16777216 bytes at most"),
    ],
)
def test_what_can_not_be_taken_is_told_and_leaves_nothing(client, told, says):
    answer = client(agents.make_token("icc")).post("/telemetry/agent/chunks/", told, format="json")
    assert answer.status_code == 400
    assert says in str(answer.data)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM telemetry.recording")
        assert cursor.fetchone() == (0,)


def test_a_full_request_of_an_agent_is_taken(client):
    line = LINE.replace(b'"n": 1', b'"n": "%s"' % (b"x" * 2**20))
    told = {
        "chunks": [
            chunk(path=f"/t/py{n}_2024-04-15T223050.ndjson", bytes=base64.b64encode(line).decode()) for n in range(5)
        ]
    }
    answer = client(agents.make_token("icc")).post("/telemetry/agent/chunks/", told, format="json")
    assert [each["n_records"] for each in answer.data["taken"]] == [1] * 5


@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2]", b'"x"', b"\xff"])
def test_what_is_no_object_is_told(client, body):
    asking = client(agents.make_token("icc"))
    assert asking.post("/telemetry/agent/chunks/", body, content_type="application/json").status_code == 400


def test_files_that_wait_come_with_their_position(client):
    asking = client(agents.make_token("icc"))
    entry = {"path": "/t/py_2024-04-15T223050.ndjson", "raw_path": None, "modified_ns": 5, "changed_ns": 5}
    files = {"entries": [{**entry, "size_bytes": len(LINE)}], "whole": None}
    assert asking.post("/telemetry/agent/files/", files, format="json").data["new"] == 1
    [waiting] = asking.get("/telemetry/agent/waiting/").data["results"]
    assert (waiting["path"], waiting["position"]["consumed"]) == (entry["path"], 0)
    end = {"size_bytes": len(LINE), "modified_ns": 5}
    asking.post("/telemetry/agent/chunks/", {"chunks": [chunk(end=end)]}, format="json")
    assert asking.get("/telemetry/agent/waiting/").data == {"results": [], "next": None}
