"""POST /frames/zip/: what is in it, who gets it, and what happens when it can not be finished."""

import io
import re
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import requests
from astropy.io import fits
from django.test import override_settings
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.downloads.zip_stream import zip_blocks
from archive.errors import ArchiveError
from archive.models import Thumbnail
from tests.factories import FrameFactory

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "funpack"
ROUTE = "/frames/zip/"


def ask(client, frames, **more):
    return client.post(ROUTE, {"frame_ids": [frame.pk for frame in frames], **more}, format="json")


def zip_of(response) -> zipfile.ZipFile:
    assert response.status_code == 200, response.content
    opened = zipfile.ZipFile(io.BytesIO(b"".join(response)))
    assert opened.testzip() is None
    return opened


def names_in(response) -> set[str]:
    return {name.split("/", 1)[1] for name in zip_of(response).namelist()}


@pytest.fixture(params=["memory", "local", "s3"])
def factory_on(request, db, use_store, tmp_path, s3_server):
    """A frame factory on each kind of store."""
    if request.param == "local":
        return FrameFactory(use_store(type="local", root_dir=str(tmp_path)))
    if request.param == "s3":
        keys = {
            name: getattr(s3_server, name) for name in ("endpoint_url", "bucket", "region", "access_key", "secret_key")
        }
        return FrameFactory(use_store(type="s3", addressing_style="path", days_to_ia_storage=365_000, **keys))
    return FrameFactory(use_store(type="memory"))


def test_the_zip_holds_each_file_whole_in_a_folder_of_the_zip_s_name(factory_on, api):
    contents = {factory_on(content=content): content for content in (b"1", b"one" * 1000, bytes(3_000_000))}
    response = ask(api(None), contents)
    folder = f"ocs_archive_data-{timezone.now():%Y%m%d}-3"
    with zip_of(response) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
    assert held == {f"{folder}/{frame.basename}.fits.fz": content for frame, content in contents.items()}
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == f"attachment; filename={folder}.zip"
    assert response["Set-Cookie"] == "fileDownload=true; path=/"
    assert "X-Archive-Files" not in response
    assert "X-Frame-Options" not in response


def test_a_form_with_numbered_fields_is_taken_like_json(frame_factory, api):
    one, two = frame_factory(), frame_factory()
    fields = {"frame_ids[0]": one.pk, "frame_ids[1]": two.pk, "uncompress": "false", "auth_token": ""}
    for form in (fields, {"frame_ids": [one.pk, two.pk]}):
        response = api(None).post(ROUTE, form, format="multipart")
        assert names_in(response) == {f"{one.basename}.fits.fz", f"{two.basename}.fits.fz"}


def test_a_form_of_a_thousand_frames_is_taken(frame_factory, api):
    frame = frame_factory()
    fields = {f"frame_ids[{number}]": frame.pk + number for number in range(1500)}
    assert names_in(api(None).post(ROUTE, fields, format="multipart")) == {f"{frame.basename}.fits.fz"}


def test_frames_that_the_reader_may_not_see_are_passed_over(frame_factory, api, alice, bob):
    shown, hidden = frame_factory(), frame_factory(public_date=None)
    for user in (None, bob):
        response = ask(api(user), [shown, hidden])
        assert response["Content-Disposition"].endswith("-1.zip")
        assert names_in(response) == {f"{shown.basename}.fits.fz"}
    assert len(names_in(ask(api(alice), [shown, hidden]))) == 2


def test_with_nothing_to_see_the_answer_is_404_without_a_body(frame_factory, api, bob):
    hidden, without_file = frame_factory(public_date=None), frame_factory(versions=0)
    for frames in ([hidden], [without_file], []):
        response = ask(api(bob), frames)
        assert (response.status_code, response.content) == (404, b"")


def test_a_frame_known_only_by_its_thumbnail_is_passed_over(frame_factory, api):
    frame, other = frame_factory(versions=0), frame_factory()
    picture = frame_factory(extension=".jpg").versions.first()
    stored = picture.object
    picture.delete()
    Thumbnail.objects.create(frame=frame, object=stored, size="small", basename="x", extension=".jpg")
    assert names_in(ask(api(None), [frame, other])) == {f"{other.basename}.fits.fz"}


def test_a_token_in_the_body_stands_above_that_of_the_header(frame_factory, api, alice, bob):
    alice.profile.portal_token = "alice-portal-token"
    alice.profile.save()
    hidden = frame_factory(public_date=None)
    for token in ("alice-portal-token", Token.objects.get(user=alice).key):
        for user in (None, bob):
            assert len(names_in(ask(api(user), [hidden], auth_token=token))) == 1
    assert ask(api(alice), [hidden], auth_token=Token.objects.get(user=bob).key).status_code == 404


def test_the_tokens_of_nobody_and_of_inactive_users_open_nothing(frame_factory, api, alice):
    alice.profile.portal_token = "alice-portal-token"
    alice.profile.save()
    alice.is_active = False
    alice.save()
    frame = frame_factory()
    for token in ("nope", "alice-portal-token", Token.objects.get(user=alice).key):
        response = ask(api(None), [frame], auth_token=token)
        assert (response.status_code, response.json()) == (404, {"detail": "No Token matches the given query."})


def test_uncompress_unpacks_what_is_packed_and_leaves_the_rest(frame_factory, api):
    packed = frame_factory(content=(RECORDED / "primary.fits.fz").read_bytes())
    other = frame_factory(content=b"%PDF", extension=".pdf")
    response = ask(api(None), [packed, other], uncompress=True)
    with zip_of(response) as opened:
        held = {name.split("/")[1]: opened.read(name) for name in opened.namelist()}
    assert held.keys() == {f"{packed.basename}.fits", f"{other.basename}.pdf"}
    truth = fits.getdata(RECORDED / "primary.fits")
    assert (fits.getdata(io.BytesIO(held[f"{packed.basename}.fits"])) == truth).all()


def test_catalog_only_gives_catalogues_of_final_images_and_other_frames_as_they_are(frame_factory, api):
    reduced = (RECORDED / "reduced.fits.fz").read_bytes()
    primary = (RECORDED / "primary.fits.fz").read_bytes()
    final = frame_factory(content=reduced, reduction_level=91)
    without = frame_factory(content=primary, reduction_level=91)
    raw = frame_factory()
    response = ask(api(None), [final, without, raw], catalog_only=True)
    assert names_in(response) == {f"{final.basename}-catalog.fits", f"{raw.basename}.fits.fz"}
    response = ask(api(None), [without], catalog_only=True)
    assert response.status_code == 404
    assert "catalogue" in response.json()["detail"]


def test_the_newest_version_goes_in_under_its_own_extension(frame_factory, api):
    frame = frame_factory()
    frame_factory(basename=frame.basename, content=b"newer", extension=".fits")
    with zip_of(ask(api(None), [frame])) as opened:
        (name,) = opened.namelist()
        assert name.endswith(f"/{frame.basename}.fits")
        assert opened.read(name) == b"newer"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, {"frame_ids": ["This field is required."]}),
        (
            {"frame_ids": list(range(1, 12)), "uncompress": True},
            {
                "non_field_errors": [
                    "A maximum of 10 frames can be downloaded with the uncompress flag. "
                    "Please try again with fewer frame_ids."
                ]
            },
        ),
        ({"frame_ids": [0]}, None),
        ({"frame_ids": [2**70]}, None),
        ({"frame_ids": ["x"]}, None),
        ({"frame_ids": 5}, None),
        ([1, 2], None),
        ({"frame_ids": [1], "auth_token": "a\0b"}, None),
        ({"frame_ids": [1], "uncompress": "maybe"}, None),
    ],
)
def test_bad_bodies_answer_400_with_a_reason(db, api, body, answer):
    response = api(None).post(ROUTE, body, format="json")
    assert response.status_code == 400
    assert response.json() == answer if answer else response.json()


def test_get_is_405(db, api):
    response = api(None).get(ROUTE)
    assert (response.status_code, response.json()) == (405, {"detail": 'Method "GET" not allowed.'})


def test_a_client_that_accepts_only_zip_gets_one(frame_factory, api):
    response = api(None).post(ROUTE, {"frame_ids": [frame_factory().pk]}, format="json", HTTP_ACCEPT="application/zip")
    assert len(names_in(response)) == 1


@pytest.mark.parametrize("fault", ["gone", "other bytes", "shorter"])
def test_a_file_that_fails_in_the_middle_ends_the_stream_and_leaves_no_zip(frame_factory, api, store, fault):
    good, bad = frame_factory(content=b"good"), frame_factory(content=b"bad" * 999)
    stored = bad.versions.get().object
    held = store._held[stored.path]
    version, content = held[stored.version_id]
    if fault == "gone":
        store.delete(stored.path, stored.version_id)
    else:
        held[stored.version_id] = (version, content[:-1] + (b"!" if fault == "other bytes" else b""))
    good.observation_date = timezone.now()  # newest first: the good one
    good.save()
    response = ask(api(None), [good, bad])
    assert response.status_code == 200
    came = io.BytesIO()
    with pytest.raises(ArchiveError):
        came.writelines(response)
    assert b"good" in came.getvalue()
    assert not zipfile.is_zipfile(came)


def test_when_the_first_file_already_fails_the_answer_says_why(frame_factory, api, store):
    frame = frame_factory()
    stored = frame.versions.get().object
    store.delete(stored.path, stored.version_id)
    assert ask(api(None), [frame]).status_code == 404
    stored.verified_at, stored.fault = None, "its MD5 is another"
    stored.save()
    response = ask(api(None), [frame])
    assert response.status_code == 409
    assert frame.basename in response.json()["detail"]


def test_large_zips_have_the_wide_fields_of_zip64(frame_factory, api, monkeypatch):
    small, large = frame_factory(content=b"small"), frame_factory(content=b"x" * 50_000)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)
    content = b"".join(ask(api(None), [small, large]))
    monkeypatch.undo()
    assert b"PK\x06\x06" in content  # the record at the end of a zip64
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert sorted(len(opened.read(name)) for name in opened.namelist()) == [5, 50_000]


def test_memory_does_not_grow_with_the_files(db, use_store, tmp_path, api):
    factory = FrameFactory(use_store(type="local", root_dir=str(tmp_path)))
    frames = [factory(content=bytes([turn]) * (24 << 20)) for turn in range(2)]
    response = ask(api(None), frames)
    tracemalloc.start()
    size_bytes = sum(map(len, response))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size_bytes > 48 << 20
    assert peak_bytes < 12 << 20


@pytest.mark.parametrize("count", [1, 3])
def test_a_zip_costs_the_same_queries_for_any_number_of_frames(frame_factory, api, django_assert_num_queries, count):
    frames = [frame_factory() for _ in range(count)]
    with django_assert_num_queries(3):  # frames, versions, their objects
        list(ask(api(None), frames))


class TestBehindNginx:
    LINE = re.compile(r"^- (\d+) (\S+) (\S+)/(\S+)$")

    @pytest.fixture(autouse=True)
    def mode(self):
        with override_settings(ZIP_MODE="nginx"):
            yield

    def lines(self, response):
        assert response.status_code == 200
        assert response["Content-Type"] == "text/plain"
        assert response["X-Archive-Files"] == "zip"
        return [self.LINE.match(line).groups() for line in response.content.decode().splitlines()]

    def test_the_manifest_names_size_place_and_name(self, frame_factory, api):
        frame = frame_factory(content=b"12345")
        ((size, place, folder, name),) = self.lines(ask(api(None), [frame]))
        assert (size, name) == ("5", f"{frame.basename}.fits.fz")
        assert re.fullmatch(r"ocs_archive_data-\d{8}-1", folder)
        assert place.startswith("/zip-files/store/lsc/fa15/20250309/raw/")
        assert b"".join(api(None).get(place.removeprefix("/zip-files"))) == b"12345"

    def test_places_of_unpacked_files_and_catalogues_open_without_the_reader_s_token(self, frame_factory, api, alice):
        content = (RECORDED / "reduced.fits.fz").read_bytes()
        hidden = frame_factory(content=content, public_date=None, reduction_level=91)
        other = frame_factory(content=content[:-2880], public_date=None)
        for asked, route in (("uncompress", "funpack"), ("catalog_only", "catalog")):
            ((size, place, _, name),) = self.lines(ask(api(alice), [hidden], **{asked: True}))
            assert name == hidden.basename + {"funpack": ".fits", "catalog": "-catalog.fits"}[route]
            path, _, query = place.partition("?")
            assert path == f"/frame-{route}/{hidden.pk}/{route}/"
            assert len(b"".join(api(None).get(place))) == int(size)
            assert api(None).get(path).status_code == 404
            assert api(None).get(place[:-1] + ("0" if place[-1] != "0" else "1")).status_code == 404
            assert api(None).get(f"/frame-{route}/{other.pk}/{route}/?{query}").status_code == 404
            with override_settings(ZIP_MODE="stream"):
                assert api(None).get(place).status_code == 404

    def test_frames_without_a_catalogue_are_left_out(self, frame_factory, api):
        without = frame_factory(content=(RECORDED / "primary.fits.fz").read_bytes(), reduction_level=91)
        assert self.lines(ask(api(None), [without], catalog_only=True)) == []


@pytest.mark.django_db
def test_places_in_the_manifest_are_those_of_the_s3_server(use_store, s3_server, api):
    keys = {name: getattr(s3_server, name) for name in ("endpoint_url", "bucket", "region", "access_key", "secret_key")}
    store = use_store(type="s3", addressing_style="path", days_to_ia_storage=365_000, **keys)
    frame = FrameFactory(store)(content=b"through nginx")
    with override_settings(ZIP_MODE="nginx"):
        _, _, place, _ = ask(api(None), [frame]).content.decode().split()
    assert place.startswith(f"/zip-files/{s3_server.bucket}/lsc/fa15/")
    assert "X-Amz-Expires=86400" in place
    assert (
        requests.get(s3_server.endpoint_url + place.removeprefix("/zip-files"), timeout=30).content == b"through nginx"
    )


def test_an_empty_list_of_members_makes_no_zip():
    with pytest.raises(ArchiveError):
        list(zip_blocks([], folder="nothing"))
