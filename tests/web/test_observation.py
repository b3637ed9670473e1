"""The page of an observation: what each pipeline made of it, to whom, and having it made again."""

import io
import re
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from playwright.sync_api import expect

from archive.enums import ProductKind, ProductState
from archive.models import Companion, ContrastCurve, Product, Proposal, PsfLibraryVersion, PsfMember
from archive.web.observation.curve import drawing_of
from tests.web.browsing import has_come, look_around

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
SIDE_PX = 360


@lru_cache
def star(width_px: float, residual: bool = False) -> bytes:
    """A picture of a star with a companion: its light falls off with the distance, in colours of heat."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - SIDE_PX / 2
    light = np.exp(-(np.hypot(x, y) / width_px)) * (0.1 if residual else 1.0)
    light = light + 0.5 * np.exp(-(((x - 70) ** 2 + (y + 50) ** 2) / 60.0))
    light = np.clip(light + np.random.default_rng(1).normal(0.05, 0.02, light.shape), 0, 1)
    content = io.BytesIO()
    pixels = np.stack([light**0.6, light**1.6, 0.4 * light**0.5 + 0.1], axis=-1)
    Image.fromarray((255 * np.clip(pixels, 0, 1)).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


def complete(ao, observation):
    """All that the pipeline for bright stars makes, and a faint one that failed."""
    headers = {"OBJECT": observation.target_name, "NFRAMES": 860, **{f"RAW{n:05d}": f"raw file {n}" for n in range(60)}}
    stack = ao.product(observation, kind=ProductKind.BRIGHT, inputs=made_from(ao))
    ao.file(stack, "stack", headers=headers, basename=f"{observation.name}_100p")
    ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL), warnings=["companion"], strehl_legacy=0.15)
    preview = ao.product(observation, kind=ProductKind.BRIGHT_PREVIEW, values={"texts": {"cropped": "A star, near."}})
    ao.file(preview, "cropped", content=star(20.0))
    ao.file(preview, "full", content=star(8.0))
    subtracted = ao.product(
        observation, kind=ProductKind.BRIGHT_PCA, parameters={"library_version": "0" * 64}, inputs=made_from(ao)
    )
    ao.file(subtracted, "picture", content=star(12.0, residual=True))
    separations = [round(0.2 + 0.05 * n, 3) for n in range(26)]
    limits = [2.9 + 4.4 * (1 - np.exp(-(each - 0.2) / 0.55)) for each in separations]
    ao.contrast(
        subtracted,
        separations_arcsec=separations,
        delta_mags=[*limits[:10], None, *limits[11:]],
        throughputs=[0.9] * len(separations),
        thresholds=[5.5] * len(separations),
        delta_mag_1p0=6.4,
    )
    ao.companion(subtracted)
    ao.product(observation, kind=ProductKind.FAINT, state=ProductState.FAILED)
    ao.product(observation, kind=ProductKind.BRIGHT_PSF, state=ProductState.RUNNING)


def made_from(ao):
    return [
        {"name": "dark_1.fits", "role": "dark", "sha256": "1" * 64},
        {"name": "flat_Si.fits", "role": "flat", "sha256": "2" * 64},
        *({"name": f"psf_{n:016d}.fits", "role": "reference", "sha256": f"{n:064d}"} for n in range(40)),
    ]


def lay(house):
    Proposal.objects.create(id="PROP001").members.add(house.user("alice"))
    house.user("operator", is_staff=True)
    PsfLibraryVersion.objects.create(
        sha256="0" * 64,
        telescope_id="kpno-2.1m",
        camera="VIC",
        primary_optical_element="Si",
        members=[],
        created_at=NEVER,
    )
    ao = house.ao
    seen = ao.observation(
        alternative_names=["1919 XB"],
        comment="Clouds at the end.",
        seeing_median_arcsec=1.2,
        seeing_mean_arcsec=1.25,
        seeing_nearest_arcsec=1.1,
        seeing_nearest_at=datetime(2016, 9, 25, 2, 3, tzinfo=UTC),
    )
    for number in range(2):
        ao.raw_file(seen, file_number=number)
    complete(ao, seen)
    image = seen.products.get(kind=ProductKind.BRIGHT).files.get()
    PsfMember.objects.create(observation=seen, version=image.version, sha256="3" * 64, added_at=NEVER, added_by="x")
    hidden = ao.observation(public_date=NEVER, target_name="Hidden")
    house.things |= {"name": seen.name, "hidden": hidden.name}


def test_the_pipeline_of_bright_stars_looks_right(visit, house):
    page = visit().go(f"/observation/{house.things['name']}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("351_Yrsa")
    near = page.get_by_role("img", name="A star, near.")
    has_come(near, least_px=SIDE_PX, most_px=SIDE_PX)
    strehl = page.get_by_role("region", name="Strehl ratio")
    expect(strehl).to_contain_text("18.0 ± 1.0 %")
    expect(strehl).to_contain_text("another star lies in the aperture")
    expect(page.get_by_role("region", name="Companions")).to_contain_text("0.900 ± 0.002")
    expect(page.get_by_role("region", name="Limits of contrast").get_by_role("row")).to_have_count(27)
    expect(page.locator(".curve polyline")).to_have_count(2)  # the limit that is not known parts them
    making = page.get_by_role("region", name="What is made").first
    expect(making).to_contain_text("being made")
    expect(making.get_by_role("button")).to_have_count(0)
    look_around(page, "observation")


def test_a_magnifier_follows_pointer_and_arrows_and_pictures_grow(visit, house):
    page = visit().go(f"/observation/{house.things['name']}/?show=bright")
    lens = page.locator(".lens")
    expect(lens).to_be_hidden()
    picture = page.locator("a[data-lens]")
    picture.hover()
    expect(lens).to_be_visible()
    page.mouse.move(0, 0)
    expect(lens).to_be_hidden()
    picture.focus()
    page.keyboard.press("ArrowRight")
    before = lens.bounding_box()
    page.keyboard.press("ArrowRight")
    assert lens.bounding_box()["x"] > before["x"]
    width = lens.locator("img").bounding_box()["width"]
    page.keyboard.press("+")
    assert lens.locator("img").bounding_box()["width"] == pytest.approx(width * 5 / 4)
    page.keyboard.press("Escape")
    expect(lens).to_be_hidden()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="A star, near.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_other_tabs_look_right(visit, house):
    page = visit().go(f"/observation/{house.things['name']}/")
    tabs = page.get_by_role("navigation", name="Of this observation")
    tabs.get_by_role("link", name="Faint star").click()
    expect(page.get_by_role("heading", name="No pictures")).to_be_visible()
    expect(page.get_by_role("region", name="What is made").first).to_contain_text("no star was found in the image.")
    look_around(page, "observation-faint")
    tabs.get_by_role("link", name="Header").click()
    expect(page.locator("#cards").get_by_role("row")).to_have_count(40)
    page.wait_for_load_state()
    page.get_by_label("Look in the header").fill("nframes")
    expect(page.locator("#cards").get_by_role("row")).to_have_count(1)
    look_around(page, "observation-header")
    tabs.get_by_role("link", name="Files and provenance").click()
    page.get_by_text("Made from 2 files and 40 images of other stars").first.click()
    expect(page.get_by_text("flat_Si.fits").first).to_be_visible()
    look_around(page, "observation-files")
    with page.expect_download() as download:
        page.get_by_role("link", name="All products as one zip").click()
    assert download.value.path().read_bytes().startswith(b"PK")


def test_nights_lead_to_the_page(visit, house):
    page = visit().go("/night/2016-09-25/?tab=problems")
    page.get_by_role("link", name=house.things["name"]).click()
    expect(page).to_have_url(re.compile("/observation/"))


def test_staff_has_a_product_made_again_once(visit, house):
    page = visit("operator").go(f"/observation/{house.things['name']}/?show=faint")
    row = page.get_by_role("row").filter(has_text="Stack of frames")
    row.get_by_text("Do again").click()
    row.get_by_label("Why").fill("a better flat")
    row.get_by_role("button", name="Make faint").click()
    expect(page.locator(".message[role=status]")).to_contain_text("is made again when a worker is free")
    expect(page.get_by_role("row").filter(has_text="Stack of frames")).to_contain_text("asked for anew")
    look_around(page, "observation-staff")


def test_header_and_tabs_work_without_scripts(visit, house):
    page = visit(java_script_enabled=False).go(f"/observation/{house.things['name']}/?show=header")
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#cards").get_by_role("row")).to_have_count(62)
    page.get_by_label("Of which file").select_option("First raw file")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("#cards").get_by_role("row")).to_have_count(2)


@pytest.mark.parametrize("show", ["", "bright", "faint", "header", "files", "nonsense"])
def test_a_hidden_observation_looks_like_none(client, alice, bob, admin, ao, show):
    hidden = ao.observation(public_date=None)
    for user, status in ((None, 404), (bob, 404), (alice, 200), (admin, 200)):
        if user is not None:
            client.force_login(user)
        answer, none = (client.get(f"/observation/{name}/?show={show}") for name in (hidden.name, "none"))
        assert answer.status_code == status
        assert none.status_code == 404
        assert (hidden.name in told(answer)) is (status == 200)
        assert (told(answer) == told(none)) is (status == 404)


def told(answer):
    """The page but for the form's token, a new one each time, and the address that a login leads back to."""
    return re.sub(r'(name="csrfmiddlewaretoken" value="|[?]next=)[^"]+', r"\1", answer.content.decode())


def test_frames_of_an_observation_obey_their_own_rule(client, ao):
    """A public observation, whose stack and raw file are frames that are not public."""
    observation = ao.observation()
    ao.raw_file(observation, public_date=NEVER, headers={"SECRET": "word"})
    ao.file(ao.product(observation), "stack", public_date=NEVER, headers={"SECRET": "word"}, basename="unseen")
    for show in ("bright", "header", "files"):
        shown = client.get(f"/observation/{observation.name}/?show={show}").content.decode()
        assert "SECRET" not in shown
        assert "unseen" not in shown
        assert "/frame/" not in shown


def test_staff_alone_may_ask_for_a_product(client, alice, bob, ao):
    observation = ao.observation()
    address, form = f"/observation/{observation.name}/", {"kind": "faint", "reason": "why not"}
    assert client.post(address, form).url.startswith("/api-auth/login/")
    client.force_login(bob)
    assert client.post(address, form).status_code == 403
    assert not Product.objects.exists()
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    for wrong in ({"kind": "faint"}, {"kind": "dark", "reason": "x"}, {}):
        assert "Nothing was changed" in client.post(address, wrong, follow=True).content.decode()
        assert not Product.objects.exists()
    assert "is made again" in client.post(address, form, follow=True).content.decode()
    made = Product.objects.get()
    assert (made.forced_by, made.forced_reason, made.state) == ("bob", "why not", "pending")
    Product.objects.update(state=ProductState.QUEUED, fingerprint="a" * 64)
    assert "is being made already" in client.post(address, form, follow=True).content.decode()
    hidden = ao.observation(public_date=None)
    assert client.post(f"/observation/{hidden.name}/", form).status_code == 404


@pytest.mark.parametrize("show", ["bright", "faint", "header", "files"])
def test_the_page_costs_as_many_statements_whatever_it_shows(client, ao, show):
    observation = ao.observation()
    complete(ao, observation)
    counts = []
    for turn in range(2):
        for number in range(3):
            ao.raw_file(observation, file_number=10 * turn + number)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/observation/{observation.name}/?show={show}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 16


def test_a_curve_is_drawn_to_scale():
    """0.5 arcsec of 1.5 is a third of the width, 2 magnitudes of 8 a quarter of the height."""
    curve = ContrastCurve(separations_arcsec=[0.5, 1.0, 1.5], delta_mags=[2.0, None, 8.0])
    spot = Companion(number=1, separation_arcsec=0.75, delta_mag=4.0)
    drawn = drawing_of(curve, [spot])
    width, height = drawn.right - drawn.left, drawn.bottom - drawn.top
    places = [tuple(map(float, points.split(","))) for line in drawn.lines for points in line.split()]
    assert len(drawn.lines) == 2
    assert places == [
        pytest.approx((drawn.left + width / 3, drawn.top + height / 4), abs=0.06),
        pytest.approx((drawn.right, drawn.bottom), abs=0.06),
    ]
    assert (drawn.spots[0].x, drawn.spots[0].y) == pytest.approx(
        (drawn.left + width / 2, drawn.top + height / 2), abs=0.06
    )
    assert [tick.label for tick in drawn.x_ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2", "1.4"]


def test_a_curve_without_a_single_limit_has_no_line():
    assert drawing_of(ContrastCurve(separations_arcsec=[0.5], delta_mags=[None]), []).lines == []


@pytest.mark.parametrize("view", ["table", "gallery"])
def test_the_search_leads_from_frames_to_their_observation(client, alice, ao, view):
    """A raw file and a product; not from the public raw file of an observation that is hidden, but for its members."""
    seen, hidden = ao.observation(), ao.observation(public_date=None)
    ao.raw_file(seen)
    ao.file(ao.product(seen), "stack")
    ao.raw_file(hidden, public_date=datetime(2017, 1, 1, tzinfo=UTC))
    links = [f'href="/observation/{each.name}/"' for each in (seen, hidden)]
    shown = client.get(f"/search/?view={view}", follow=True).content.decode()
    assert [shown.count(link) for link in links] == [2, 0]
    client.force_login(alice)
    shown = client.get(f"/search/?view={view}", follow=True).content.decode()
    assert [shown.count(link) for link in links] == [2, 1]
