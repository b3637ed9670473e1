"""POST /frames/: how many statements it costs, and frames that name each other and come at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.models import Event, Frame, Relation, Version
from tests.archive.test_post_frames import BODY, body

NAMED = ["lsc1m005-fa15-20250309-0001-b00", "lsc1m005-fa15-20250309-0004-e00", "lsc1m005-fa15-20250309-0004-e92"]
# Token, held bytes, begin, exposure, frames, parts, commit.
NEW_FRAME = 7
# Beside those the versions and the relations that it had before.
KNOWN_FRAME = NEW_FRAME + 2
HELD = 2  # token, held bytes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(api, admin, store):
    return api(admin)


def cost_of(client, sent) -> tuple[int, int]:
    """Status and number of statements."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.post("/frames/", sent, format="json")
    return answer.status_code, len(asked)


@pytest.mark.parametrize("named", [NAMED, NAMED[:2]])
def test_a_new_frame_costs_the_same_whatever_it_names(client, named):
    assert cost_of(client, body(related_frame_filenames=named)) == (201, NEW_FRAME)


def test_a_second_version_costs_two_statements_more(client):
    cost_of(client, body(related_frame_filenames=NAMED))
    again = body(related_frame_filenames=NAMED, version_set=[{"key": "v2", "md5": "2" * 32, "extension": ".fits"}])
    assert cost_of(client, again) == (201, KNOWN_FRAME)


def test_bytes_already_held_cost_two_statements(client):
    cost_of(client, body())
    assert cost_of(client, body()) == (400, HELD)


def test_a_frame_that_others_named_before_answers_with_them(client):
    first = client.post("/frames/", body(related_frame_filenames=NAMED), format="json").json()
    assert first["related_frames"] == []  # placeholders are seen by nobody
    raw = {"basename": NAMED[1], "related_frame_filenames": []}
    raw["version_set"] = [{"key": "v2", "md5": "2" * 32, "extension": ".fits.fz"}]
    second = client.post("/frames/", body(**raw), format="json").json()
    assert second["related_frames"] == [first["id"]]
    third = client.post("/frames/", body(related_frame_filenames=NAMED, version_set=[]), format="json").json()
    assert third["related_frames"] == [second["id"]]


def test_a_frame_that_is_named_keeps_what_it_has(client):
    client.post("/frames/", body(related_frame_filenames=[]), format="json")
    before = Frame.objects.values().get(basename=BODY["basename"])
    other = body(basename="other", related_frame_filenames=[BODY["basename"]], target_name="another", version_set=[])
    assert client.post("/frames/", other, format="json").status_code == 201
    assert Frame.objects.values().get(basename=BODY["basename"]) == before


def test_rings_of_frames_may_come_at_the_same_moment(api, admin, store):
    ring = [f"lsc1m005-fa15-20250309-{number:04d}-e91" for number in range(12)]
    n_turns = 4

    def post(turn, place):
        named = [ring[place - 1], ring[(place + 1) % len(ring)], "a-bias", "z-flat"]
        md5 = f"{turn:02d}{place:02d}".zfill(32)
        version = {"key": md5, "md5": md5, "extension": ".fits.fz"}
        sent = body(basename=ring[place], related_frame_filenames=named, version_set=[version])
        try:
            return client.post("/frames/", sent, format="json").status_code
        finally:
            connection.close()

    client = api(admin)
    with ThreadPoolExecutor(8) as pool:
        places = [(turn, (turn * 5 + step * 7) % len(ring)) for step in range(len(ring)) for turn in range(n_turns)]
        statuses = list(pool.map(lambda which: post(*which), places))
    assert statuses == [201] * (len(ring) * n_turns)
    assert Frame.objects.count() == len(ring) + 2
    # Both neighbours, each pair in both directions, and the two calibrations that all of them name.
    assert Relation.objects.count() == len(ring) * 4
    assert Version.objects.count() == Event.objects.filter(name="frame.ingested").count() == len(ring) * n_turns
