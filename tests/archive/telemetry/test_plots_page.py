"""The page of plots: who may open it, and what it tells whom."""

import pytest

from tests.archive.telemetry.plotted import KEYS, NIGHT, lay_night

ADDRESS = f"/telemetry/plots/?night={NIGHT}&keys={KEYS[0]}"


@pytest.fixture
def night(rows):
    lay_night(rows)


def test_whoever_may_not_read_telemetry_is_led_to_the_login_or_refused(night, client, alice):
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer["Location"].startswith("/api-auth/login/?next=/telemetry/plots/")) == (302, True)
    client.force_login(alice)
    answer = client.get(ADDRESS)
    assert (answer.status_code, b"fwsci1" in answer.content) == (403, False)
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_staff_may_and_others_when_the_setting_says_so(night, client, alice, admin, settings):
    client.force_login(admin)
    assert b"telem_observer" in client.get(ADDRESS).content
    settings.TELEMETRY_READERS = "users"
    client.force_login(alice)
    page = client.get(ADDRESS).content
    assert (b"camsci1" in page, b"telem_observer" in page, b"observer@example.edu" in page) == (True, False, False)
    hidden = client.get("/telemetry/plots/?keys=observers:telem_observer:email")
    assert (hidden.status_code, b"no telemetry of observers" in hidden.content) == (404, True)


def test_without_a_night_the_latest_one_is_shown(night, client, admin):
    client.force_login(admin)
    page = client.get(f"/telemetry/plots/?keys={KEYS[0]}").content.decode()
    assert 'name="night" value="2025-10-31"' in page


def test_names_in_the_address_are_never_markup(night, client, admin):
    client.force_login(admin)
    page = client.get('/telemetry/plots/?keys="><script>alert(1)</script>:a:b').content.decode()
    assert "<script>alert" not in page


def test_only_reading_is_offered(client, db):
    assert client.post("/telemetry/plots/").status_code == 405
    assert client.head("/telemetry/plots/").status_code == 302


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ("night=0001-01-01", 400), ("night=9999-12-31", 400), ("start=2025-01-02&end=2025-01-01", 400),
        ("start=x&end=y", 400), ("keys=" + ",".join(f"a:b:k{n}" for n in range(13)), 400), ("", 200),
    ],
)  # fmt: skip
def test_odd_addresses_are_answered_in_plain_words(client, admin, terms, code):
    client.force_login(admin)
    answer = client.get(f"/telemetry/plots/?{terms}")
    assert answer.status_code == code
    assert answer.status_code == 200 or b'role="alert"' in answer.content
