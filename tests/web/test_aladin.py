"""The sky in Aladin Lite: asked for by a button alone, with nothing from outside, and told of where a browser can not."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from archive.models import Frame, sky
from tests.web.browsing import ALONE, CHROMIUM, Visit, findings, look_around

N_FEW, N_MANY = 60, 2_050
# Debian's Chromium draws WebGL without a graphics card.
WITH_WEBGL = [each for each in ALONE if each != "--disable-gpu"]
WITH_WEBGL += ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
COUNTS = "() => document.querySelector('.globe').globe.view.overlays.map((each) => each.overlayItems.length)"


def square(ra_deg, dec_deg, half_deg=0.3):
    return [(ra_deg + x * half_deg, dec_deg + y * half_deg) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]


FIELD = square(200.0, -20.0, 2.0)


def lay(house):
    for number in range(N_FEW):
        house.frames(basename=f"few-{number}", site_id="lsc", observation_date=datetime(2025, 1, 3, tzinfo=UTC),
                     public_date=datetime(2025, 1, 3, tzinfo=UTC),
                     footprint=square(40.0 + 0.5 * (number % 10), 10.0 + 0.5 * (number // 10)))  # fmt: skip
    at = datetime(2025, 1, 4, tzinfo=UTC)
    Frame.objects.bulk_create(
        Frame(basename=f"many-{number}", site_id="cpt", observation_date=at, observation_day=at.date(), public_date=at,
              is_listed=True, area=sky.polygon_of(FIELD), centre=sky.centre_of(FIELD))
        for number in range(N_MANY)
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawing(browser):
    """The same browser as others', with WebGL."""
    running = browser.browser_type.launch(executable_path=CHROMIUM, args=WITH_WEBGL)
    yield running
    running.close()


@pytest.fixture
def come(drawing, house):
    made = []

    def begin(**how):
        made.append(Visit(drawing, house.url, **how))
        return made[-1]

    yield begin
    for each in made:
        each.end()


def largest(page, one):
    """Bytes of the largest script that was asked for."""
    return max(len(page.request.get(url).body()) for url in one.asked if url.endswith(".js"))


def is_drawn(page):
    expect(page.locator("#aladin")).not_to_have_attribute("aria-busy", "true", timeout=20_000)


def test_footprints_of_few_are_drawn_once_somebody_asks_for_it(come):
    one = come()
    page = one.go("/search/?view=sky&site_id=lsc")
    expect(page.locator("#sky figcaption")).to_contain_text(f"{N_FEW} frames")
    assert largest(page, one) < 100_000
    page.get_by_role("link", name="Open in Aladin Lite").click()
    is_drawn(page)
    expect(page.locator("#aladin figcaption")).to_contain_text(f"{N_FEW} footprints")
    assert page.evaluate(COUNTS) == [N_FEW]
    assert largest(page, one) > 1_000_000
    look_around(page, "search-aladin")
    page.get_by_role("checkbox", name="lsc").uncheck()  # another page of the same view
    expect(page.locator(".count b")).to_have_text(f"{N_FEW + N_MANY:,}")
    is_drawn(page)
    assert page.evaluate("document.querySelector('.globe').globe.view.mocs.length") == 1
    expect(page.locator("#aladin figcaption")).to_contain_text("the part of the sky that they cover")
    page.get_by_role("link", name="Table").click()
    expect(page.locator("table")).to_be_visible()


def test_where_there_is_no_webgl_the_page_says_so_and_offers_the_map_of_numbers(visit):
    one = visit()
    one.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page = one.go("/search/?view=aladin&site_id=lsc")
    expect(page.locator("#aladin figcaption")).to_contain_text("no WebGL 2")
    assert largest(page, one) < 100_000
    assert findings(page) == []
    without = page.locator("#aladin .globe")
    expect(without).to_be_hidden()
    assert "view=sky" in page.get_by_role("link", name="Map of numbers").get_attribute("href")


def test_only_the_page_that_asks_for_it_lets_compiled_code_run(visit):
    visited = visit()
    page = visited.go("/search/")
    for view, is_let in (("table", False), ("sky", False), ("aladin", True)):
        policy = page.request.get(f"{visited.address}/search/?view={view}").headers["content-security-policy"]
        assert ("wasm-unsafe-eval" in policy, "worker-src" in policy) == (is_let, is_let)
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert "http" not in policy
