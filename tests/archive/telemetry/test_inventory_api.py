"""The inventory and its copies: for staff alone, by every term."""

import pytest

from tests.telemetry.rows import T0, S

ROUTES = ["/files/", "/files/?format=api", "/files/?host=icc", "/files/1/", "/files/lag/", "/replicas/"]
DIGEST = bytes(range(32))


@pytest.fixture
def client(api, admin):
    return api(admin)


@pytest.fixture
def inventory(rows):
    """By name: home alone, with a copy, with a copy of before; gone with a copy, gone without; a log."""
    rows.say("cam", "telem_x", T0 + 5, {"n": 1}, path="/opt/alone")
    recording = rows.recordings["/opt/alone"]
    rows.run("UPDATE telemetry.recording SET state = 'partial', reason = 'torn' WHERE id = %s", recording)
    rows.run("INSERT INTO telemetry.damage VALUES (%s, 40, 7, 'bad'), (%s, 12, 3, 'worse')", recording, recording)
    gone = {"gone_at": "2024-05-01T00:00:00Z"}
    made = {
        "alone": rows.file("/opt/alone", device="cam", recording_id=recording),
        "copied": rows.file("/opt/copied", device="cam", host="aoc"),
        "older": rows.file("/opt/older", ingested_size_bytes=None),
        "moved": rows.file("/opt/moved", **gone),
        "lost": rows.file("/opt/lost", **gone),
        "log": rows.file("/opt/log", kind="log", ingested_size_bytes=None, changed_at="2031-01-01T00:00:00Z"),
    }
    disk = rows.insert("location", name="disk", prefix="/mnt/disk", is_local=True)
    rows.insert("location", name="far", prefix="ssh://far/data", is_local=False)
    for name, size_bytes in (("copied", 1000), ("older", 900), ("moved", 1000)):
        rows.insert(
            "replica", location_id=disk, file_id=made[name], path=f"icc/opt/{name}", origin_modified_ns=T0 + 60 * S,
            origin_size_bytes=size_bytes, sha256=DIGEST,
        )  # fmt: skip
    return made


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("readers", ["staff", "everyone"])
def test_the_inventory_is_for_staff_alone(inventory, api, alice, admin, settings, route, readers):
    settings.TELEMETRY_READERS = readers
    route = route.replace("/1/", f"/{inventory['alone']}/")
    for user, code in ((None, 401), (alice, 403), (admin, 200)):
        answer = api(user).get(route)
        assert answer.status_code == code
        assert (b"/opt" in answer.content or b"/mnt" in answer.content or b"icc" in answer.content) == (code == 200)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("", "copied alone log lost moved older"),
        ("host=aoc", "copied"),
        ("device=cam", "copied alone"),
        ("path=/lo", "log lost"),
        ("kind=log", "log"),
        ("kind=log&kind=bintel&host=icc", "alone log lost moved older"),
        ("state=partial", "alone"),
        ("state=ok", ""),
        ("gone=true", "lost moved"),
        ("gone=false", "copied alone log older"),
        ("waiting=true", "older"),
        ("waiting=false", "copied alone lost moved"),
        ("only_in_one_place=true", "alone log moved older"),
        ("in_no_place=true", "lost"),
        ("not_copied_to=disk", "alone log older"),
        ("not_copied_to=far", "copied alone log older"),
        ("changed_since=2030-01-01T00:00:00Z", "log"),
        ("only_in_one_place=true&gone=true", "moved"),
    ],
)
def test_each_term_finds_its_files(client, inventory, terms, expected):
    answer = client.get(f"/files/?{terms}").json()
    assert [row["path"].removeprefix("/opt/") for row in answer["results"]] == expected.split()
    assert answer["count"] == len(expected.split())


@pytest.mark.parametrize("terms", ["kind=nothing", "state=x", "gone=perhaps", "waiting=2", "changed_since=yesterday"])
def test_terms_that_can_not_be_read_are_refused_by_name(client, db, terms):
    answer = client.get(f"/files/?{terms}")
    assert (answer.status_code, list(answer.json())) == (400, [terms.split("=")[0]])


def test_a_file_has_its_coverage_damages_and_copies(client, inventory):
    alone = client.get(f"/files/{inventory['alone']}/").json()
    recording = alone["recording"]
    assert (recording["state"], recording["reason"], recording["n_records"]) == ("partial", "torn", 1)
    assert (recording["first"], recording["last"]) == ("2024-04-15T22:30:00.000000005Z",) * 2
    assert alone["damages"] == [
        {"seq": 12, "length": 3, "reason": "worse"}, {"seq": 40, "length": 7, "reason": "bad"},
    ]  # fmt: skip
    assert (alone["n_copies"], alone["copies"], alone["waiting"]) == (0, [], False)
    for name, is_current in (("copied", True), ("older", False)):
        (copy,) = client.get(f"/files/{inventory[name]}/").json()["copies"]
        assert (copy["location"], copy["state"], copy["is_current"], copy["sha256"]) == (
            "disk",
            "ok",
            is_current,
            DIGEST.hex(),
        )
    assert client.get("/files/987654/").status_code == 404
    assert client.get(f"/files/{10**30}/").status_code == 404


def test_lag_is_counted_by_host_and_location(client, inventory):
    answer = client.get("/files/lag/").json()
    aoc, icc = answer["hosts"]
    assert (aoc["host"], aoc["n_files"], aoc["n_waiting"], aoc["oldest_waiting"]) == ("aoc", 1, 0, None)
    assert (icc["n_files"], icc["n_gone"], icc["n_waiting"], icc["waiting_bytes"]) == (5, 2, 1, 1000)
    assert (icc["oldest_waiting"], icc["newest_record"]) == (
        "2024-04-15T22:31:00.000000000Z", "2024-04-15T22:30:00.000000005Z",
    )  # fmt: skip
    disk, far = answer["locations"]
    assert (disk["location"], disk["n_ok"], disk["n_not_copied"], disk["n_older"]) == ("disk", 3, 2, 1)
    assert (far["n_ok"], far["n_not_copied"], far["is_local"]) == (0, 4, False)
    assert client.get("/replicas/").json() == {"results": [disk, far]}


@pytest.mark.parametrize("n_files", [1, 3])
def test_the_list_asks_the_same_number_of_questions_however_many_files(
    client, rows, n_files, django_assert_num_queries
):
    for number in range(n_files):
        recording = rows.recording("cam", path=f"/opt/{number}")
        rows.file(f"/opt/{number}", recording_id=recording)
    with django_assert_num_queries(2):  # the user, the page
        assert client.get("/files/").json()["count"] == n_files
