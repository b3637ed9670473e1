"""The viewer of pixels on the page of a frame: values, places, stretch, blink, measurements; by pointer and by keyboard."""

import io
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image
from playwright.sync_api import expect

from archive.enums import RelationKind
from ingest.headers.record import RelatedName
from tests.web.browsing import NARROW, look_around, part_shot

WIDTH, HEIGHT = 1500, 1200  # more than an overview has, so that tiles are asked for
STAR = (700, 620)  # pixels from 0
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
FWHM_PX, PEAK, SKY = 4.0, 5000.0, 200.0
CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 202.4696, "CRVAL2": 47.1953, "CRPIX1": 750.5, "CRPIX2": 600.5,
    "CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-4, "BUNIT": "adu",
}  # fmt: skip


def image(shift_px=0.0, seed=1) -> np.ndarray:
    """Noise, stars, and one star whose width and place are known."""
    chance = np.random.default_rng(seed)
    pixels = chance.normal(SKY, 5, (HEIGHT, WIDTH)).astype("f4")
    sigma = FWHM_PX / (2 * np.sqrt(2 * np.log(2)))
    stars = np.random.default_rng(7).uniform([60, 60], [WIDTH - 60, HEIGHT - 60], (250, 2))
    peaks = np.random.default_rng(8).pareto(1.1, 250) * 60 + 60
    for (x, y), peak in [*zip(stars, peaks, strict=True), (STAR, PEAK)]:
        if peak != PEAK and np.hypot(x - STAR[0], y - STAR[1]) < 40:
            continue
        rows, columns = np.mgrid[int(y) - 15 : int(y) + 16, int(x) - 15 : int(x) + 16]
        far = (columns - x - shift_px) ** 2 + (rows - y) ** 2
        pixels[int(y) - 15 : int(y) + 16, int(x) - 15 : int(x) + 16] += peak * np.exp(-far / (2 * sigma**2))
    pixels[:, :3] = np.nan
    return pixels


def content(pixels, **cards) -> bytes:
    stream = io.BytesIO()
    fits.PrimaryHDU(pixels, header=fits.Header({**CARDS, **cards})).writeto(stream)
    return stream.getvalue()


def lay(house):
    make = house.frames
    raw = make(basename="raw", extension=".fits", content=content(image()))
    # The same sky, 20 pixels further to the right.
    moved = make(
        basename="moved", extension=".fits", content=content(image(20.0, seed=2), CRPIX1=770.5),
        related=(RelatedName("raw", RelationKind.RAW_OF),),
    )  # fmt: skip
    text = make(basename="notes", extension=".txt")
    for frame in (raw, moved):
        house.preview(frame)
    house.things |= {"raw": raw.pk, "moved": moved.pk, "notes": text.pk}


def opened(page):
    expect(page.locator(".viewer[data-state=whole]")).to_be_visible(timeout=30_000)


def reads(page, name):
    return page.locator(f"[data-read={name}]")


def number(text):
    return float(text.split()[0].replace(MINUS, "-"))


def test_the_viewer_is_opened_by_its_button_and_looks_right(visit, house):
    page = visit().go(f"/frame/{house.things['raw']}/")
    page.get_by_role("button", name="View the pixels").click()
    opened(page)
    expect(page.locator("canvas")).to_be_focused()
    assert "#pixels=" in page.url
    look_around(page, "frame-viewer")
    page.goto(f"{page.url.split('#')[0]}?#pixels={STAR[0]},{STAR[1]},5&colours=tide")
    opened(page)
    page.get_by_role("button", name="Star").click()
    page.locator("canvas").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-star]")).to_be_visible()
    part_shot(page.locator(".viewer"), "frame-viewer-star")


def test_values_and_places_are_those_of_the_file_and_follow_the_keyboard(visit, house):
    x, y = STAR
    page = visit().go(f"/frame/{house.things['raw']}/#pixels={x},{y},4&stretch=linear&limits=0,6000")
    opened(page)
    page.locator("canvas").focus()
    truth, wcs = image(), WCS(fits.Header(CARDS))

    def told():
        at = int(reads(page, "pixel").inner_text().split(",")[0])
        expect(reads(page, "value")).to_have_text(re.compile(r"adu$"))
        assert number(reads(page, "value").inner_text()) == pytest.approx(float(truth[y, at]), rel=1e-5)
        expect(reads(page, "fits")).to_have_text(f"{at + 1}, {y + 1}")
        ra_deg, dec_deg = wcs.all_pix2world(at, y, 0)
        # A fiftieth of a pixel of 0.36 arcsec, and the last digit shown.
        given = [float(each) for each in reads(page, "degrees").inner_text().split()]
        assert given == pytest.approx([float(ra_deg), float(dec_deg)], abs=0.0072 / 3600 / 0.67 + 1e-6)
        return at

    assert told() == x
    page.keyboard.press("Shift+ArrowRight")
    expect(reads(page, "pixel")).to_have_text(f"{x + 1}, {y}")
    assert told() == x + 1
    expect(reads(page, "sky")).to_have_text(re.compile(r"^13:29:5\d\.\d{3} \+47:11:\d\d\.\d\d$"))
    # All of it, then larger again: what is seen stays in the address.
    page.keyboard.press("0")
    expect(page.get_by_role("region", name="Measurements")).to_contain_text(f"Of means of 2 {TIMES} 2 pixels, adu")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile(r"pixels=749\.5,599\.5,"))


def test_statistics_are_those_of_the_pixels_that_are_seen(visit, house):
    page = visit().go(f"/frame/{house.things['raw']}/#pixels=0,0,8")
    opened(page)
    box = page.locator("canvas").bounding_box()
    seen = image()[: round(box["height"] / 16) + 1, : round(box["width"] / 16) + 1].astype("f8")

    def said(name):
        return number(page.locator(f"[data-statistic={name}]").inner_text())

    # Which rows and columns at the edge count as seen is the client's to say: within one of each.
    assert said("n") == pytest.approx(np.isfinite(seen).sum(), rel=2.5 / min(seen.shape))
    assert said("mean") == pytest.approx(np.nanmean(seen), abs=5 / np.sqrt(seen.size) * 3)
    assert said("median") == pytest.approx(np.nanmedian(seen), abs=1.5)
    assert said("std") == pytest.approx(np.nanstd(seen), rel=0.2)


def test_the_stretch_changes_the_picture_and_the_address(visit, house):
    x, y = STAR
    page = visit().go(f"/frame/{house.things['raw']}/#pixels={x},{y},4&stretch=linear&limits=0,6000")
    opened(page)

    def grey():
        with Image.open(io.BytesIO(page.locator("canvas").screenshot())) as picture:
            return picture.convert("RGB").getpixel((picture.width // 2 + 40, picture.height // 2))[0]

    dark = grey()
    # Ten pixels beside the star: the sky of 200 on a scale of 6000.
    assert abs(dark - 255 * SKY / 6000) <= 2
    page.get_by_label("Stretch").select_option("log")
    expect(page).to_have_url(re.compile("stretch=log"))
    assert abs(grey() - 255 * np.log1p(1000 * SKY / 6000) / np.log1p(1000)) <= 3
    page.get_by_label("Colours").select_option("inverted")
    page.get_by_label("Limits").select_option("zscale")
    expect(page).to_have_url(re.compile("limits=zscale&colours=inverted"))
    page.get_by_label("White").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Limits")).to_have_value("hand")
    expect(page).to_have_url(re.compile(r"limits=[\d.,-]+&"))


def test_a_star_has_its_width_and_a_line_its_values(visit, house):
    x, y = STAR
    page = visit().go(f"/frame/{house.things['raw']}/#pixels={x},{y},4")
    opened(page)
    page.get_by_role("button", name="Star").click()
    page.locator("canvas").focus()
    page.keyboard.press("Enter")
    star = page.locator("[data-star]")
    # The noise of 5 on a peak of 5000: the width of a fit of 700 pixels is known to 0.1 per cent.
    assert float(star.get_attribute("data-star")) == pytest.approx(FWHM_PX, rel=0.005)
    expect(star).to_contain_text("″")
    page.get_by_role("button", name="Line profile").click()
    canvas = page.locator("canvas")
    box = canvas.bounding_box()
    for dx in (-80, 80):
        canvas.click(position={"x": box["width"] / 2 + dx, "y": box["height"] / 2})
    expect(page.locator(".viewer-result")).to_contain_text(f"From ({x - 20}, {y}) to ({x + 20}, {y})")
    assert page.get_by_role("img", name="Values along the line").is_visible()


def test_frames_blink_at_the_same_place_of_the_sky(visit, house):
    x, y = STAR
    page = visit().go(f"/frame/{house.things['raw']}/#pixels={x},{y},4")
    opened(page)
    page.get_by_label("moved").check()
    expect(page.get_by_role("button", name="Play")).to_be_enabled()
    page.get_by_label("Aligned by").select_option("sky")
    expect(page).to_have_url(re.compile(f"blink={house.things['moved']}&align=sky"))
    page.get_by_label("Every").select_option("250")
    page.get_by_role("button", name="Play").click()
    expect(reads(page, "frame")).to_have_text("moved")
    expect(reads(page, "frame")).to_have_text("raw")
    page.get_by_role("button", name="Pause").click()
    if reads(page, "frame").inner_text() != "moved":
        page.get_by_role("button", name="Next").click()
    page.mouse.move(0, 0)
    expect(reads(page, "frame")).to_have_text("moved")
    expect(reads(page, "pixel")).to_have_text(f"{x + 20}, {y}")
    page.get_by_label("Aligned by").select_option("pixel")
    expect(reads(page, "pixel")).to_have_text(f"{x}, {y}")


def test_a_frame_that_is_not_there_says_so_and_the_viewer_goes_on(visit, house):
    going = visit()
    going.expects_refusal = True
    page = going.go(f"/frame/{house.things['raw']}/#pixels=all")
    opened(page)
    page.get_by_label("Another frame's id").fill("987654")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".viewer-says")).to_have_text("Frame 987654: No such frame.")
    expect(page.get_by_role("button", name="Play")).to_be_disabled()


def test_fingers_and_wheel_move_and_zoom(visit, house):
    page = visit(viewport=NARROW, has_touch=True).go(f"/frame/{house.things['raw']}/#pixels={STAR[0]},{STAR[1]},2")
    opened(page)
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    expect(page).to_have_url(re.compile(r"pixels=[\d.]+,[\d.]+,3\.64"))  # 2 exp(0.6)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 30, steps=3)
    page.mouse.up()
    expect(page).not_to_have_url(re.compile(rf"pixels={STAR[0]}"))


def test_without_scripts_the_preview_and_the_downloads_remain(visit, house):
    page = visit(java_script_enabled=False).go(f"/frame/{house.things['raw']}/")
    expect(page.get_by_role("img", name="Preview of raw")).to_be_visible()
    expect(page.get_by_role("button", name="View the pixels")).to_be_hidden()
    page = visit().go(f"/frame/{house.things['notes']}/")
    assert page.get_by_role("button", name="View the pixels").count() == 0
