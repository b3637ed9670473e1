"""The search page in a browser: what it finds by facets, places, time and words; by mouse, keys and without scripts."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from archive.models import Proposal
from tests.web.browsing import findings, look_around, shot

FIRST = datetime(2025, 1, 3, 22, 15, tzinfo=UTC)
M51 = (202.47, 47.195)
TARGETS = [("M 51", M51), ("NGC 253", (11.89, -25.29)), ("HD 142527", (239.17, -42.32)), ("WASP-12", (97.64, 29.67))]
SITES = [("lsc", "1m0a", "fa15"), ("cpt", "1m0b", "fa06"), ("ogg", "0m4a", "kb82")]
N_PUBLIC, N_HIDDEN = 72, 3


def square(ra_deg, dec_deg, half_deg=0.22):
    wide = half_deg / 0.7
    return [(ra_deg + x * wide, dec_deg + y * half_deg) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]


def lay(house):
    frames = house.frames
    for number in range(N_PUBLIC):
        target, (ra_deg, dec_deg) = TARGETS[number % 4]
        site, telescope, instrument = SITES[number % 3]
        observed = FIRST + timedelta(days=5 * number)
        reduced = number % 2
        frame = frames(
            basename=f"{site}{telescope}-{instrument}-{observed:%Y%m%d}-{number:04d}-e{91 if reduced else '00'}",
            observation_date=observed, observation_day=observed.date(), public_date=datetime(2026, 1, 1, tzinfo=UTC),
            proposal_id=f"PROP00{1 + number % 2}", site_id=site, telescope_id=telescope, instrument_id=instrument,
            target_name=target, primary_optical_element=["rp", "gp", "ip"][number % 3],
            reduction_level=91 if reduced else 0, exposure_time=30.0 * (1 + number % 5),
            footprint=square(ra_deg + 0.03 * (number % 7), dec_deg), headers={"AIRMASS": 1.0 + number / 100, "OBJECT": target},
        )  # fmt: skip
        if number % 6:
            house.preview(frame)
    for number in range(N_HIDDEN):
        frames(basename=f"hidden-{number}", public_date=datetime(2027, 3, 10, tzinfo=UTC), proposal_id="SECRET01",
               observation_date=datetime(2026, 2, 1 + number, 3, 0, tzinfo=UTC), observation_day=date(2026, 2, 1),
               target_name="Hidden planet", footprint=square(310.0, 10.0))  # fmt: skip
    Proposal.objects.create(id="SECRET01").members.add(house.user("alice"))


def terms_of(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def count(page):
    return int(re.search(r"[\d,]+", page.locator(".count").inner_text())[0].replace(",", ""))


def counted(page, n):
    expect(page.locator(".count b")).to_have_text(f"{n}")


def test_the_page_looks_right(visit):
    page = visit("alice").go("/search/")
    counted(page, N_PUBLIC + N_HIDDEN)
    look_around(page, "search")


def test_the_gallery_looks_right(visit):
    page = visit("alice").go("/search/?view=gallery&site_id=cpt")
    counted(page, N_PUBLIC // 3)
    page.evaluate("document.querySelectorAll('img').forEach((each) => { each.loading = 'eager'; })")
    for picture in page.locator(".figures img").all():
        expect(picture).to_have_js_property("complete", value=True)
    look_around(page, "search-gallery")


def test_the_sky_looks_right(visit):
    page = visit().go("/search/?view=sky")
    expect(page.locator("#sky figcaption")).to_contain_text(f"{N_PUBLIC} frames with a place on the sky")
    look_around(page, "search-sky")
    page = visit().go("/search/?view=sky&place=M51&radius=2&unit=deg")
    expect(page.locator("#sky figcaption")).to_contain_text("18 frames")
    page.get_by_role("button", name="Whole sky").click()
    expect(page.get_by_role("button", name="Footprints")).to_be_visible()
    page.get_by_role("button", name="Footprints").click()
    assert findings(page) == []
    shot(page, "search-footprints-wide")


def test_facets_take_several_values_and_their_counts_follow(visit):
    page = visit().go("/search/")
    counted(page, N_PUBLIC)
    facets = page.locator(".facets")
    facets.get_by_role("checkbox", name="cpt 24").check()
    counted(page, 24)
    assert terms_of(page) == {"site_id": "cpt"}
    expect(facets.get_by_role("checkbox", name="fa15")).to_have_count(0)
    facets.get_by_role("checkbox", name="lsc 24").check()  # what it would add is told beforehand
    counted(page, 48)
    assert parse_qs(urlsplit(page.url).query) == {"site_id": ["cpt", "lsc"]}
    facets.get_by_role("checkbox", name="91, reduced 24").check()
    counted(page, 24)
    expect(facets.get_by_role("checkbox", name="0, raw 24")).not_to_be_checked()
    facets.get_by_role("checkbox", name="cpt 12").uncheck()
    counted(page, 12)
    page.get_by_role("link", name="Take away Site: lsc").click()
    counted(page, 36)
    page.get_by_role("link", name="Take away Reduction level: 91").click()
    counted(page, N_PUBLIC)
    assert terms_of(page) == {}
    page.go_back()
    counted(page, 36)


def test_the_keyboard_stays_where_it_was_and_what_changed_is_told(visit):
    page = visit().go("/search/")
    page.locator(".facets").get_by_role("checkbox", name="cpt 24").focus()
    page.keyboard.press("Space")
    expect(page.locator("#told")).to_have_text("24 frames")
    chosen = page.locator(".facets").get_by_role("checkbox", name="cpt 24")
    expect(chosen).to_be_focused()
    expect(chosen).to_be_checked()
    page.keyboard.press("/")
    expect(page.get_by_label("Places")).to_be_focused()


def test_an_archive_that_does_not_answer_is_told_of(visit):
    one = visit()
    one.expects_refusal = True
    page = one.go("/search/")
    page.route(re.compile(r"/search/\?.*site_id=cpt"), lambda route: route.fulfill(status=503, body=""))
    page.locator(".facets").get_by_role("checkbox", name="cpt 24").click()
    expect(page.get_by_role("alert")).to_contain_text("Try again")
    one.complaints[:] = [each for each in one.complaints if "Response Status Error Code 503" not in each]


def test_what_is_typed_is_searched_and_the_address_keeps_it(visit):
    page = visit().go("/search/")
    page.get_by_label("Target, or").fill("wasp")
    page.get_by_label("Target, or").press("Enter")
    counted(page, 18)
    assert terms_of(page) == {"target_name": "wasp"}
    expect(page.get_by_label("Target, or")).to_be_focused()  # the page is another one, and the place in it the same
    page.reload()
    counted(page, 18)
    expect(page.get_by_label("Target, or")).to_have_value("wasp")


def test_places_are_names_of_the_archive_and_coordinates_in_any_form(visit):
    page = visit().go("/search/")
    for written, n in (
        ("m51", 18),
        ("13:29:53 +47:11:42\nNGC-253", 36),
        ("13h29m53s +47d11m42s", 18),
        ("202.47, 47.195", 18),
    ):
        page.get_by_label("Places").fill(written)
        page.get_by_role("button", name="Search").click()
        expect(page.locator(".chip").first).to_contain_text(written.splitlines()[-1])
        counted(page, n)
        assert terms_of(page)["place"].splitlines() == written.splitlines()
    page.get_by_label("Within").fill("0")
    page.get_by_role("combobox", name="Unit").select_option("arcsec")
    expect(page.locator(".chips")).to_contain_text("(0 arcsec)")
    page.get_by_label("Places").fill("Nowhere 77")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("No frame that you may see is of a target 'Nowhere 77'")
    expect(page.get_by_label("Places")).to_have_value("Nowhere 77")


def test_a_question_can_be_kept_by_whoever_is_logged_in(visit):
    page = visit("alice").go("/search/?place=M51&radius=1&unit=deg&site_id=cpt")
    n = count(page)
    page.get_by_role("link", name="Save this search").click()
    page.get_by_label("Name").fill("M 51 from the south")
    page.get_by_role("radio", name="nothing").check()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("link", name="Open M 51 from the south").click()
    counted(page, n)
    assert visit().go("/search/").get_by_role("link", name="Save this search").count() == 0


def test_a_bar_leads_to_its_month_and_days(visit):
    page = visit().go("/search/")
    page.locator(".bars a").first.focus()
    page.keyboard.press("Enter")
    counted(page, 6)
    assert terms_of(page) == {"start": "2025-01-01", "end": "2025-01-31"}
    expect(page.locator(".bars a").first).to_have_attribute("aria-label", "2025-01-03: 1 frame")


def test_columns_and_orders_of_the_table_are_chosen(visit):
    page = visit().go("/search/?instrument_id=kb82")
    page.get_by_text("Columns of the table").click()
    page.get_by_role("checkbox", name="RA, deg").click()
    expect(page.get_by_role("columnheader", name="RA, deg")).to_be_visible()
    page.get_by_role("link", name="Exposure, s").click()
    expect(page.get_by_role("columnheader", name="Exposure, s")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Exposure, s").click()
    expect(page.get_by_role("columnheader", name="Exposure, s")).to_have_attribute("aria-sort", "descending")
    assert page.locator("tbody tr").first.locator("td.number").first.inner_text() == "150"
    assert terms_of(page)["ordering"] == "-exposure_time"


def test_sliders_fill_the_fields_that_do_without_them_and_ask_for_nothing_at_their_ends(visit):
    page = visit().go("/search/")
    page.get_by_text("More terms").click()
    least = page.get_by_role("slider", name="Exposure, s: at least")
    least.focus()
    page.keyboard.press("End")  # not beyond the other end, where it asks for no less than 600 s
    expect(page.get_by_label("Exposure at least, s")).to_have_value("600")
    counted(page, 0)
    page.get_by_role("slider", name="Exposure, s: at least").press("Home")
    counted(page, N_PUBLIC)
    assert terms_of(page) == {}
    page.get_by_text("More terms").click()
    most = page.get_by_role("slider", name="Exposure, s: at most")
    box = most.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.14, box["y"] + 12, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"exposure_time_max=\d+$"))
    limit = int(terms_of(page)["exposure_time_max"])
    assert 60 <= limit < 120
    counted(page, sum(30 * (1 + number % 5) <= limit for number in range(N_PUBLIC)))
    page.get_by_text("Adaptive optics").click()
    page.get_by_label("Median seeing of the night at most, arcsec").fill("1.2")
    page.get_by_role("button", name="Search").click()
    counted(page, 0)  # none of these frames is of an observation
    expect(page.get_by_role("slider", name="Median seeing of the night, arcsec: at most")).to_have_value("1.2")
    assert findings(page) == []
    shot(page, "search-ranges-wide")


def test_pages_follow_each_other(visit):
    page = visit().go("/search/")
    first = page.locator("tbody a").first.inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pages")).to_contain_text(f"51 to {N_PUBLIC}")
    assert page.locator("tbody tr").count() == N_PUBLIC - 50
    page.get_by_role("link", name="Before").click()
    expect(page.locator("tbody a").first).to_have_text(first)


def test_the_same_question_is_told_for_programs(visit):
    sites = "site_id=lsc&site_id=cpt&site_id=ogg&configuration_type=EXPOSE"
    page = visit().go(f"/search/?place=M51&radius=1&unit=deg&end=2025-06-30&reduction_level=0&{sites}")
    n = count(page)
    assert 0 < n < 18
    page.get_by_text("This question for programs").click()
    link = page.locator(".programs a").first.get_attribute("href")
    assert page.request.get(link, headers={"Accept": "application/json"}).json()["count"] == n
    assert link in page.locator(".programs pre").nth(1).inner_text()
    python = page.locator(".programs pre").nth(2).inner_text()
    names = []
    exec(python, {"print": lambda name, _: names.append(name)})
    assert len(names) == n


def test_without_scripts_the_form_and_all_links_do_the_same(visit):
    one = visit(java_script_enabled=False)
    page = one.go("/search/")
    page.get_by_label("Target, or").fill("NGC 253")
    page.get_by_role("button", name="Search").click()
    counted(page, 18)
    assert terms_of(page) == {"target_name": "NGC 253"}  # what was left empty does not stand in the address
    page.locator(".facets").get_by_role("checkbox", name="lsc 6").check()
    page.locator(".facets").get_by_role("checkbox", name="ogg 6").check()
    page.get_by_role("button", name="Show these").last.click()
    counted(page, 12)
    assert parse_qs(urlsplit(page.url).query) == {"target_name": ["NGC 253"], "site_id": ["lsc", "ogg"]}
    page.get_by_role("link", name="Take away Site: ogg").click()
    counted(page, 6)
    page.get_by_role("link", name="Pictures").click()
    assert page.locator(".figures figure").count() == 6
    page.get_by_role("link", name="Sky").click()
    one.expects_refusal = True  # the browser's own page of JSON asks for an icon
    page.get_by_role("link", name="its numbers").click()
    assert '"count": 6' in page.content()


def test_the_map_answers_to_the_mouse_and_the_keyboard(visit):
    page = visit().go("/search/?view=sky")
    caption = page.locator("#sky figcaption")
    expect(caption).to_contain_text("72 frames")
    drawn = page.evaluate(
        """() => { const c = document.querySelector('#sky canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 0; i < d.length; i += 4) n += d[i] > 200 && d[i + 2] < 220; return n; }"""
    )
    assert drawn > 50  # cells of many frames are of a warm light, and nothing else is
    page.locator("#sky canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(caption).to_contain_text("near here")
    page.keyboard.press("Enter")
    expect(page.locator(".chips")).to_contain_text("Near: 1")
    assert terms_of(page)["unit"] == "deg"


def test_what_is_not_public_is_shown_to_its_members_alone_with_its_date(visit):
    page = visit("alice").go("/search/?place=hidden+planet&radius=1&unit=deg")
    counted(page, N_HIDDEN)
    expect(page.locator(".badge.embargo").first).to_have_text("public from 2027-03-10")
    stranger = visit()
    stranger.expects_refusal = True
    page = stranger.go("/search/?place=hidden+planet&radius=1&unit=deg")
    expect(page.get_by_role("alert")).to_contain_text("No frame that you may see")


def test_what_can_not_be_read_is_said_in_plain_words(visit):
    for terms, says in (
        ("exposure_time=long", "Enter a number"),
        ("place=12:70:00+10:00:00", "is no right ascension"),
        ("place=M51&radius=wide", "is no radius"),
        ("header=%25", "can not be read. Write KEY"),
        ("start=yesterday", "Enter a valid date/time"),
    ):
        one = visit()
        one.expects_refusal = True
        expect(one.go(f"/search/?{terms}").get_by_role("alert").first).to_contain_text(says)
