"""Colour pictures as rows: which are made, who sees them, and what is left when they go."""

import io
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.core.management import CommandError, call_command
from PIL import Image

from archive.domain import access, colour_frames, colour_pictures, removal
from archive.domain.expiry import expire, set_own_expiry
from archive.domain.releases import Change, change_frame
from archive.enums import ColourState, ExpiringKind
from archive.models import ColourPicture, Frame, StoredObject, Version
from pipeline import tasks
from pipeline.reductions.colour import make_colour_picture
from tests.colours import EXPOSURES_S, FIELD, SIGMA_PX, places_of, three_frames

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
FILES = ("picture.jpg", "small.jpg", "planes.fits.fz")

pytestmark = pytest.mark.django_db(transaction=True)


def made(now, *, target="M 51"):
    """The one picture of a target, as the workers make it."""
    (picture_id,) = colour_pictures.choose(target, at=now)
    assert make_colour_picture(picture_id=picture_id, at=now)
    return ColourPicture.objects.get(pk=picture_id)


def bytes_of(stored):
    return b"".join(access.stream_of(stored))


def addresses(picture):
    return [f"/gallery/{picture.pk}/", *(f"/gallery/{picture.pk}/{name}" for name in FILES)]


def is_shown(client, picture):
    """Whether all of it is there for this reader, or none."""
    statuses = {client.get(address).status_code for address in addresses(picture)}
    in_list = f'href="/gallery/{picture.pk}/"' in client.get("/gallery/").content.decode()
    assert statuses in ({200}, {404})
    listed = [row["id"] for row in client.get("/colour-pictures/").json()["results"]]
    assert in_list is (statuses == {200}) is (picture.pk in listed)
    return in_list


def test_a_picture_has_the_colours_of_its_stars_where_they_are(frame_factory, now):
    three_frames(frame_factory)
    picture = made(now)
    assert [version.frame.primary_optical_element for version in picture.versions] == ["ip", "rp", "gp"]
    shown = np.asarray(Image.open(io.BytesIO(bytes_of(picture.picture))).convert("RGB"))[::-1]
    assert shown.shape == (picture.height_px, picture.width_px, 3)
    with fits.open(io.BytesIO(bytes_of(picture.cube))) as cube:
        wcs = WCS(cube["GREEN"].header)
        planes = {name: np.array(cube[name].data) for name in ("RED", "GREEN", "BLUE")}
    for at_x, at_y, rates in zip(*wcs.all_world2pix(*places_of(FIELD), 0), FIELD.rates, strict=True):
        pixel = shown[round(at_y), round(at_x)].astype(float)
        if np.ptp(rates):
            assert np.argsort(pixel).tolist() == np.argsort(rates).tolist()
        rows, columns = np.indices(shown.shape[:2])
        near = np.hypot(columns - at_x, rows - at_y) <= 5 * SIGMA_PX
        for plane, rate in zip(planes.values(), rates, strict=True):
            # The noise of one pixel is at most 5 counts in 45 s; the sky's own error is that of the same in all pixels.
            assert plane[near].sum() == pytest.approx(rate, abs=5 * (5 / 45) * np.sqrt(near.sum()) + 0.01 * rate)
    assert max(Image.open(io.BytesIO(bytes_of(picture.thumbnail))).size) <= 640


def test_all_of_a_picture_is_there_as_long_as_all_three_frames_are_public(client, admin, alice, frame_factory, now):
    frames = three_frames(frame_factory)
    picture = made(now)
    assert is_shown(client, picture)
    for frame in frames:
        change = Change(after=NEVER, by="admin", reason="a mistake", at=now)
        change_frame(frame_id=frame.pk, change=change)
        for user in (None, alice, admin):  # members and superusers see the frames, and still no picture of them
            client.logout()
            if user is not None:
                client.force_login(user)
            assert not is_shown(client, picture)
        client.logout()
        change_frame(frame_id=frame.pk, change=Change(after=now - timedelta(days=1), by="admin", reason="back", at=now))
        assert is_shown(client, picture)


def test_pages_of_its_frames_lead_to_it_while_it_is_shown(client, admin, frame_factory, now):
    first, *others = three_frames(frame_factory)
    picture = made(now)
    three_frames(frame_factory, middle=(10.0, 20.0), target_name="NGC 104")
    made(now, target="NGC 104")

    def led_to():
        pages = [client.get(f"/frame/{frame.pk}/").content.decode() for frame in others]
        return [set(re.findall(r'href="(/gallery/[0-9]+/)"', page)) for page in pages]

    assert led_to() == [{f"/gallery/{picture.pk}/"}] * 2
    colour_pictures.hide(picture.pk, by="staff", at=now)
    assert led_to() == [set()] * 2
    colour_pictures.show_again(picture.pk)
    assert led_to() == [{f"/gallery/{picture.pk}/"}] * 2
    change_frame(frame_id=first.pk, change=Change(after=NEVER, by="admin", reason="a mistake", at=now))
    client.force_login(admin)  # who sees all three frames
    assert led_to() == [set()] * 2


@pytest.mark.parametrize("public_date", [None, NEVER])
def test_no_picture_is_made_of_frames_that_are_not_public(frame_factory, now, public_date):
    frame, *_others = three_frames(frame_factory)
    Frame.objects.filter(pk=frame.pk).update(public_date=public_date)
    assert colour_pictures.choose("M 51", at=now) == []


def test_a_frame_that_is_withdrawn_while_its_picture_waits_gets_none(frame_factory, now):
    frame, *_others = three_frames(frame_factory)
    (picture_id,) = colour_pictures.choose("M 51", at=now)
    Frame.objects.filter(pk=frame.pk).update(public_date=NEVER)
    assert not make_colour_picture(picture_id=picture_id, at=now)
    assert colour_pictures.waiting(at=now, most=10) == []


@pytest.mark.parametrize("way", ["by hand", "expiry"])
def test_nothing_of_a_picture_is_left_when_one_of_its_frames_goes(client, frame_factory, store, now, way):
    frames = three_frames(frame_factory)
    picture = made(now)
    paths = [stored.path for stored in picture.held]
    assert len(paths) == 3
    if way == "by hand":
        removal.delete_frame(frame_id=frames[1].pk, at=now, by="admin")
    else:
        end = now + timedelta(hours=1)
        set_own_expiry(kind=ExpiringKind.FRAME, name=frames[1].basename, expires_at=end, at=now)
        assert expire(at=end + timedelta(hours=1)) == 1
    assert not ColourPicture.objects.exists()
    assert [store.versions(path) for path in paths] == [[], [], []]
    assert StoredObject.objects.count() == 2
    assert client.get(f"/gallery/{picture.pk}/").status_code == 404


def test_what_lost_a_version_by_another_way_is_shown_to_nobody_and_swept_up(client, frame_factory, store, now):
    frames = three_frames(frame_factory)
    picture = made(now)
    paths = [stored.path for stored in picture.held]
    Version.objects.filter(frame=frames[0]).delete()
    assert not is_shown(client, picture)
    tasks.find_colour_pictures()
    assert not ColourPicture.objects.exists()
    assert [store.versions(path) for path in paths] == [[], [], []]


def test_a_picture_is_made_once_however_often_it_is_asked_for(frame_factory, store, now):
    three_frames(frame_factory)
    picture = made(now)
    assert colour_pictures.choose("m51", at=now) == []
    assert not make_colour_picture(picture_id=picture.pk, at=now)
    assert [len(store.versions(stored.path)) for stored in picture.held] == [1, 1, 1]


def test_two_workers_with_the_same_picture_leave_one(frame_factory, store, now, tmp_path):
    three_frames(frame_factory)
    (picture_id,) = colour_pictures.choose("M 51", at=now)
    first, second = (colour_pictures.begin(picture_id, at=now) for _ in range(2))
    files = {role: tmp_path / f"made{ending}" for role, ending in colour_pictures.ENDINGS.items()}
    for file in files.values():
        file.write_bytes(b"bytes")
    done = colour_pictures.Made(files, 10, 10, 1.0, 0.0, 1.0, 2.0)
    assert colour_pictures.hand_over(first, done, at=now)
    assert not colour_pictures.hand_over(second, done, at=now)
    held = ColourPicture.objects.get().held
    assert [len(store.versions(stored.path)) for stored in held] == [1, 1, 1]


def test_a_better_picture_takes_the_place_of_the_one_before(client, frame_factory, store, now):
    three_frames(frame_factory, exposure_time=30.0)
    paths = [stored.path for stored in made(now).held]
    later = datetime(2025, 3, 12, 1, 0, tzinfo=UTC)
    better = three_frames(frame_factory, middle=(202.47, 47.195), exposure_time=300.0, observation_date=later)
    after = made(now)
    assert {version.frame for version in after.versions} == set(better)
    assert ColourPicture.objects.get() == after
    assert [store.versions(path) for path in paths] == [[], [], []]
    assert is_shown(client, after)


def test_what_staff_took_away_stays_away_until_staff_brings_it_back(client, django_user_model, frame_factory, now):
    three_frames(frame_factory)
    picture = made(now)
    page = f"/gallery/{picture.pk}/"
    for who in (None, django_user_model.objects.create_user("reader")):
        if who is not None:
            client.force_login(who)
        assert client.post(page, {"hide": "1"}).status_code == 403
    assert is_shown(client, picture)
    staff = django_user_model.objects.create_user("staff", is_staff=True)
    client.force_login(staff)
    assert client.post(page, {"hide": "1"}).status_code == 302
    assert client.get(page).status_code == 200
    client.logout()
    assert not is_shown(client, picture)
    later = datetime(2025, 3, 12, 1, 0, tzinfo=UTC)
    three_frames(frame_factory, middle=(202.47, 47.195), exposure_time=300.0, observation_date=later)
    assert colour_pictures.choose("M 51", at=now) == [], "nothing takes its place"
    client.force_login(staff)
    client.post(page, {"show": "1"})
    client.logout()
    assert is_shown(client, picture)


def test_files_that_make_no_picture_are_told_and_the_next_best_are_tried(frame_factory, now):
    broken = three_frames(frame_factory, exposure_time=300.0, content=None)  # bytes that are no FITS file
    (first,) = colour_pictures.choose("M 51", at=now)
    assert not make_colour_picture(picture_id=first, at=now)
    failed = ColourPicture.objects.get()
    assert failed.state == ColourState.FAILED
    assert "can not be read as FITS" in failed.reason
    three_frames(frame_factory)
    tried = 0
    while chosen := colour_pictures.choose("M 51", at=now):
        tried += 1
        if make_colour_picture(picture_id=chosen[0], at=now):
            break
    assert 1 <= tried <= colour_pictures.MOST_FAILED
    done = ColourPicture.objects.filter(state=ColourState.DONE).first()
    assert done is None or not {version.frame for version in done.versions} & set(broken)


def test_files_that_kill_whoever_reads_them_are_given_up(frame_factory, now):
    three_frames(frame_factory)
    (picture_id,) = colour_pictures.choose("M 51", at=now)
    for _ in range(colour_pictures.MOST_ATTEMPTS):
        assert colour_pictures.begin(picture_id, at=now) is not None
    assert colour_pictures.begin(picture_id, at=now) is None
    assert ColourPicture.objects.get().state == ColourState.FAILED


def test_targets_are_looked_at_when_something_came_or_became_public(frame_factory, now):
    frames = three_frames(frame_factory)
    days = timedelta(days=3)
    assert colour_frames.targets_since(now - days, at=now) == []
    Frame.objects.filter(pk=frames[0].pk).update(public_date=now - timedelta(days=1))
    assert colour_frames.targets_since(now - days, at=now) == ["M 51"]
    Frame.objects.filter(pk=frames[0].pk).update(public_date=now + timedelta(days=1))
    Version.objects.filter(frame=frames[0]).update(created=now - timedelta(days=1))
    assert colour_frames.targets_since(now - days, at=now) == []
    Version.objects.filter(frame=frames[1]).update(created=now - timedelta(days=1))
    assert colour_frames.targets_since(now - days, at=now) == ["M 51"]


@pytest.mark.parametrize(
    "changes",
    [
        {"configuration_type": "BIAS"},
        {"primary_optical_element": "w"},
        {"exposure_time": 0.0},
        {"footprint": None},
        {"extension": ".jpg"},
    ],
    ids=str,
)
def test_only_science_frames_of_known_filters_with_a_place_are_taken(frame_factory, now, changes):
    three_frames(frame_factory, **changes)
    assert colour_pictures.choose("M 51", at=now) == []


def test_the_command_makes_them_by_hand_and_again(capsys, frame_factory, now):
    three_frames(frame_factory)
    call_command("colour_pictures")
    assert "1 pictures made of 1 targets" in capsys.readouterr().out
    before = ColourPicture.objects.get()
    call_command("colour_pictures", target="m-51")
    assert ColourPicture.objects.get() == before
    call_command("colour_pictures", target="m-51", again=True)
    assert ColourPicture.objects.get() != before
    with pytest.raises(CommandError, match="--target is a name"):
        call_command("colour_pictures", target="nothing of the kind")


def test_questions_to_the_database_do_not_grow_with_the_pictures(client, frame_factory, now, django_assert_num_queries):
    for number in range(3):
        three_frames(frame_factory, middle=(10.0 * number, 20.0), target_name=f"NGC {number}")
        made(now, target=f"NGC {number}")
        with django_assert_num_queries(1):
            client.get("/gallery/")
    newest = ColourPicture.objects.latest("pk")
    with django_assert_num_queries(1):
        assert client.get(f"/gallery/{newest.pk}/").status_code == 200


@pytest.mark.parametrize(
    "address", ["/gallery/999999999/", "/gallery/999999999/picture.jpg", "/gallery/99999999999999999999/"]
)
def test_what_is_no_picture_has_no_page(client, address):
    assert client.get(address).status_code == 404


def test_scripts_are_told_all_of_a_picture(client, frame_factory, now):
    frames = three_frames(frame_factory)
    picture = made(now)
    (row,) = client.get("/colour-pictures/?target_name=m-51&site_id=lsc").json()["results"]
    assert [band["frame"] for band in row["bands"]] == [frame.pk for frame in frames]
    assert [band["wavelength_nm"] for band in row["bands"]] == [767.2, 626.1, 482.5]
    assert [band["exposure_time"] for band in row["bands"]] == list(EXPOSURES_S)
    for name in ("picture", "small_picture", "planes", "page"):
        assert client.get(row[name]).status_code == 200
    part = client.get(row["picture"], headers={"Range": "bytes=0-1"})
    assert b"".join(part.streaming_content) == b"\xff\xd8", "a JPEG, from where one left off"
    again = client.get(row["picture"], headers={"If-None-Match": part["ETag"]})
    assert (again.status_code, again["ETag"]) == (304, part["ETag"])
    assert picture.target_name == row["target_name"]


@pytest.mark.parametrize(
    ("asked", "status", "n"),
    [
        ("target_name=M%2052", 200, 0), ("target_name=%00", 400, 0), ("target_name=--", 200, 0), ("site_id=cpt", 200, 0),
        ("site_id=%00", 400, 0), ("instrument_id=fa15&limit=1", 200, 1), ("limit=-1", 200, 1), ("offset=99999", 200, 0),
    ],
)  # fmt: skip
def test_the_list_for_scripts_takes_what_it_understands(client, frame_factory, now, asked, status, n):
    three_frames(frame_factory)
    made(now)
    answer = client.get(f"/colour-pictures/?{asked}")
    assert answer.status_code == status
    assert status != 200 or len(answer.json()["results"]) == n


def test_odd_questions_find_nothing_and_break_nothing(client, frame_factory, now):
    three_frames(frame_factory)
    picture = made(now)
    assert client.get(f"/gallery/{picture.pk}/else.jpg").status_code == 404
    for asked in ("?q=%00", "?q=" + "x" * 5000, "?page=-1", "?page=x", "?q=%25", "?q=--"):
        assert client.get(f"/gallery/{asked}").status_code == 200
