"""Pages that stand open: new frames are told of above a list, and the reductions of a night are followed."""

import re
from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from archive.domain.products import record_outcome
from archive.enums import EventName, ProductKind, ProductState
from archive.models import Event, Product, Proposal
from tests.flows.stream_server import deliver, stream_server
from tests.web.browsing import Visit, hold_time, look_around, shot
from tests.web.house import port_of_test

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
NIGHT = date(2025, 3, 9)
ASKED_WITHIN_MS = 5_000 + 15_000
# Says on the page itself what its stream has told, and how many answers htmx has put into it: tests wait for that by a
# clock that stands.
TELLS = """
const told = () => document.documentElement.dataset;
document.addEventListener("htmx:afterSwap", () => { told().swapped = 1 + Number(told().swapped ?? 0); });
window.EventSource = class extends EventSource {
  constructor(address) {
    super(address);
    super.addEventListener("open", () => { told().stream = "open"; });
  }
  addEventListener(name, hear) {
    super.addEventListener(name, (event) => { hear(event); told().heard = 1 + Number(told().heard ?? 0); });
  }
};
"""


def lay(house):
    Proposal.objects.create(id="SECRET01").members.add(house.user("alice"))
    for number in range(60):
        house.frames(target_name="M 51" if number % 2 else "NGC 253")
    observation = house.ao.observation(night=NIGHT, observed_at=datetime(2025, 3, 10, 2, 0, tzinfo=UTC))
    house.ao.product(observation, kind=ProductKind.FAINT, state=ProductState.FAILED)
    for kind in (ProductKind.BRIGHT, ProductKind.BRIGHT_STREHL):
        house.ao.product(observation, kind=kind, state=ProductState.RUNNING, lease_until=NEVER)


@pytest.fixture(scope="module")
def origin(house):
    """Pages and stream have one origin, as behind nginx."""
    with port_of_test() as port, stream_server(port, FILESYSTEM_STORAGE_BASE_URL=f"http://127.0.0.1:{port}/") as host:
        yield f"http://{host}"


@pytest.fixture
def follow(origin, browser, house):
    """A visit to pages that have a stream: `follow("alice")`."""
    made = []

    def begin(who="", **how):
        one = Visit(browser, origin, house.sessions[who] if who else "", **how)
        one.page.add_init_script(TELLS)
        made.append(one)
        return one

    yield begin
    for each in made:
        each.end()


@pytest.fixture
def come(house, meanwhile):
    """Frames come, and the relay tells of them: `come({"site_id": "cpt"}, {…})`."""

    def work(*frames):
        made = [house.frames(observation_date=timezone.now(), **each) for each in frames]
        deliver()
        return [frame.basename for frame in made]

    return lambda *frames: meanwhile(work, *frames)


def listens(page):
    expect(page.locator("html")).to_have_attribute("data-stream", "open")


def heard(page, n):
    expect(page.locator("html")).to_have_attribute("data-heard", f"{n}")


def bar(page):
    return page.locator("#arrivals")


def tells(page, text):
    """The bar says so within the time that a page lets pass between two questions, and that of an answer."""
    expect(bar(page)).to_have_text(text, timeout=ASKED_WITHIN_MS)


def questions(coming):
    return sum("/search/new/" in address for address in coming.asked)


def test_new_frames_are_told_of_and_shown_when_one_asks(follow, come):
    page = follow().go("/search/?target_name=M+51")
    listens(page)
    title, n = page.title(), int(page.locator(".count b").inner_text())
    top = page.locator(".frames").bounding_box()
    first = page.locator("tbody tr").first.inner_text()
    [name, _] = come({"target_name": "M 51"}, {"target_name": "NGC 253"})
    tells(page, "1 new frame: show")
    expect(bar(page)).to_have_attribute("role", "status")
    come({"target_name": "M 51"}, {"target_name": "M 51"})
    tells(page, "3 new frames: show")
    assert page.locator("tbody tr").first.inner_text() == first  # what one reads stays where it is
    assert page.locator(".frames").bounding_box() == top
    assert page.title() == title
    page.evaluate("window.isSamePage = true")
    bar(page).get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".count b")).to_have_text(f"{n + 3}")
    expect(page.get_by_role("table")).to_contain_text(name)
    expect(bar(page)).to_have_text("")
    expect(page.locator("#found")).to_be_focused()
    assert page.evaluate("window.isSamePage")
    assert page.url.endswith("/search/?target_name=M+51")
    come({"target_name": "M 51"})
    tells(page, "1 new frame: show")
    look_around(page, "search-new")


def test_the_bar_leads_from_any_page_to_the_first_one_of_its_list(follow, come):
    page = follow().go("/search/?site_id=lsc&page=2&view=gallery")
    listens(page)
    come({"site_id": "lsc"})
    tells(page, "1 new frame: show")
    link = bar(page).get_by_role("link")
    assert link.get_attribute("href") == "?site_id=lsc&view=gallery"


def test_what_one_may_not_see_does_not_raise_the_number(follow, come):
    member, stranger = follow("alice").go("/search/"), follow().go("/search/")
    for page in (member, stranger):
        listens(page)
    come({"public_date": NEVER, "proposal_id": "SECRET01"}, {})
    tells(member, "2 new frames: show")
    tells(stranger, "1 new frame: show")


def test_however_many_come_they_are_one_question(follow, come):
    coming = follow()
    hold_time(coming)
    page = coming.go("/search/?site_id=ogg")
    listens(page)
    with page.expect_response(re.compile("/search/new/")):
        page.clock.run_for(100)  # what came between the page and its stream
    come(*[{"site_id": "ogg"}] * 12, {"site_id": "cpt"})
    heard(page, 12)
    assert questions(coming) == 1
    with page.expect_response(re.compile("/search/new/")):
        page.clock.run_for(5_100)
    tells(page, "12 new frames: show")
    page.clock.run_for(60_000)
    assert questions(coming) == 2


def test_a_page_whose_events_are_forgotten_says_so(visit, come, meanwhile):
    coming = visit()
    hold_time(coming)
    coming.expects_refusal = True
    page = coming.go("/search/?site_id=lsc")
    after = int(bar(page).get_attribute("data-after"))
    come({"site_id": "lsc"}, {"site_id": "lsc"})
    meanwhile(lambda: Event.objects.filter(position=after + 1).delete())
    with page.expect_response(re.compile("/search/new/")):
        page.clock.run_for(15_100)
    expect(bar(page)).to_have_text("New frames may have come: show")
    page.clock.run_for(60_000)
    assert questions(coming) == 1


def test_without_scripts_no_room_is_kept_for_the_bar(visit):
    page = visit(java_script_enabled=False).go("/search/")
    expect(bar(page)).to_be_hidden()


def end(kind, state, name):
    """What the pipeline does when a product ends."""
    product = Product.objects.get(kind=kind, night=NIGHT)
    product.state, product.lease_until = state, None
    product.save()
    record_outcome(name, product, at=timezone.now())
    deliver()


def test_the_reductions_of_a_night_are_followed_until_all_have_ended(follow, meanwhile):
    coming = follow()
    hold_time(coming)
    page = coming.go(f"/night/{NIGHT}/")
    progress = page.locator("#progress")
    expect(progress).to_contain_text("Reductions: 1 of 3, 2 being made, 1 failed")
    expect(progress).to_contain_text("bright of 4.1_351_Yrsa")
    listens(page)
    settle(page, 1)
    shot(page, "night-progress-wide")
    failed = progress.get_by_role("link", name="1 failed")
    failed.focus()
    meanwhile(end, ProductKind.BRIGHT, ProductState.DONE, EventName.PRODUCT_DONE)
    heard(page, 1)
    settle(page, 2)
    expect(progress).to_contain_text("Reductions: 2 of 3, 1 being made, 1 failed")
    expect(failed).to_be_focused()
    meanwhile(end, ProductKind.BRIGHT_STREHL, ProductState.DONE, EventName.PRODUCT_DONE)
    heard(page, 2)
    settle(page, 3)
    expect(progress).to_contain_text("Reductions: 3 of 3, 1 failed")
    n_asked = len(coming.asked)
    page.clock.run_for(120_000)
    assert len(coming.asked) == n_asked


def settle(page, n):
    """The page asks for its part, and takes the answer in, the `n`th; until then htmx leaves out the next question."""
    page.clock.run_for(1_000)
    expect(page.locator("html")).to_have_attribute("data-swapped", f"{n}")
    page.clock.run_for(1_000)
