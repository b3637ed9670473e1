"""Pages of nights: what came of one, to whom, tab by tab."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from playwright.sync_api import expect

from archive.enums import ProductKind, ProductState
from archive.models import NightNote, Proposal, Site
from tests.web.browsing import look_around

NIGHT = date(2025, 3, 9)
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
BEGUN_AT = datetime(2025, 3, 10, 1, 0, tzinfo=UTC)


def plot(colour):
    content = io.BytesIO()
    Image.new("RGB", (640, 400), colour).save(content, "PNG")
    return content.getvalue()


def lay(house):
    Proposal.objects.create(id="PROP001").members.add(house.user("alice"))
    for number in range(8):
        frame = house.frames(
            basename=f"lsc1m005-fa15-20250309-{number:04d}-e00",
            observation_date=BEGUN_AT + timedelta(minutes=(3 if number < 6 else 20) * number),
            target_name="M 51" if number % 2 else "NGC 253",
        )
        house.preview(frame)
    house.frames(basename="secret", public_date=NEVER, target_name="Hidden planet", proposal_id="PROP001")
    house.frames(basename="cpt-1", instrument_id="fa06", observation_date=BEGUN_AT + timedelta(hours=3))
    site = Site.objects.create(id="lsc")
    NightNote.objects.create(
        site=site,
        text="Thin clouds after midnight.",
        audience="all",
        written_by="operator",
        written_at=BEGUN_AT,
        expires_at=NEVER,
    )
    ao = house.ao
    for number in range(3):
        observation = ao.observation(observed_at=BEGUN_AT + timedelta(minutes=number), night=NIGHT)
        preview = ao.product(observation, kind=ProductKind.BRIGHT_PREVIEW)
        ao.file(preview, "cropped", content=plot((number * 60, 30, 90)))
        ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL))
    ao.product(observation, kind=ProductKind.BRIGHT, state=ProductState.FAILED)
    seeing = ao.product(kind=ProductKind.NIGHT_SEEING, night=NIGHT, subject="night")
    ao.file(seeing, "plot", content=plot((250, 250, 250)))


def test_a_month_of_nights_looks_right_and_leads_to_one(visit):
    page = visit().go("/night/?month=2025-03")
    row = page.get_by_role("row").filter(has_text="2025-03-09")
    expect(row).to_contain_text("fa06 1, fa15 8")
    look_around(page, "nights")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Night 2025-03-09")


def test_the_latest_month_comes_first_and_others_are_a_step_away(visit):
    page = visit().go("/night/")
    expect(page.get_by_text("March 2025")).to_be_visible()
    page.get_by_role("link", name="← Feb 2025").click()
    expect(page.get_by_role("heading", name="Nothing in February 2025")).to_be_visible()


@pytest.mark.parametrize("tab", ["pictures", "quality", "problems", "log"])
def test_each_tab_looks_right(visit, tab):
    page = visit().go(f"/night/{NIGHT}/?tab={tab}")
    look_around(page, f"night-{tab}")


def test_pictures_stand_by_programme(visit):
    page = visit().go(f"/night/{NIGHT}/")
    programme = page.get_by_role("region", name="Programme PROP001")
    expect(programme.get_by_role("listitem")).to_have_count(3 + 8 + 1)
    expect(programme).to_contain_text("Strehl 0.180")
    assert page.locator("img").first.evaluate("each => each.complete && each.naturalWidth > 0")
    assert "Hidden planet" not in page.content()
    programme.get_by_role("link", name="M 51").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("lsc1m005")


def test_quality_problems_and_log_are_told(visit):
    page = visit().go(f"/night/{NIGHT}/?tab=quality")
    picture = page.get_by_role("img", name="Seeing through the night")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.complete && each.naturalWidth") == 640
    tabs = page.get_by_role("navigation", name="Of this night")
    tabs.get_by_role("link", name="Problems").click()
    expect(page.get_by_role("table")).to_contain_text("no star was found in the image.")
    tabs.get_by_role("link", name="Timeline and log").click()
    expect(page.get_by_role("img", name="When each instrument")).to_be_visible()
    expect(page.locator(".timeline rect")).to_have_count(9)
    expect(page.get_by_role("region", name="Longest gaps")).to_contain_text("fa15")
    expect(page.get_by_text("Thin clouds after midnight.")).to_be_visible()


def test_a_member_sees_what_is_hidden_from_others(visit):
    page = visit("alice").go(f"/night/{NIGHT}/")
    expect(page.get_by_text("Hidden planet")).to_be_visible()
    expect(page.get_by_text("public from 2999-01-01")).to_be_visible()


def test_progress_is_shown_while_something_is_made(client, ao):
    observation = ao.observation()
    ao.product(observation)
    ao.product(observation, kind=ProductKind.FAINT, state=ProductState.PENDING)
    address = f"/night/{observation.night}/"
    shown = client.get(address).content.decode()
    assert "Reductions: 1 of 2" in shown
    assert 'hx-trigger="every 5s"' in shown
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="progress"')


@pytest.mark.parametrize(
    "address",
    [
        "/night/never/",
        "/night/0001-01-01/",
        "/night/9999-12-31/",
        "/night/?month=x",
        "/night/?month=0001-01",
        "/night/?month=9999-12",
    ],
)
def test_what_is_no_night_has_no_page(client, db, address):
    assert client.get(address).status_code == 404


def test_the_log_has_the_notes_of_that_night_at_each_of_its_sites(client, frame_factory):
    for code, days in (("lsc", 0), ("cpt", 0), ("lsc", 30)):
        frame_factory(site_id=code)
        NightNote.objects.create(
            site=Site.objects.get_or_create(id=code)[0],
            text=f"note of {code}, {days} days later",
            audience="all",
            written_by="operator",
            written_at=BEGUN_AT + timedelta(days=days),
            expires_at=NEVER,
        )
    shown = client.get(f"/night/{NIGHT}/?tab=log").content.decode()
    assert [f"note of {code}, {days}" in shown for code, days in (("lsc", 0), ("cpt", 0), ("lsc", 30))] == [
        True,
        True,
        False,
    ]


def test_a_night_of_hidden_frames_looks_like_one_of_none_to_others(client, alice, bob, frame_factory):
    empty = client.get(f"/night/{NIGHT}/").content.decode()
    frame_factory(public_date=NEVER)
    assert client.get(f"/night/{NIGHT}/").content.decode() == empty
    for user, is_there in ((bob, False), (alice, True)):
        client.force_login(user)
        assert ("Nothing of this night" not in client.get(f"/night/{NIGHT}/").content.decode()) is is_there


@pytest.mark.parametrize("address", ["/night/?month=2025-03", f"/night/{NIGHT}/", f"/night/{NIGHT}/?tab=log"])
def test_statements_do_not_grow_with_the_frames(client, frame_factory, ao, address):
    counts = []
    for _ in range(2):
        for number in range(3):
            frame_factory(observation_date=BEGUN_AT + timedelta(minutes=number))
            ao.strehl(ao.product(ao.observation(night=NIGHT), kind=ProductKind.BRIGHT_STREHL))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 20
