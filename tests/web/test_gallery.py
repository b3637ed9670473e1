"""The gallery in a browser: pictures, one of them with its files and frames, and staff who takes one away."""

from datetime import date

from django.utils import timezone
from playwright.sync_api import expect

from archive.domain import colour_pictures
from ingest.simulation.frames import files_of
from ingest.simulation.night import PUBLIC_NIGHT, plan
from ingest.simulation.observatory import M51
from ingest.simulation.pointing import wcs_of
from pipeline.reductions.colour import make_colour_picture
from tests.colours import area_of, cluster, three_frames
from tests.web.browsing import has_come, look_around

SHAPE = (420, 560)


def lay(house):
    house.user("staff", is_staff=True)
    the_galaxy(house)
    for number, name in enumerate(("NGC 104", "Barnard 33")):
        what = {"field": cluster(number, shape=SHAPE), "shape": SHAPE, "middle": (20.0 * number, 30.0)}
        three_frames(house.frames, target_name=name, instrument_id=f"fa0{number}", **what)
    for name in ("M 51", "NGC 104", "Barnard 33"):
        for picture_id in colour_pictures.choose(name, at=timezone.now()):
            assert make_colour_picture(picture_id=picture_id, at=timezone.now())


def the_galaxy(house):
    """M 51 as the sample frames of `make run` have it."""
    for exposure in plan(date(2026, 11, 1)):
        if exposure.target != M51 or exposure.night != PUBLIC_NIGHT:
            continue
        wcs = wcs_of(exposure.station.camera, M51)
        house.frames(
            basename=exposure.reduced_name,
            content=files_of(exposure, seed=1)[exposure.filenames[1]],
            extension=exposure.reduced_extension,
            observation_date=exposure.started_at,
            primary_optical_element=exposure.filter,
            exposure_time=exposure.exposure_s,
            reduction_level=91,
            site_id="ogg",
            instrument_id="kb27",
            footprint=area_of(wcs, exposure.station.camera.shape),
        )


def test_pictures_are_found_by_any_spelling_and_lead_to_one(visit):
    page = visit().go("/gallery/")
    expect(page.get_by_role("list", name="Pictures").get_by_role("listitem")).to_have_count(3)
    look_around(page, "gallery")
    page.get_by_label("Name of the target").fill("m51")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("list", name="Pictures").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("link", name="M 51", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("M 51")
    picture = page.get_by_role("img", name="Colour picture of M 51 from three filters (Sloan i as red")
    has_come(picture, least_px=101)
    expect(page.get_by_text("Shown in blue: blue light, through the filter Sloan g")).to_contain_text("open for 180 s")
    look_around(page, "gallery-picture")
    with page.expect_download() as saved:
        page.get_by_role("link", name="JPEG").click()
    assert saved.value.suggested_filename.endswith("picture.jpg")
    page.get_by_role("region", name="The three frames").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ogg0m404")


def test_staff_takes_a_picture_away_and_brings_it_back(visit):
    page = visit("staff").go("/gallery/?q=barnard")
    page.get_by_role("link", name="Barnard 33", exact=True).click()
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_text("taken away by staff")).to_be_visible()
    others = visit().go("/gallery/?q=Barnard33")
    expect(others.get_by_role("heading", name="No picture of “Barnard33”")).to_be_visible()
    page.goto(page.url.split("/gallery/")[0] + "/gallery/?hidden=1")
    page.get_by_role("link", name="Barnard 33", exact=True).click()
    page.get_by_role("button", name="Show it again").click()
    others.reload()
    expect(others.get_by_role("link", name="Barnard 33", exact=True)).to_be_visible()
