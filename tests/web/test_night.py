"""Pages of nights: what came of one, to whom, tab by tab."""

import io
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from playwright.sync_api import expect

from archive.enums import ProductKind, ProductState
from archive.models import NightNote, Proposal, Site, SiteConfiguration
from tests.web.browsing import has_come, hold_time, look_around

NIGHT = date(2025, 3, 9)
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
BEGUN_AT = datetime(2025, 3, 10, 1, 0, tzinfo=UTC)


def plot(colour):
    content = io.BytesIO()
    Image.new("RGB", (640, 400), colour).save(content, "PNG")
    return content.getvalue()


def fit(width_px):
    """Data, model and what is left: a star of the night's seeing."""
    y, x = np.mgrid[:200, :200] - 100.0
    star = np.exp(-(x**2 + y**2) / (2 * width_px**2))
    noise = np.random.default_rng(int(width_px)).normal(0.1, 0.04, star.shape)
    pixels = np.clip(np.hstack([star + noise, np.ones((200, 20)), star, np.ones((200, 20)), noise]), 0, 1)
    content = io.BytesIO()
    Image.fromarray((255 * pixels).astype(np.uint8)).save(content, "PNG")
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
    SiteConfiguration.objects.create(
        site=site, number=1, configuration={"timezone": "America/Santiago"}, changed_by="x", changed_at=BEGUN_AT
    )
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
    for number in range(3):
        of_one = ao.product(kind=ProductKind.SEEING, night=NIGHT)
        ao.file(of_one, "fit", content=fit(20 + 5 * number))
        ao.seeing(of_one, observed_at=BEGUN_AT + timedelta(minutes=10 * number), fwhm_arcsec=1.0 + number / 10)


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
    has_come(page.locator("img").first, least_px=1)
    assert "Hidden planet" not in page.content()
    programme.get_by_role("link", name="M 51").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("lsc1m005")


def test_quality_problems_and_log_are_told(visit):
    page = visit().go(f"/night/{NIGHT}/?tab=quality")
    picture = page.get_by_role("img", name="Seeing through the night")
    expect(picture).to_be_visible()
    has_come(picture, least_px=640, most_px=640)
    tabs = page.get_by_role("navigation", name="Of this night")
    tabs.get_by_role("link", name="Problems").click()
    expect(page.get_by_role("table")).to_contain_text("no star was found in the image.")
    tabs.get_by_role("link", name="Timeline and log").click()
    expect(page.get_by_role("img", name="When each instrument")).to_be_visible()
    expect(page.locator(".timeline rect")).to_have_count(9)
    expect(page.get_by_role("region", name="Longest gaps")).to_contain_text("fa15")
    expect(page.get_by_text("Thin clouds after midnight.")).to_be_visible()


def test_fits_of_the_seeing_are_a_film_that_can_be_stopped(visit):
    """A picture each 300 ms, by a clock that the test moves; its caption tells the time of each."""
    coming = visit()
    hold_time(coming)
    page = coming.go(f"/night/{NIGHT}/?tab=quality")
    film = page.get_by_role("group", name="Film of the fits")
    place, shown = film.get_by_role("status"), page.locator(".carousel > li:visible")
    page.wait_for_function("[...document.querySelectorAll('.carousel img')].every(each => each.complete)")
    expect(place).to_have_text("1 of 3")
    expect(shown).to_contain_text("01:00:00 UTC")
    page.clock.run_for(300)
    expect(place).to_have_text("2 of 3")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("01:10:00 UTC · Si · 1.10″")
    page.clock.run_for(600)
    expect(place).to_have_text("1 of 3")
    film.get_by_role("button", name="Pause").click()
    page.clock.run_for(3000)
    expect(place).to_have_text("1 of 3")
    film.get_by_role("button", name="The picture before").click()
    expect(place).to_have_text("3 of 3")
    film.get_by_role("slider").press("ArrowLeft")
    expect(shown).to_contain_text("01:10:00 UTC")
    shown.get_by_role("link").click()
    large = page.get_by_role("dialog")
    expect(large.get_by_role("img")).to_be_visible()
    has_come(large.get_by_role("img"), least_px=3 * 200 + 2 * 20, most_px=3 * 200 + 2 * 20)
    large.get_by_role("button", name="Close").click()
    expect(large).to_be_hidden()
    page.get_by_role("link", name="Seeing through the night").click()
    expect(large.get_by_role("img", name="Seeing through the night")).to_be_visible()


def test_nothing_moves_for_those_who_asked_for_less_motion(visit):
    coming = visit(reduced_motion="reduce")
    hold_time(coming)
    page = coming.go(f"/night/{NIGHT}/?tab=quality")
    film = page.get_by_role("group", name="Film of the fits")
    page.clock.run_for(3000)
    expect(film.get_by_role("status")).to_have_text("1 of 3")
    film.get_by_role("button", name="Play").click()
    page.clock.run_for(300)
    expect(film.get_by_role("status")).to_have_text("2 of 3")


def test_fits_and_plots_are_there_without_scripts(visit):
    page = visit(java_script_enabled=False).go(f"/night/{NIGHT}/?tab=quality")
    expect(page.locator(".carousel > li:visible")).to_have_count(3)


def test_the_timeline_tells_a_site_s_own_time_beside_utc(visit):
    """Chile was three hours behind UTC in that March."""
    page = visit().go(f"/night/{NIGHT}/?tab=log")
    clocks = page.get_by_role("navigation", name="Clocks")
    expect(page.locator(".timeline .local")).to_have_count(0)
    clocks.get_by_role("link", name="and lsc").click()
    expect(page).to_have_url(re.compile("clock=lsc"))
    expect(page.locator(".timeline text").filter(has_text="lsc, local")).to_have_count(1)
    labels = page.locator(".timeline text[text-anchor]").all_text_contents()
    assert labels[:4] == ["01:00", "22:00", "02:00", "23:00"]
    gap = page.get_by_role("region", name="Longest gaps").get_by_role("row").last
    expect(gap).to_contain_text("03:01:00")  # a minute after the start of the one before
    expect(gap).to_contain_text("00:01:00")
    look_around(page, "night-clock")


def test_the_log_of_a_site_without_a_clock_is_in_utc(client, frame_factory):
    frame_factory()
    shown = client.get(f"/night/{NIGHT}/?tab=log&clock=lsc").content.decode()
    assert "Clocks" not in shown
    assert 'class="local"' not in shown


def test_a_member_sees_what_is_hidden_from_others(visit):
    page = visit("alice").go(f"/night/{NIGHT}/")
    expect(page.get_by_text("Hidden planet")).to_be_visible()
    expect(page.get_by_text("public from 2999-01-01")).to_be_visible()


def test_progress_is_shown_while_something_is_made(client, ao):
    observation = ao.observation()
    ao.product(observation)
    ao.product(observation, kind=ProductKind.FAINT, state=ProductState.PENDING)
    address = f"/night/{observation.night}/"
    ao.product(observation, kind=ProductKind.PLANETARY, state=ProductState.RUNNING, lease_until=NEVER)
    shown = client.get(address).content.decode()
    assert "Reductions: 1 of 3, 1 being made, 1 to be made" in shown
    assert f"planetary of {observation.name}" in shown
    assert 'hx-trigger="progress-refresh"' in shown
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


@pytest.mark.parametrize("is_of_staff", [False, True])
def test_who_wrote_a_note_is_for_staff(client, alice, is_of_staff, frame_factory):
    frame_factory(site_id="lsc")
    site = Site.objects.get_or_create(id="lsc")[0]
    NightNote.objects.create(
        site=site, text="Clear.", audience="all", written_by="operator", written_at=BEGUN_AT, expires_at=NEVER
    )
    alice.is_staff = is_of_staff
    alice.save()
    client.force_login(alice)
    for address in (f"/night/{NIGHT}/?tab=log", "/site/lsc/"):
        shown = client.get(address).content.decode()
        assert ("Clear." in shown, "operator" in shown) == (True, is_of_staff)


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
