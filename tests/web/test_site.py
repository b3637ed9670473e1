"""Pages of sites: what each shows now; to whom, tests/archive/test_site_pages.py says."""

from datetime import UTC, datetime

from django.utils import timezone
from playwright.sync_api import expect

from archive.domain.sites import configure
from archive.domain.upload_log import record_upload
from archive.models import NightNote, Site
from tests.web.browsing import look_around

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
CONFIGURATION = {
    "name": "Cerro Tololo", "latitude_deg": -30.1674, "longitude_deg": -70.8047, "elevation_m": 2198.0,
    "timezone": "America/Santiago",
}  # fmt: skip


def lay(house):
    now = timezone.now()
    configure("lsc", CONFIGURATION, by="admin", at=now)
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


def test_the_sites_look_right_and_lead_to_one(visit):
    page = visit().go("/site/")
    look_around(page, "sites")
    page.get_by_role("link", name="Cerro Tololo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cerro Tololo")


def test_a_site_shows_its_pictures_times_notes_and_uploads(visit):
    page = visit().go("/site/lsc/")
    expect(page.get_by_role("region", name="Latest").get_by_role("listitem")).to_have_count(6)
    expect(page.get_by_role("region", name="UTC")).to_contain_text("Sunset")
    expect(page.get_by_role("region", name="Night log")).to_contain_text("Dome opened late.")
    expect(page.get_by_role("region", name="Recent uploads").get_by_role("listitem")).to_have_count(6)
    assert "secret-frame" not in page.content()
    look_around(page, "site")
