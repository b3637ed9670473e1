"""The page of telemetry plots in a real browser: what it asks for, what it draws, by mouse, keys and without scripts.

With SCREENSHOTS=docs/screenshots the pictures of the documents are made anew.
"""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import Page, expect

from archive.web.policy import POLICY
from deploy.local.ports import PortBlock
from tests.archive.telemetry.plotted import KEYS, NIGHT, lay_night
from tests.flows.web_server import web_server
from tests.telemetry.conftest import test_database  # noqa: F401 - a fixture
from tests.telemetry.rows import Rows
from tests.web.browsing import NARROW, Visit, chromium, shot


@pytest.fixture(scope="module")
def night(test_database, django_db_blocker):  # noqa: F811 - the fixture
    """A night's rows and a member of staff, committed; the session of that user."""
    with django_db_blocker.unblock():
        lay_night(Rows())
        user = User.objects.create_user("observer", is_staff=True)
        client = Client()
        client.force_login(user)
    yield client.cookies["sessionid"].value
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        client.logout()
        user.delete()
        cursor.execute("TRUNCATE telemetry.record, telemetry.recording, telemetry.channel RESTART IDENTITY CASCADE")


@pytest.fixture(scope="module")
def address(night):
    ports = PortBlock()
    with web_server(ports.take()) as url:
        yield url
    ports.release()


@pytest.fixture(scope="module")
def browser(address):  # after the rows: while it runs, Django takes no questions in this thread
    with chromium() as running:
        yield running


class TelemetryVisit(Visit):
    """A visit of this page."""

    def night(self, **terms) -> Page:
        return self.go(f"/telemetry/plots/?{urlencode({'night': NIGHT, 'keys': ','.join(KEYS), **terms})}")

    def drawn(self, **terms) -> Page:
        page = self.night(**terms)
        expect(page.locator("#status")).to_contain_text("values in bins of")
        return page


@pytest.fixture
def visit(browser, address, night):
    """Makes visits, each of which must ask other hosts for nothing and complain of nothing."""
    made = []

    def begin(**how):
        made.append(TelemetryVisit(browser, address, night, **how))
        return made[-1]

    yield begin
    for each in made:
        each.end()


def pixels(page: Page):
    """How many pixels of the first plot have some colour."""
    return page.evaluate(
        """() => { const c = document.querySelector('.plot canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"""
    )


def terms_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_night_is_drawn_with_its_observations_and_gaps(visit):
    page = visit().drawn()
    assert page.locator(".plot canvas").count() == len(KEYS)
    assert pixels(page) > 2000
    expect(page.locator("#status")).to_contain_text("9,900 values")  # 2 x 3150 of the camera, 3600 of the wheel
    assert page.locator("#spans span").all_inner_texts() == ["beta Pictoris", "HD 142527", "PDS 70"]
    page.click("#gap-table summary")
    gaps = "\n".join(page.locator("#gap-table tbody tr").all_inner_texts())
    for length, why in ((1810, "POWEROFF"), (910, "wrote other records"), (1810, "No file has a record")):
        assert re.search(rf"{length} s\s+.*{why}", gaps), gaps
    page.click("#gap-table summary")
    shot(page, "telemetry-night")


def test_the_policy_is_sent_and_nothing_is_written_into_the_page(visit):
    one = visit()
    response = one.page.goto(f"{one.address}/telemetry/plots/?night={NIGHT}&keys={KEYS[0]}")
    assert response.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    html = response.text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=|<style", html)


def test_keys_of_the_keyboard_move_and_zoom_and_the_address_keeps_the_view(visit):
    page = visit().drawn()
    page.locator(".plot").first.focus()
    for key, start, end in (
        ("+", "2025-10-31T22:00:00.000Z", "2025-11-01T10:00:00.000Z"),
        ("ArrowRight", "2025-11-01T01:00:00.000Z", "2025-11-01T13:00:00.000Z"),
        ("ArrowLeft", "2025-10-31T22:00:00.000Z", "2025-11-01T10:00:00.000Z"),
    ):
        page.keyboard.press(key)
        expect(page.locator("#from")).to_have_text(start[:19].replace("T", " "))
        assert (terms_of(page)["start"], terms_of(page)["end"]) == ([start], [end])
        assert terms_of(page)["keys"] == KEYS
    expect(page.locator("#status")).to_contain_text("values in bins of 36 s")
    link = parse_qs(urlsplit(page.locator("a[data-format]").first.get_attribute("href")).query)
    assert (link["start"], link["end"]) == (["2025-10-31T22:00:00.000Z"], ["2025-11-01T10:00:00.000Z"])
    page.reload()
    expect(page.locator("#status")).to_contain_text("values in bins of 36 s")
    page.locator(".plot").first.focus()
    page.keyboard.press("Home")
    expect(page.locator("#from")).to_have_text("2025-10-31 16:00:00")
    assert "start" not in terms_of(page)


def test_a_time_that_is_drawn_over_with_the_mouse_is_shown(visit):
    page = visit().drawn()
    box = page.locator(".plot .u-over").first.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.25 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], y, steps=5)
    expect(page.locator(".reading").first).to_contain_text(re.compile(r"\d\d:\d\d:\d\d "))
    page.mouse.up()
    expect(page.locator("#from")).to_have_text(re.compile(r"2025-10-31 2[12]:5|2025-10-31 22:0"))
    expect(page.locator("#to")).to_have_text(re.compile(r"2025-11-01 (09:5|10:0)"))


def test_a_key_is_added_and_removed_by_keyboard_alone(visit):
    page = visit().drawn(keys=KEYS[0])
    page.get_by_label("Add a key").focus()
    page.keyboard.type(KEYS[2])
    page.keyboard.press("Enter")
    expect(page.locator(".plot canvas")).to_have_count(2)
    page.get_by_role("link", name=f"Remove {KEYS[0]}").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".plot canvas")).to_have_count(1)
    assert terms_of(page)["keys"] == [KEYS[2]]


def test_the_page_is_dark_where_that_is_preferred_and_fits_a_narrow_screen(visit):
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = visit().drawn(), visit(color_scheme="dark").drawn()
    assert light.evaluate(paper) != dark.evaluate(paper)
    shot(dark, "telemetry-dark")
    narrow = visit(viewport=NARROW).drawn()
    assert narrow.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert narrow.locator(".plot canvas").first.bounding_box()["width"] > 300
    shot(narrow, "telemetry-narrow")


def test_without_scripts_the_values_are_a_table_and_a_file(visit):
    one = visit(java_script_enabled=False)
    page = one.night(start="2025-11-01T00:00:00Z", end="2025-11-01T02:00:00Z")
    table = page.locator("details").first
    table.locator("summary").click()
    row = table.locator("tbody tr").first.inner_text().split()
    assert row[:2] == ["2025-11-01", "00:00:00"]
    assert [round(float(value), 1) for value in row[2:5]] == [12.5] * 3
    assert row[5:] == ["30", "0"]  # 24 parts of five minutes
    link = page.locator("a[data-format]").first.get_attribute("href")
    lines = page.request.get(f"{one.address}{link}").text().splitlines()
    assert lines[0].endswith(",fps")
    assert len(lines) == 1 + 720


def test_what_can_not_be_shown_is_said_in_plain_words(visit):
    for terms, says in (
        ({"keys": "camsci1:telem_stdcam:nothing"}, "There is no record of this key"),
        ({"keys": "camsci1"}, "device:event:key"),
        ({"keys": "nobody:x:y"}, "no telemetry of nobody"),
        ({"night": "yesterday"}, "is no night"),
    ):
        one = visit()
        one.expects_refusal = True
        expect(one.night(**terms).locator("main")).to_contain_text(says)
