"""Pages of sites: what each shows now; to whom, tests/archive/test_site_pages.py says."""

import io
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from archive.domain import info_images
from archive.domain.sites import configure
from archive.domain.upload_log import record_upload
from archive.models import NightNote, ReceivedObject, Site
from ingest.arrivals import take_in_object
from ingest.checksums import digest_of
from ingest.intake import make_inspector
from ingest.stores.base import Upload
from tests.flows.stream_server import deliver, stream_server
from tests.photonranch_night import ptr_night
from tests.web.browsing import Visit, look_around, shot
from tests.web.house import port_of_test, stars

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
CONFIGURATION = {
    "name": "Cerro Tololo", "latitude_deg": -30.1674, "longitude_deg": -70.8047, "elevation_m": 2198.0,
    "timezone": "America/Santiago",
}  # fmt: skip
SIERRA = {
    "name": "Sierra Remote", "latitude_deg": 37.07, "longitude_deg": -119.413, "elevation_m": 1405.0,
    "timezone": "America/Los_Angeles",
}  # fmt: skip


def lay(house):
    now = timezone.now()
    house.user("sam", is_staff=True)
    configure("lsc", CONFIGURATION, by="admin", at=now)
    configure("sro", SIERRA, by="admin", at=now)
    for number in range(6):
        frame = house.frames(target_name="M 51", observation_date=datetime(2025, 3, 10, 1, number, tzinfo=UTC))
        house.preview(frame)
        record_upload(filename=f"{frame.basename}.fits.fz", size_bytes=4_000_000, at=now, site_id="lsc", frame=frame)
    secret = house.frames(basename="secret-frame", public_date=NEVER)
    record_upload(filename="secret-frame.fits.fz", size_bytes=1, at=now, site_id="lsc", frame=secret)
    site, _ = Site.objects.get_or_create(id="lsc")
    NightNote.objects.create(
        site=site, text="Dome opened late.", audience="all", written_by="operator", written_at=now, expires_at=NEVER
    )
    [info] = ptr_night(site="sro", n=1, directory="info-images", first=900, large_px=96, picture_px=400)
    info_images.announce(site="sro", channel=2, base=info.base, at=now)
    [sky] = ptr_night(site="sro", n=1, directory="allsky", first=800, large_px=16, picture_px=500)
    with make_inspector() as inspector:
        for family in (info, sky, *ptr_night(site="sro", n=5, large_px=16, picture_px=300)):
            bring(house, family, inspector)
    house.things["info"] = info
    ReceivedObject.objects.create(
        store="local", path="data/sro-kb001ms-2026-bad.jpg", state="refused", reason="The name has not five parts.",
        size_bytes=12, heard_at=now, settled_at=now,
    )  # fmt: skip


def bring(house, family, inspector):
    """Put a family's files into the store as a site does, and take them in."""
    for path, content in family.files.items():
        local = house.root / "sent"
        local.write_bytes(_jpeg(family) if path.endswith(".jpg") else content)
        version_id = house.store.put(local, Upload(path, digest_of(local), "application/octet-stream")).version_id
        at = timezone.now()
        taken = take_in_object(path=path, version_id=version_id, store=house.store, inspector=inspector, now=at)
        record_upload(
            filename=path, size_bytes=len(content), at=at, site_id="sro", frame=taken.frame, exposure=taken.exposure
        )


def _jpeg(family):
    stream = io.BytesIO()
    stars(int(family.base[-3:])).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def analysed(page):
    """Until a child process has looked at an image: on a busy machine that takes as long as the archive lets it."""
    return page.expect_response(lambda answer: "analysis=" in answer.url, timeout=1000 * settings.IMAGE_SECONDS)


def test_the_sites_look_right_and_lead_to_one(visit):
    page = visit().go("/site/")
    look_around(page, "sites")
    page.get_by_role("link", name="Cerro Tololo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cerro Tololo")


def test_a_site_shows_its_pictures_times_notes_and_uploads(visit):
    page = visit().go("/site/lsc/")
    expect(page.get_by_role("region", name="Latest").get_by_role("listitem")).to_have_count(6)
    expect(page.get_by_role("region", name="Night 2")).to_contain_text("Sunset")
    expect(page.get_by_role("region", name="Night log")).to_contain_text("Dome opened late.")
    assert "operator" not in page.content()
    expect(page.locator("#log tbody tr")).to_have_count(6)
    assert "secret-frame" not in page.content()
    expect(page.locator("#live")).to_have_text("asks every 15 s")  # this web process has no stream beside it


def test_info_images_the_sky_and_the_log_of_a_site_of_photon_ranch(visit, house):
    page = visit().go("/site/sro/?date=2026-11-20")
    now = page.get_by_role("region", name="Now")
    expect(now.get_by_role("listitem")).to_have_count(4)
    expect(now.get_by_role("listitem").nth(0)).to_contain_text("nothing now")
    look_around(page, "site")
    page.get_by_role("link", name="11-21 →").click()
    expect(page.get_by_role("heading", name="Night 2026-11-21")).to_be_visible()
    page.get_by_label("Part of a file's name").fill("00000003")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#log tbody tr")).to_have_count(5)
    assert "date=2026-11-21" in page.url
    page.get_by_role("link", name="header, analysis of channel 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(house.things["info"].base)
    page.wait_for_load_state()  # what is typed before the scripts run is looked for by the button only
    page.get_by_label("Look in the header").fill("FILL0149")
    expect(page.get_by_role("region", name="Header cards").get_by_role("row")).to_have_count(1)
    with analysed(page):
        page.get_by_role("link", name="Pixels of the FITS file").click()
    expect(page.get_by_role("img", name="Histogram")).to_be_visible()
    page.get_by_role("spinbutton", name="Row").fill("7")
    with analysed(page):
        page.get_by_role("button", name="Cut there").click()
    expect(page.get_by_role("img", name="Row 7")).to_be_visible()
    assert "row=7" in page.url
    look_around(page, "site-picture")


def test_staff_sees_what_was_refused_and_why(visit):
    page = visit("sam").go("/site/sro/")
    page.get_by_role("link", name="Refused").click()
    expect(page.locator("#log tbody tr")).to_have_count(1)
    expect(page.locator("#log")).to_contain_text("The name has not five parts.")


def test_new_pictures_come_by_themselves_and_are_marked(browser, house, meanwhile, inspector):
    [new] = ptr_night(site="sro", n=1, first=77, large_px=16, picture_px=300)
    # Pages and stream have one origin, as behind nginx.
    with (
        port_of_test() as port,
        stream_server(port, FILESYSTEM_STORAGE_BASE_URL=f"http://127.0.0.1:{port}/") as host,
    ):
        visit = Visit(browser, f"http://{host}")
        page = visit.go("/site/sro/")
        expect(page.locator("#live")).to_have_text("live")
        meanwhile(bring, house, new, inspector)
        meanwhile(deliver)
        marked = page.locator("#pictures li.is-new")
        expect(marked).to_have_count(1)
        expect(marked).to_contain_text(new.base)
        expect(page.get_by_role("status").filter(has_text="new picture")).to_be_attached()
        shot(page, "site-live")
        visit.end()
