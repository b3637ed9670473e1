"""The page of saved searches: keep, pause, go on, end; by people alone."""

from playwright.sync_api import expect

from tests.web.browsing import look_around


def lay(house):
    user = house.user("alice")
    user.email = "alice@example.org"
    user.save()
    house.user("bob")


def test_a_search_is_kept_paused_and_ended(visit):
    page = visit("alice").go("/searches/?query=target_name%3DM51")
    expect(page.get_by_role("heading", name="No saved searches yet")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("M 51 at night")
    expect(page.get_by_label("Terms")).to_have_value("target_name=M51")
    page.keyboard.press("Enter")
    card = page.get_by_role("listitem").filter(has_text="M 51 at night")
    expect(card).to_contain_text("e-mail to alice@example.org")
    look_around(page, "searches")
    card.get_by_role("button", name="Pause").click()
    expect(card.get_by_text("paused", exact=True)).to_be_visible()
    card.get_by_role("button", name="Go on").click()
    expect(card.get_by_text("paused", exact=True)).to_be_hidden()
    expect(card.get_by_role("link", name="Open")).to_have_attribute("href", "/search/?target_name=M51")
    card.get_by_role("button", name="End").click()
    expect(page.get_by_role("heading", name="No saved searches yet")).to_be_visible()


def test_what_can_not_be_kept_is_told_and_what_was_written_stays(visit):
    one = visit("alice")
    one.expects_refusal = True
    page = one.go("/searches/")
    page.get_by_label("Name", exact=True).fill("soon")
    page.get_by_label("Terms").fill("start=soon")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("alert")).to_contain_text("start")
    expect(page.get_by_label("Name", exact=True)).to_have_value("soon")


def test_nobody_keeps_searches_without_a_login(visit):
    page = visit().go("/searches/")
    assert "/login/" in page.url
