"""The cart in a browser: from the search to a zip whose files are those of the manifest, with and without scripts."""

import hashlib
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from archive.enums import RelationKind
from archive.models import Proposal, Relation
from tests.web.browsing import look_around

FIRST = datetime(2025, 1, 3, 22, 15, tzinfo=UTC)
N_FRAMES = 60
NIGHT = "2025-02-01"


def lay(house):
    made = []
    for number in range(N_FRAMES):
        site = ("lsc", "cpt")[number % 2]
        observed = FIRST + timedelta(hours=7 * number)
        made.append(
            house.frames(
                basename=f"{site}1m0a-fa15-{observed:%Y%m%d}-{number:04d}-e00", site_id=site, observation_date=observed,
                observation_day=datetime.fromisoformat(NIGHT).date() if number < 4 else observed.date(),
                target_name=f"NGC {number % 5 + 1}", public_date=datetime(2026, 1, 1, tzinfo=UTC),
                proposal_id="PROP001", content=f"frame {number} ".encode() * 400 * (1 + number % 7),
            )
        )  # fmt: skip
        if number % 3:
            house.preview(made[-1])
    bias = house.frames(basename="bias", configuration_type="BIAS", site_id="lsc", observation_date=FIRST)
    Relation.objects.create(source=bias, derived=made[-1], kind=RelationKind.CALIBRATES)
    hidden = house.frames(basename="embargoed", public_date=datetime(2027, 3, 10, tzinfo=UTC), proposal_id="SECRET01",
                          observation_date=FIRST + timedelta(days=100), target_name="Hidden planet")  # fmt: skip
    Proposal.objects.create(id="SECRET01").members.add(house.user("alice"))
    house.things |= {"last": made[-1].pk, "hidden": hidden.pk}


def in_cart(page, n):
    expect(page.locator("#cart-count")).to_have_text(re.compile(f"^{n} frames?$") if n else "")


def verified(page, request):
    """Names in the zip of the page of a download, each with the SHA-256 that its manifest tells; the zip resumes."""
    address = page.get_by_role("link", name=".zip").get_attribute("href")
    zipped = request.get(address).body()
    cut = len(zipped) // 3
    rest = request.get(address, headers={"Range": f"bytes={cut}-"})
    assert rest.status == 206
    assert zipped[:cut] + rest.body() == zipped
    sums = request.get(page.get_by_role("link", name="SHA-256", exact=True).evaluate("each => each.href")).text()
    told = dict(line.split("  ")[::-1] for line in sums.splitlines())
    with zipfile.ZipFile(io.BytesIO(zipped)) as opened:
        found = {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}
    assert found == told
    return {name.split("/")[1] for name in found}


@pytest.mark.parametrize("scripts", [True, False])
def test_frames_are_found_put_in_and_downloaded(visit, scripts):
    page = visit(java_script_enabled=scripts).go("/search/?site_id=cpt")
    in_cart(page, 0)
    page.get_by_role("button", name=re.compile("^Cart ?, put")).first.click()
    in_cart(page, 1)
    expect(page.get_by_role("status").get_by_text("1 frame put into the cart.")).to_be_visible()
    taken = page.get_by_role("button", name=re.compile("^In cart ?, take"))
    expect(taken).to_have_count(1)
    taken.click()
    expect(taken).to_have_count(0)
    in_cart(page, 0)
    marks = page.get_by_role("checkbox", name="Mark cpt")
    for mark in marks.all()[:3]:
        mark.check()
    page.get_by_role("button", name="Put those marked into the cart").click()
    in_cart(page, 3)
    expect(taken).to_have_count(3)
    assert page.url.endswith("/search/?site_id=cpt")
    page.get_by_role("button", name="All 30 into the cart").click()
    in_cart(page, 30)
    page.get_by_role("navigation", name="Archive").get_by_role("link", name="Cart").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cart")
    page.get_by_role("button", name="Take out cpt").first.click()
    in_cart(page, 29)
    page.get_by_role("button", name="Make the download").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your download is ready")
    assert len(verified(page, page.request)) == 29
    script = page.get_by_role("link", name="Python script").evaluate("each => each.href")
    assert page.request.get(script).text().startswith("#!/usr/bin/env python3")


def test_the_cart_and_its_download_look_right(visit, house):
    page = visit("alice").go("/search/")
    page.get_by_role("button", name="into the cart").last.click()
    page.goto(f"{house.url}/cart/?ordering=-size")
    expect(page.get_by_text("Page 1 of 2")).to_be_visible()
    look_around(page, "cart")
    page.get_by_role("button", name="Make the download").click()
    expect(page.get_by_text("yours alone")).to_be_visible()
    look_around(page, "cart-download")
    page.goto(f"{house.url}/cart/")
    page.get_by_role("button", name="Empty the cart").click()
    look_around(page, "cart-sure")
    page.get_by_role("button", name="Empty it").click()
    expect(page.get_by_role("heading", name="Nothing in the cart")).to_be_visible()
    look_around(page, "cart-empty")


def test_all_of_a_page_is_marked_at_once_and_a_list_is_pasted_by_keyboard(visit, house):
    page = visit().go("/cart/")
    names = [f"{site}1m0a-fa15" for site in ("lsc", "cpt")]
    page.get_by_label("Names of frames").fill(f"{house.things['last']}\nbias.fits.fz\nembargoed\n{names[0]}")
    page.get_by_role("button", name="Put them in").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("2 of these are not known here")
    expect(page.get_by_label("Names of frames")).to_have_value(f"embargoed\n{names[0]}")
    in_cart(page, 2)
    page.get_by_label("Mark all of this page").check()
    page.get_by_role("button", name="Take out those marked").click()
    in_cart(page, 0)


def test_a_frame_comes_with_its_calibration_files_and_a_night_with_its_programme(visit, house):
    page = visit().go(f"/frame/{house.things['last']}/")
    page.get_by_role("button", name="Cart, with its calibration files").click()
    in_cart(page, 2)
    expect(page.get_by_role("button", name=re.compile("^In cart ?, take"))).to_be_visible()
    page.goto(f"{house.url}/night/{NIGHT}/")
    page.get_by_role("button", name="4 frames into the cart").click()
    in_cart(page, 6)
    assert page.url.endswith(f"/night/{NIGHT}/")


def test_a_login_brings_the_cart_along(visit, house):
    page = visit().go(f"/frame/{house.things['last']}/")
    page.get_by_role("button", name=re.compile("^Cart ?, put")).click()
    in_cart(page, 1)
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("alice-pass")
    page.get_by_role("button", name="Log in").click()
    in_cart(page, 1)
