"""A browser that comes to the archive's pages, and what each visit must leave behind: nothing asked elsewhere, no complaint."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Locator, Page, ViewportSize, sync_playwright

from deploy.local.client import MODULES

CHROMIUM = "/usr/bin/chromium"
ALONE = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[str, ViewportSize, Scheme], ...] = (
    ("wide", WIDE, "light"),
    ("dark", WIDE, "dark"),
    ("narrow", NARROW, "light"),
    ("narrow-dark", NARROW, "dark"),
)
HELD_AT = datetime(2025, 3, 10, 1, 0, tzinfo=UTC)
KEPT = {"wide", "narrow-dark"}  # looks that the documents show
TALLEST_PX = 1400
SERIOUS = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, which reaches nothing but this machine. While it runs, Django takes no questions in this thread."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ALONE)
        yield running
        running.close()


class Visit:
    """A page, all that it asked for, and all that it complained of."""

    def __init__(self, browser: Browser, address: str, session: str = "", **how: Any) -> None:
        self._context = browser.new_context(**{"viewport": WIDE, **how})
        if session:
            self._context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        self.address, self.page = address, self._context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        # The browser tells of a status above 399 as of an error, sooner or later: of the page's or of its questions'.
        self.expects_refusal = False
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, said: ConsoleMessage) -> None:
        is_status = "Failed to load resource" in said.text and said.location["url"].startswith(f"{self.address}/")
        if said.type in {"error", "warning"} and not (self.expects_refusal and is_status):
            self.complaints.append(f"{said.text} {said.location['url']}")

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.address}{path}")
        return self.page

    def end(self) -> None:
        self._context.close()
        outside = [url for url in self.asked if not url.startswith((self.address, "data:", "blob:"))]
        assert not outside, f"asked elsewhere: {outside}"
        assert not self.complaints, f"complained: {self.complaints}"


def hold_time(visit: Visit) -> None:
    """Let the page's clock stand until the test moves it: one that is only installed goes on by itself."""
    visit.page.clock.install(time=HELD_AT)
    visit.page.clock.pause_at(HELD_AT + timedelta(seconds=1))


def has_come(picture: Locator, *, least_px: int, most_px: int | None = None) -> None:
    """Wait until all of a picture's bytes are there, and it is so wide."""
    is_so = "([each, least, most]) => each.complete && each.naturalWidth >= least && each.naturalWidth <= most"
    bounds = [picture.element_handle(), least_px, most_px or 1 << 20]
    picture.page.wait_for_function(is_so, arg=bounds)


def findings(page: Page) -> list[str]:
    """What axe finds serious or critical, each with its place in the page."""
    # As a text of the debugger's: the policy of our pages would refuse it as a script of the page.
    page.evaluate((MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


def shot(page: Page, name: str) -> None:
    """A picture for the documents, where SCREENSHOTS=docs/screenshots asks for it."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.mouse.move(0, 0)
        width, height = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = FloatRect(x=0, y=0, width=width, height=min(height, TALLEST_PX))
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, clip=clip)


def part_shot(part: Locator, name: str) -> None:
    """The same of one part of a page."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        part.screenshot(path=Path(folder) / f"{name}.png")


def look_around(page: Page, name: str) -> None:
    """The page that stands there at two widths, light and dark: it fits, axe finds nothing. Two looks are kept."""
    for look, viewport, scheme in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (
            f"{name} is wider than {look}"
        )
        found = findings(page)
        assert not found, f"{name}, {look}: {found}"
        if look in KEPT:
            shot(page, f"{name}-{look}")
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
