"""The page of a frame: what it shows, to whom, and that its header is searched with and without scripts."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from archive.enums import RelationKind
from archive.models import Proposal, Relation
from ingest import sphere
from ingest.headers.record import RelatedName
from tests.web.browsing import has_come, look_around

NEVER = datetime(2999, 1, 1, tzinfo=UTC)


def lay(house):
    proposal = Proposal.objects.create(id="PROP001")
    proposal.members.add(house.user("alice"))
    headers = {"OBJECT": "M 51", "GAIN": 1.4, "CCDTEMP": -110.0, **{f"FILL{n}": n for n in range(60)}}
    singles = [house.frames(basename=f"bias-single-{n}", configuration_type="BIAS", target_name="") for n in range(3)]
    made_from = tuple(RelatedName(each.basename, RelationKind.RAW_OF) for each in singles)
    bias = house.frames(basename="bias", configuration_type="BIAS", target_name="", related=made_from)
    hidden = house.frames(basename="secret-bias", public_date=NEVER)
    raw = house.frames(
        basename="raw",
        headers=headers,
        related=(RelatedName("bias", RelationKind.CALIBRATES), RelatedName("secret-bias", RelationKind.CALIBRATES)),
    )
    reduced = house.frames(basename="reduced", reduction_level=91, related=(RelatedName("raw", RelationKind.RAW_OF),))
    for frame in (raw, reduced):
        house.preview(frame)
    house.things |= {each.basename: each.pk for each in (bias, hidden, raw, reduced)}


def address(house, name):
    return f"/frame/{house.things[name]}/"


def test_the_page_looks_right(visit, house):
    page = visit().go(address(house, "raw"))
    expect(page.get_by_role("heading", level=1)).to_have_text("raw")
    expect(page.get_by_role("img", name="Preview of raw")).to_be_visible()
    has_come(page.get_by_role("img", name="Preview of raw"), least_px=512, most_px=512)
    look_around(page, "frame")


def test_relatives_are_named_as_far_as_one_may_see_them(visit, house):
    page = visit().go(address(house, "raw"))
    family = page.get_by_role("region", name="Where it comes from")
    family.get_by_text("The same as a list").click()
    expect(family.get_by_role("listitem").filter(has_text="calibrated by")).to_contain_text("made from bias-single-2")
    expect(family.get_by_role("listitem").filter(has_text="made into")).to_contain_text("reduced")
    expect(family.locator("svg a")).to_have_count(3 + 3)
    assert "secret-bias" not in page.content()
    family.get_by_role("link", name="reduced").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("reduced")
    page = visit("alice").go(address(house, "raw"))
    expect(page.get_by_role("region", name="Where it comes from")).to_contain_text("secret-bias")


def test_the_header_is_searched_as_one_writes(visit, house):
    page = visit().go(address(house, "raw"))
    cards = page.locator("#cards")
    expect(cards.get_by_role("row")).to_have_count(40)
    page.get_by_label("Look in the header").fill("ccdt")
    expect(cards.get_by_role("row")).to_have_count(1)
    expect(cards).to_contain_text("-110.0")
    page.get_by_label("Look in the header").fill("no such card")
    expect(cards).to_contain_text("No card holds")


def test_the_header_is_searched_without_scripts(visit, house):
    page = visit(java_script_enabled=False).go(address(house, "raw"))
    page.get_by_label("Look in the header").fill("gain")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("#cards").get_by_role("row")).to_have_count(1)
    page.goto(page.url.split("?")[0])
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#cards").get_by_role("row")).to_have_count(63)


def test_the_file_is_downloaded_whole(visit, house):
    page = visit().go(address(house, "raw"))
    with page.expect_download() as download:
        page.get_by_role("link", name="raw.fits.fz").first.click()
    assert download.value.suggested_filename == "raw.fits.fz"
    assert download.value.path().read_bytes().startswith(b"bytes ")


@pytest.mark.parametrize("ra_deg", [0.5, 202.5, 359.5])
def test_the_centre_is_told_with_right_ascension_from_0_to_360(client, frame_factory, ra_deg):
    frame = frame_factory(footprint=sphere.square((ra_deg, -30.0), side_arcsec=60.0))
    assert f"{ra_deg:.5f}°, -30.00000°" in client.get(f"/frame/{frame.pk}/").content.decode()


@pytest.fixture
def family(frame_factory):
    hidden = frame_factory(public_date=NEVER)
    frame = frame_factory()
    Relation.objects.create(source=hidden, derived=frame, kind=RelationKind.RAW_OF)
    return frame, hidden


def test_a_hidden_frame_has_no_page(client, alice, bob, admin, family):
    frame, hidden = family
    for user, status in ((None, 404), (bob, 404), (alice, 200), (admin, 200)):
        if user is not None:
            client.force_login(user)
        assert client.get(f"/frame/{hidden.pk}/").status_code == status
        assert (hidden.basename in client.get(f"/frame/{frame.pk}/").content.decode()) is (status == 200)
    assert client.get("/frame/987654/").status_code == 404
