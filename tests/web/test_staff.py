"""The pages of staff in a browser: each at two widths, light and dark; each main action by hand, without scripts too."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from playwright.sync_api import expect

from archive.domain import psf_library, storage_use
from archive.enums import ProductKind, ProductState, ReceivedState
from archive.models import (
    Event,
    ExpiryRule,
    Product,
    ProductAttempt,
    Proposal,
    QuarantinedFile,
    ReceivedObject,
    StoredObject,
)
from tests.web.browsing import look_around

INSTRUMENTS = [("lsc", "fa16", 45), ("cpt", "fa06", 80), ("ogg", "kb82", 210), ("kpno", "VIC", 3600)]
FILTERS = ["Si", "lp600", "Sz"]
LONG = "4_HD142527_VIC_{filter}_o_20161107_0{hour}0405.678901"


def lay(house):
    now = timezone.now()
    house.user("sam", is_staff=True)
    house.user("root", is_staff=True, is_superuser=True, email="root@example.org")
    alice = house.user("alice", email="alice@example.org")
    programme = Proposal.objects.create(id="PROP2026A-001", title="Rings of young stars")
    programme.members.add(alice)
    Proposal.objects.create(id="PROP2026A-002", title="Transits of hot Jupiters")
    for number in range(12):
        site, instrument, late_s = INSTRUMENTS[number % 4]
        observed = now - timedelta(hours=3 * number + 1)
        frame = house.frames(
            basename=f"{site}1m0a-{instrument}-20261127-{number:04d}-e00", site_id=site, instrument_id=instrument,
            observation_date=observed, observation_day=observed.date(), exposure_time=60.0, proposal_id=programme.pk,
            public_date=now + timedelta(days=300), target_name="HD 142527",
        )  # fmt: skip
        frame.versions.update(created=observed + timedelta(seconds=60 + late_s))
        stored = StoredObject.objects.filter(version__frame=frame)
        stored.update(size_bytes=16_900_000 + 100_000 * number, storage_class="" if number % 3 else "STANDARD_IA")
    StoredObject.objects.filter(version__frame=frame).update(
        fault="SHA-256 of its bytes is another one than when it came.", verified_at=None
    )
    _wait(now)
    _reduce(house, now)
    ExpiryRule.objects.create(
        name="focus frames", kind="frame", instrument_id="kb82", after=timedelta(days=1), counted_from="observation",
        last_raw_copy=True,
    )  # fmt: skip
    storage_use.count(at=now)


def _wait(now):
    for number in range(3):
        Event.objects.create(name="frame.updated", body={}, created_at=now - timedelta(seconds=10 * number))
    given_up = [("data/tst/tst-ef01-20261127-00000007-EX00.fits.fz", "The store was away, ten times."),
                ("data/tst/notes.docx", "Its name tells no site, instrument, day and number.")]  # fmt: skip
    for path, reason in given_up:
        ReceivedObject.objects.create(
            store="s3", path=path, version_id="3HL4kqtJlcpXrof3", state=ReceivedState.FAILED, attempts=10, reason=reason,
            heard_at=now - timedelta(hours=2), settled_at=now,
        )  # fmt: skip
    for number in range(2):
        QuarantinedFile.objects.create(
            filename=f"4_HD142527_VIC_{'Qi' if number else 'Si'}_o_20161107_030405.67890{number}.fits.bz2",
            sha256=f"{number}" * 64, size_bytes=48_000_000, times_seen=number + 1, first_seen_at=now - timedelta(days=2),
            last_seen_at=now - timedelta(hours=number),
            reason="The name tells the filter Qi, and the camera has none of that name: rename it, and send it again.",
        )  # fmt: skip


def _reduce(house, now):
    public = {"public_date": datetime(2020, 1, 1, tzinfo=UTC)}
    for number, name in enumerate(FILTERS):
        observation = house.ao.observation(
            name=LONG.format(filter=name, hour=number + 1), primary_optical_element=name, camera="VIC", **public
        )
        house.ao.candidate(observation)
        product = house.ao.product(observation, kind=ProductKind.BRIGHT_STREHL)
        if number == 0:
            psf_library.add(observation=observation, by="sam", reason="single, bright", at=now)
            continue
        error = "No star stands out of the sky in the stack: the brightest pixel is 2.1 sigma."
        Product.objects.filter(pk=product.pk).update(
            state=ProductState.FAILED, error=error, attempts=3, started_at=now, finished_at=now
        )
        for lease in range(1, 4):
            ProductAttempt.objects.get_or_create(
                product=product, lease=lease,
                defaults={"worker": "reductions-1 4711", "started_at": now, "finished_at": now, "error": error},
            )  # fmt: skip
        house.things["failed"] = product.pk


def test_pages_look_right_to_staff(visit):
    page = visit("sam").go("/staff/")
    expect(page.locator("#health dl")).to_be_visible()
    look_around(page, "staff")
    for path, name in (
        ("ingest/?state=failed", "staff-ingest"),
        ("quarantine/", "staff-quarantine"),
        ("pipeline/", "staff-pipeline"),
        ("storage/", "staff-storage"),
        ("psf-library/", "staff-psf-library"),
    ):
        page.goto(f"{page.url.split('/staff/')[0]}/staff/{path}")
        look_around(page, name)


def test_pages_look_right_to_superusers(visit, house):
    page = visit("root").go("/staff/")
    for path, name in (
        ("expiry/?days=30", "staff-expiry"),
        (f"pipeline/{house.things['failed']}/", "staff-job"),
        ("releases/", "staff-releases-empty"),
    ):
        page.goto(f"{house.url}/staff/{path}")
        look_around(page, name)


def test_numbers_ask_for_themselves_anew_and_rest_while_nobody_looks(visit):
    page = visit("sam").go("/staff/")
    asked = []
    page.on("request", lambda request: asked.append(request.headers.get("hx-request")))
    with page.expect_response(lambda answer: answer.url.endswith("/staff/")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert "true" in asked
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    asked.clear()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked == []


def test_a_file_in_quarantine_is_waved_off_by_keyboard(visit):
    page = visit("sam").go("/staff/quarantine/")
    page.get_by_role("button", name="Wave off 4_HD142527_VIC_Qi").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    look_around(page, "staff-sure")
    page.get_by_role("button", name="Wave it off").press("Enter")
    expect(page.get_by_role("status")).to_have_text("The file is waved off.")
    expect(page.get_by_text("VIC_Qi")).to_have_count(0)


def test_a_product_is_forced_and_the_pipeline_paused_without_scripts(visit):
    page = visit("sam", java_script_enabled=False).go("/staff/pipeline/")
    page.get_by_label("Why make 4_HD142527_VIC_lp600").fill("new flats")
    page.get_by_role("button", name="Force bright strehl of 4_HD142527_VIC_lp600").or_(
        page.get_by_role("button", name="VIC_lp600")
    ).first.click()
    expect(page.get_by_role("status")).to_contain_text("is made again when a worker is free")
    page.get_by_role("link", name="pending").click()
    page.get_by_label("Why not make 4_HD142527_VIC_lp600").fill("the old flats will do")
    page.get_by_role("button", name="Cancel bright-strehl of 4_HD142527_VIC_lp600").click()
    page.get_by_role("button", name="Cancel the product").click()
    expect(page.get_by_role("status")).to_contain_text("is cancelled.")
    page.get_by_role("link", name="skipped").click()
    page.get_by_role("link", name="4_HD142527_VIC_lp600").click()
    expect(page.get_by_role("region", name="Cancellations")).to_contain_text("the old flats will do")
    page.goto(page.url.partition("/staff/")[0] + "/staff/pipeline/")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("The pipeline is paused.")
    page.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_role("status")).to_have_text("The pipeline goes on.")


def test_an_object_is_tried_again_and_a_star_is_put_in(visit, house):
    page = visit("sam").go("/staff/ingest/?state=failed")
    page.get_by_role("button", name="notes.docx").click()
    expect(page.get_by_role("status")).to_contain_text("is tried again")
    page.goto(f"{house.url}/staff/psf-library/?standing=out")
    page.get_by_label("Why, for 4_HD142527_VIC_Sz").fill("single")
    page.get_by_role("button", name="Put in 4_HD142527_VIC_Sz").click()
    expect(page.get_by_role("status")).to_contain_text("is in the library")
    page.goto(f"{house.url}/staff/storage/")
    page.get_by_role("button", name="Count now").click()
    expect(page.get_by_role("status")).to_contain_text("objects were counted")


def test_a_public_date_is_changed(visit):
    page = visit("root").go("/staff/releases/")
    page.get_by_label("Frame or programme", exact=True).fill("lsc1m0a-fa16-20261127-0000-e00")
    page.get_by_label("Public from").fill("2026-11-30")
    page.get_by_label("Why").fill("Press release of 30 November")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("and all that follows it shall become public")).to_be_visible()
    page.get_by_role("button", name="Change the date").click()
    expect(page.get_by_role("status")).to_have_text("The public date of 1 frame was changed.")
    expect(page.get_by_role("cell", name="Press release of 30 November")).to_be_visible()
    look_around(page, "staff-releases")


def test_users_are_told_that_the_pages_are_not_theirs(visit):
    one = visit("alice")
    one.expects_refusal = True
    page = one.go("/staff/")
    expect(page.get_by_role("heading")).to_have_text("This page is not open to you")
    expect(page.get_by_role("navigation").get_by_text("Staff")).to_have_count(0)
