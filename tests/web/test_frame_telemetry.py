"""Telemetry at a frame's exposure as a page shows it: values, curves, and who may see how much of it."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from archive.web.frame.telemetry import HIGH, INSET, WIDE, curve_of
from telemetry.queries.binned import NumberBin
from telemetry.queries.exposure import Exposure
from telemetry.queries.times import Window
from tests.telemetry.conftest import empty_tables
from tests.telemetry.rows import Rows, S
from tests.web.browsing import look_around

BEGUN_AT = datetime(2025, 11, 1, 3, 0, tzinfo=UTC)
T0 = int(BEGUN_AT.timestamp()) * S
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
OF_FRAME = {"observation_date": BEGUN_AT, "exposure_time": 60.0, "instrument_id": "camsci1"}


def say(rows):
    """Twenty minutes before and after: a temperature that rises by one a minute, from 0 at the exposure's start."""
    for second in range(-1200, 1260, 30):
        rows.say("camsci1", "telem_stdcam", T0 + second * S, {"temp": second / 60, "mode": "on", "n": 4})
        rows.say("awheel", "telem_stage", T0 + second * S, {"preset": "open" if second < 30 else "z"})
    rows.say("awheel", "telem_observer", T0 - 60 * S, {"email": "secret-person@example.edu"})


def lay(house):
    house.user("operator", is_staff=True)
    say(Rows())
    house.things["frame"] = house.frames(basename="exposed", **OF_FRAME).pk


def test_values_come_when_somebody_asks_for_them(visit, house):
    page = visit("operator").go(f"/frame/{house.things['frame']}/")
    page.get_by_role("link", name="Show what devices said").click()
    row = page.get_by_role("row").filter(has_text="temp")
    expect(row).to_contain_text("0.5")  # at the middle, half a minute after its start
    expect(row.get_by_role("img")).to_be_visible()
    page.get_by_label("Device").select_option("awheel")
    expect(page.get_by_role("row").filter(has_text="preset")).to_contain_text("z changed meanwhile")
    page.get_by_label("Device").select_option("camsci1")
    expect(row).to_be_visible()
    page.get_by_role("link", name="Plots of this time").click()
    expect(page).to_have_url(f"{house.url}/telemetry/plots/?night=2025-10-31" + page.url.partition("2025-10-31")[2])
    expect(page.locator("#from")).to_have_text("2025-11-01 02:50:00")
    expect(page.locator("#to")).to_have_text("2025-11-01 03:11:00")


def test_the_page_works_without_scripts_and_looks_right(visit, house):
    page = visit("operator", java_script_enabled=False).go(f"/frame/{house.things['frame']}/")
    page.get_by_role("link", name="Show what devices said").click()
    page.get_by_label("Device").select_option("awheel")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row").filter(has_text="preset")).to_be_visible()
    look_around(visit("operator").go(f"/frame/{house.things['frame']}/telemetry/"), "frame-telemetry")


@pytest.fixture(scope="module", autouse=True)
def emptied(test_database, django_db_blocker):
    """What the house commits to telemetry's tables goes with it."""
    yield
    with django_db_blocker.unblock():
        empty_tables()


@pytest.fixture
def frame(db, frame_factory):
    say(Rows())
    return frame_factory(**OF_FRAME)


def test_who_may_not_read_telemetry_sees_that_of_the_exposure_alone(client, bob, frame):
    address = f"/frame/{frame.pk}/telemetry/"
    for user in (None, bob):
        if user:
            client.force_login(user)
        shown = client.get(address).content.decode()
        assert "Through the exposure" in shown
        assert 'aria-label="temp: 0 to 0.5"' in shown  # what is said in it: at its start, and half a minute later
        assert "/telemetry/plots/?" not in shown
        assert "secret-person" not in client.get(f"{address}?device=awheel").content.decode()
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    shown = client.get(address).content.decode()
    assert "10 min before to 10 min after" in shown
    assert "/telemetry/plots/?night=2025-10-31&amp;start=2025-11-01T02%3A50" in shown
    assert "secret-person" in client.get(f"{address}?device=awheel").content.decode()


def test_a_hidden_frame_has_none(client, alice, bob, frame_factory, frame):
    hidden = frame_factory(public_date=NEVER, **OF_FRAME)
    for user, status in ((None, 404), (bob, 404), (alice, 200)):
        if user:
            client.force_login(user)
        assert client.get(f"/frame/{hidden.pk}/telemetry/").status_code == status


def test_odd_questions_have_an_answer(client, frame, frame_factory):
    assert client.get(f"/frame/{frame.pk}/telemetry/?device=nobody").status_code == 404
    assert client.get(f"/frame/{frame.pk}/telemetry/?device=%00").status_code == 404
    timeless = frame_factory(**{**OF_FRAME, "exposure_time": None})
    assert "does not say how long" in client.get(f"/frame/{timeless.pk}/telemetry/").content.decode()
    instant = frame_factory(**{**OF_FRAME, "exposure_time": 0.0})
    assert "telem_stdcam" in client.get(f"/frame/{instant.pk}/telemetry/").content.decode()


def test_the_page_of_a_frame_offers_it_only_where_something_was_said(client, frame, frame_factory):
    before = frame_factory(**{**OF_FRAME, "observation_date": datetime(2024, 1, 1, tzinfo=UTC)})
    for each, is_offered in ((frame, True), (before, False)):
        assert ("Show what devices said" in client.get(f"/frame/{each.pk}/").content.decode()) is is_offered


def test_questions_are_bounded(client, frame, django_assert_max_num_queries):
    rows = Rows()
    for second in (0, 40):
        rows.say("many", "telem", T0 + second * S, {f"key{n}": n / 7 for n in range(100)})
    with django_assert_max_num_queries(26):
        shown = client.get(f"/frame/{frame.pk}/telemetry/?device=many").content.decode()
    assert "40 more keys" in shown
    assert shown.count('class="spark"') == 12


def test_a_curve_is_drawn_to_scale():
    """Three means in a window of 100 ns, the exposure in its middle fifth."""
    bins = [NumberBin(at, mean, mean, mean, 1, 0, 0) for at, mean in ((0, 1.0), (50, 3.0), (100, 2.0))]
    found = curve_of([*bins, NumberBin(70, None, None, None, 0, 1, 0)], Exposure(40, 60), Window(0, 100))
    top, low = INSET, HIGH - INSET
    assert found.points == f"0.0,{low:.1f} {WIDE / 2},{top:.1f} {WIDE:.1f},{(top + low) / 2}"
    assert (found.start, found.end, found.least, found.greatest) == (0.4 * WIDE, 0.6 * WIDE, 1.0, 3.0)
    assert curve_of(bins[:1], Exposure(40, 60), Window(0, 100)) is None
