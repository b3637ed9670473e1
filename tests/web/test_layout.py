"""The frame of all pages: head, foot, login, the way by keyboard, and where `/` leads."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from archive.web.policy import POLICY
from tests.web.browsing import look_around


def lay(house):
    house.user("alice")
    house.user("staff", is_staff=True)
    house.things["hidden"] = house.frames(public_date=datetime(2999, 1, 1, tzinfo=UTC))


def test_the_root_is_the_search_page_for_people_and_the_list_of_addresses_for_programs(visit):
    page = visit().go("/")
    assert page.url.endswith("/search/")
    for accept in ("application/json", "*/*"):
        answer = page.request.get(page.url.replace("/search/", "/"), headers={"Accept": accept}, max_redirects=0)
        assert answer.json()["frames"].endswith("/frames/")


def test_the_policy_is_sent_and_nothing_is_written_into_the_page(visit):
    one = visit()
    response = one.page.goto(f"{one.address}/search/")
    assert response.headers["content-security-policy"] == POLICY
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=|<style", response.text())
    assert one.page.evaluate("htmx.config.allowEval") is False


def test_the_head_offers_what_the_reader_may_use(visit):
    head = visit().go("/search/").get_by_role("navigation", name="Archive")
    assert head.get_by_role("link", name="Search").get_attribute("aria-current") == "page"
    assert "Staff" not in head.inner_text()


def test_a_reader_logs_in_where_the_page_was_and_out_again(visit):
    page = visit().go("/search/?target_name=M51")
    page.get_by_role("link", name="Log in").click()
    look_around(page, "login")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")
    page.get_by_label("Password").fill("alice-pass")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?target_name=M51$"))
    expect(page.locator(".who")).to_contain_text("alice")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/frame/987654/", "There is no such frame, or you may not see it."),
        ("/frame/{hidden}/", "There is no such frame, or you may not see it."),
        ("/nothing/of/this/", "There is no such page here."),
    ],
)
def test_an_address_of_nothing_says_so_and_leads_on(visit, house, path, text):
    one, path = visit(), path.format(hidden=house.things["hidden"].pk)
    one.expects_refusal = True
    answer = one.page.goto(f"{one.address}{path}")
    assert (answer.status, answer.headers["content-security-policy"]) == (404, POLICY)
    expect(one.page.get_by_role("main")).to_contain_text(text)
    look_around(one.page, "not-found")
    told = one.page.request.get(f"{one.address}{path}", headers={"Accept": "application/json"})
    assert (told.status, told.json()) == (404, {"detail": text})
    one.page.get_by_role("link", name="Search the frames").click()
    expect(one.page).to_have_url(f"{one.address}/search/")


def test_the_keyboard_comes_past_the_head_to_the_content(visit):
    page = visit().go("/search/")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_a_built_script_is_kept_by_browsers_for_ever(visit):
    page = visit().go("/search/")
    source = page.locator("script[type=module]").get_attribute("src")
    answer = page.request.get(page.url.split("/search/")[0] + source)
    assert "immutable" in answer.headers["cache-control"]
