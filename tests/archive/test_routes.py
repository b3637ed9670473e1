"""Every URL pattern stands in a table that says who may see what; a route that the table does not know fails."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from archive.domain.objects import NewObject
from archive.domain.thumbnails import NewThumbnail, register_thumbnail
from archive.domain.upload_log import record_upload
from archive.enums import ProductKind
from ingest.checksums import digest_of
from ingest.stores.base import Upload

PUBLIC = "public"  # the same for everybody
LIST = "list"  # only what the caller may see
FAMILY = "family"  # one family of files: 404 to those who may not see it (test_families_api)
FRAME = "frame"  # one frame or a part of it: 404 to those who may not see it
STAFF = "staff"
SERVER = "server"  # the observation portal, by its key
SELECTION = "selection"  # what its owner may still see: tests/archive/test_downloads.py
OWN = "own"  # the caller's own account
SITE = "site"  # who may do what is in test_sites.py
SIGNED = "signed"  # whoever holds the link
SUPERUSERS = "superusers"
CANDIDATE = "candidate"  # of the PSF library, staff changes it: tests/archive/test_psf_library.py
MUSE = "muse"  # an exposure with MUSE or its target: tests/archive/muse/test_api.py
GALLERY = "gallery"  # what is public to everybody, staff takes away: tests/archive/test_colour_pictures.py
PAGE = "page"  # of one frame, night or site: tests/web/
STAFF_PAGE = "staff page"  # who may see and do what there: tests/archive/staff/test_pages.py
OBSERVATION = "observation"  # one observation or a part of it: test_observations_api.py, test_bundles.py
NIGHT = "night"  # of one night what the caller may see: test_ao_nights_api.py, test_bundles.py
TELEMETRY = "telemetry"  # who may read what is in tests/archive/telemetry/test_access.py
INVENTORY = "inventory"  # staff: tests/archive/telemetry/test_inventory_api.py
AGENT = "agent"  # of an instrument computer, by its host's token: tests/telemetry/agent/test_api.py
CART = "cart"  # what the reader has put together: tests/archive/test_cart.py
STORE = "store"  # the object store, by its secret

ROUTES = {
    "/": PUBLIC,
    "/frames/": LIST,
    "/frames/<pk>/": FRAME,
    "/frames/<pk>/headers/": FRAME,
    "/frames/<pk>/related/": FRAME,
    "/frames/<pk>/download/": FRAME,
    "/frames/<pk>/image/": FRAME,
    "/frames/<pk>/cutout/": FRAME,
    "/frames/<pk>/cutout/sky/": FRAME,
    "/frames/zip/": LIST,
    "/frames/aggregate/": LIST,
    "/frames/script/": LIST,
    "/downloads/": LIST,
    "/downloads/<pk>/": SELECTION,
    "/downloads/<pk>/script/": SELECTION,
    "/downloads/<pk>/manifest/": SELECTION,
    "/downloads/<pk>/<number>/<name>": SELECTION,
    "/frame-funpack/<pk>/funpack/": FRAME,
    "/frame-catalog/<pk>/catalog/": FRAME,
    "/thumbnails/": LIST,
    "/thumbnails/<pk>/": FRAME,
    "/versions/": STAFF,
    "/versions/<pk>/": STAFF,
    "/events/": LIST,
    "/filtered_images/": LIST,
    "/<site>/latest_images/<n>/": LIST,
    "/latest_image_all_sites/": LIST,
    "/infoimage/<site>/<channel>/": LIST,
    "/image/<base>/": FAMILY,
    "/fitsheader/<base>/": FAMILY,
    "/events/replay/": LIST,
    "/store/<path>": SIGNED,
    "/sites/": PUBLIC,
    "/sites/<site>/config/": SITE,
    "/sites/<site>/config/history/": PUBLIC,
    "/sites/<site>/nightlog/": PUBLIC,
    "/sites/<site>/nightlog/<pk>/": SITE,
    "/sites/<site>/calendar/": SITE,
    "/uploads/": SUPERUSERS,
    "/uploads/<pk>/": SUPERUSERS,
    "/uploads/<pk>/parts/": SUPERUSERS,
    "/uploads/<pk>/complete/": SUPERUSERS,
    "/uploads/<pk>/file/<name>": SIGNED,
    "/ingest/<name>": SUPERUSERS,
    "/object-events/": STORE,
    "/recentuploads/": LIST,
    "/observations/": LIST,
    "/observations/<name>/": OBSERVATION,
    "/observations/<name>/redo/": OBSERVATION,
    "/observations/<name>/cancel/": OBSERVATION,
    "/observations/<name>/products/<kind>/<role>": OBSERVATION,
    "/observations/<name>/bundle/": OBSERVATION,
    "/nights/": LIST,
    "/nights/<date>/": NIGHT,
    "/nights/<date>/progress/": NIGHT,
    "/nights/<date>/subtract-anew/": CANDIDATE,
    "/nights/<date>/script/": NIGHT,
    "/nights/<date>/products/<subject>/<kind>/<role>": NIGHT,
    "/quality/strehl/": LIST,
    "/quality/seeing/": PUBLIC,
    "/quality/seeing/statistics/": PUBLIC,
    "/quality/strehl/statistics/": LIST,
    "/quality/contrast/statistics/": LIST,
    "/quality/dead-times/": LIST,
    "/quality/contrast/": LIST,
    "/quality/companions/": LIST,
    "/psf-library/": LIST,
    "/psf-library/<name>/": CANDIDATE,
    "/psf-library/versions/<sha256>/": CANDIDATE,
    "/telemetry/": TELEMETRY,
    "/search/": LIST,
    "/cart/": CART,
    "/cart/change/": CART,
    "/cart/paste/": CART,
    "/cart/empty/": CART,
    "/cart/list/": CART,
    "/cart/download/": CART,
    "/cart/download/<pk>/": SELECTION,
    "/frame/<pk>/": PAGE,
    "/frame/<pk>/family/": PAGE,
    "/frame/<pk>/telemetry/": PAGE,
    "/site/": LIST,
    "/site/<code>/": PAGE,
    "/site/<code>/<directory>/<base>/": PAGE,
    "/night/": LIST,
    "/night/<night>/": PAGE,
    "/observation/<name>/": PAGE,
    "/search/moc/": LIST,
    "/search/new/": LIST,
    "/search/sky/": LIST,
    "/gallery/": GALLERY,
    "/gallery/<picture_id>/": GALLERY,
    "/gallery/<picture_id>/<name>": GALLERY,
    "/colour-pictures/": GALLERY,
    "/telemetry/plots/": TELEMETRY,
    "/telemetry/channels/": TELEMETRY,
    "/telemetry/latest/": TELEMETRY,
    "/telemetry/binned/": TELEMETRY,
    "/telemetry/gaps/": TELEMETRY,
    "/telemetry/spans/": TELEMETRY,
    "/telemetry/at/": TELEMETRY,
    "/telemetry/agent/": AGENT,
    "/telemetry/agent/files/": AGENT,
    "/telemetry/agent/waiting/": AGENT,
    "/telemetry/agent/chunks/": AGENT,
    "/frames/<pk>/telemetry/": FRAME,
    "/files/": INVENTORY,
    "/files/<pk>/": INVENTORY,
    "/files/lag/": INVENTORY,
    "/replicas/": INVENTORY,
    "/muse/": LIST,
    "/muse/table/": LIST,
    "/muse/targets/": LIST,
    "/frames/<pk>/tables/": FRAME,
    "/frames/<pk>/tables/<name>/": FRAME,
    "/muse/targets/<target_id>/": MUSE,
    "/muse/targets/<target_id>/merge/": MUSE,
    "/muse/exposures/": LIST,
    "/muse/exposures/<name>/": MUSE,
    "/muse/exposures/<name>/data/": MUSE,
    "/muse/exposures/<name>/data/<hdu>/": MUSE,
    "/muse/exposures/<name>/psfParams/": MUSE,
    "/muse/exposures/<name>/sources/": MUSE,
    "/muse/exposures/<name>/sources/<source>/": MUSE,
    "/saved-searches/": OWN,
    "/saved-searches/<search_id>/": OWN,
    "/searches/": OWN,
    "/searches/<search_id>/": OWN,
    "/staff/": STAFF_PAGE,
    "/staff/health/": STAFF_PAGE,
    "/staff/ingest/": STAFF_PAGE,
    "/staff/quarantine/": STAFF_PAGE,
    "/staff/pipeline/": STAFF_PAGE,
    "/staff/pipeline/<product_id>/": STAFF_PAGE,
    "/staff/storage/": STAFF_PAGE,
    "/staff/psf-library/": STAFF_PAGE,
    "/staff/people/": STAFF_PAGE,
    "/staff/people/add/": STAFF_PAGE,
    "/staff/people/user/<user_id>/": STAFF_PAGE,
    "/staff/people/add-programme/": STAFF_PAGE,
    "/staff/people/programme/<proposal_id>/": STAFF_PAGE,
    "/staff/expiry/": STAFF_PAGE,
    "/staff/releases/": STAFF_PAGE,
    "/profile/": OWN,
    "/revoke_token/": OWN,
    "/api-token-auth/": OWN,
    "/api-auth/login/": OWN,
    "/account/password/<uidb64>/<token>/": OWN,
    "/api-auth/logout/": OWN,
    "/api-auth/portal/": OWN,
    "/api-auth/portal/callback/": OWN,
    "/authprofile/addupdateuser/": SERVER,
    "/health/": PUBLIC,
    "/health/ready/": PUBLIC,
    "/openapi/": PUBLIC,
    "/swagger/": PUBLIC,
    "/redoc/": PUBLIC,
    "/robots.txt": PUBLIC,
}
DJANGO_ADMIN = "/admin/"  # a site of its own: staff only, but for its login page


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield _plain(path)


def _plain(path: str) -> str:
    named = re.sub(
        r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(\w+)>", lambda match: f"<{match[1] or match[2]}>", path
    )
    return re.sub(r"<(?:pk|id|frame_id)>", "<pk>", named.replace("^", "").replace("$", "").replace(r"\Z", ""))


FOUND = set(routes(get_resolver().url_patterns))
MOUNTED = sorted(path for path in FOUND if not path.startswith(DJANGO_ADMIN))


def test_the_table_knows_every_route():
    assert [path for path in MOUNTED if path not in ROUTES] == []


def test_the_table_names_no_route_that_is_gone():
    assert sorted(ROUTES.keys() - FOUND) == []


def test_every_page_of_the_admin_asks_for_staff(api, alice, db):
    open_pages = {"/admin/login/", "/admin/logout/", "/admin/jsi18n/"}
    admin = [path for path in FOUND if path.startswith(DJANGO_ADMIN) and path not in open_pages]
    assert len(admin) > 10
    client = api(None)
    client.force_login(alice)
    for path in admin:
        address = re.sub(r"<\w+>", "1", path)
        assert client.get(address).status_code in {302, 404}, address


@pytest.fixture
def hidden(frame_factory, ao, store, tmp_path, now):
    """A proprietary frame with a picture, and a proprietary observation with a Strehl ratio."""
    observation = ao.observation(public_date=None, name="4_hidden")
    ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL))
    subtracted = ao.product(observation, kind=ProductKind.BRIGHT_PCA)
    ao.contrast(subtracted)
    ao.companion(subtracted)
    ao.candidate(observation)
    frame = frame_factory(public_date=None, proposal_id="PROP001", observation_id=77, request_id=88)
    file = tmp_path / "small.jpg"
    file.write_bytes(b"a picture")
    digest = digest_of(file)
    stored = store.put(file, Upload("archive/previews/small.jpg", digest, "image/jpeg"))
    new = NewObject(store.name, stored.path, stored.version_id, digest.md5, digest)
    picture = NewThumbnail(new, size="small", basename=f"{frame.basename}-small", extension=".jpg")
    register_thumbnail(frame=frame, new=picture, at=now)
    record_upload(filename=f"{frame.basename}.fits", size_bytes=1, at=timezone.now(), site_id="lsc", frame=frame)
    return frame


def address(path: str, hidden) -> str:
    number = hidden.thumbnails.get().pk if path.startswith("/thumbnails/") else hidden.pk
    return path.replace("<pk>", str(number))


def body_of(response) -> str:
    return (b"".join(response) if response.streaming else response.content).decode("utf-8", "replace")


@pytest.mark.parametrize("path", [path for path in MOUNTED if ROUTES.get(path) == FRAME])
class TestRoutesOfOneFrame:
    def test_nobody_and_strangers_are_told_that_there_is_none(self, path, hidden, api, bob):
        for user in (None, bob):
            for method in ("get", "head"):
                response = getattr(api(user), method)(address(path, hidden))
                assert response.status_code == 404
                assert hidden.basename not in body_of(response)

    def test_the_answer_to_a_stranger_is_that_of_a_frame_that_does_not_exist(self, path, hidden, api, bob):
        missing = path.replace("<pk>", "987654")
        assert api(bob).get(address(path, hidden)).content == api(bob).get(missing).content

    def test_members_and_superusers_get_past_the_visibility_rule(self, path, hidden, api, alice, admin):
        missing = api(admin).get(path.replace("<pk>", "987654")).content
        for user in (alice, admin):
            response = api(user).get(address(path, hidden))
            # Bytes that are no FITS file have no catalogue, table or image and do not unpack: that is another refusal.
            needs_fits = path.startswith("/frame-") or path.endswith(
                ("/image/", "/cutout/", "/cutout/sky/", "/tables/<name>/")
            )
            assert response.status_code == 200 or (needs_fits and response.status_code < 500)
            assert response.status_code == 200 or response.content != missing

    def test_a_member_who_was_deactivated_is_out_at_once(self, path, hidden, api, alice):
        client = api(alice)
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert client.get(address(path, hidden)).status_code == 401


QUERIES = [
    "/frames/",
    "/frames/?limit=1&offset=0",
    "/frames/?pagination_style=cursor",
    "/frames/?force_count",
    "/frames/?basename=lsc",
    "/frames/?observation_id=77",
    "/frames/?request_id=88",
    "/frames/?proposal_id=PROP001",
    "/frames/?public=false",
    "/frames/?public=true",
    "/frames/?include_thumbnails=true",
    "/frames/?format=api",
    "/thumbnails/",
    "/thumbnails/?request_id=88",
    "/thumbnails/?observation_id=77",
    "/thumbnails/?proposal_id=PROP001",
    "/events/replay/",
    "/observations/",
    "/observations/?format=api",
    "/observations/?pagination_style=cursor",
    "/observations/?proposal_id=PROP001",
    "/observations/?strehl_min=0",
    "/nights/",
    "/nights/?proposal_id=PROP001",
    "/quality/strehl/",
    "/quality/strehl/?proposal_id=PROP001",
    "/quality/strehl/?format=csv",
    "/quality/contrast/",
    "/quality/companions/",
    "/quality/companions/?format=csv",
    "/psf-library/",
    "/psf-library/?format=api",
    "/search/",
    "/search/?view=gallery",
    "/search/?header=OBJECT",
    "/search/?public=false",
    "/search/moc/",
    "/search/new/?after=0",
    "/search/sky/",
    "/gallery/",
    "/colour-pictures/",
    "/frames/aggregate/",
    "/frames/aggregate/?start=2025-03-01&end=2025-03-30",
    "/recentuploads/?site=all",
    "/recentuploads/?site=lsc&limit=1",
    "/frames/aggregate/?start=2025-03-01&end=2025-03-30&public=true",
    "/frames/aggregate/?start=2025-03-01&end=2025-03-30&public=false&proposal_id=PROP001",
]


@pytest.mark.parametrize("query", QUERIES)
def test_lists_tell_strangers_nothing_of_a_hidden_frame(query, hidden, api, bob):
    for user in (None, bob):
        response = api(user).get(query)
        assert response.status_code == 200
        text = body_of(response)
        assert hidden.basename not in text
        assert "4_hidden" not in text
        if "proposal_id" not in query or "format=api" not in query:
            assert "PROP001" not in text.replace("proposal_id=PROP001", "")
        if "application/json" in response["Content-Type"]:
            assert response.json().get("count", 0) == 0


def test_a_zip_of_a_hidden_frame_is_404_to_strangers(hidden, api, bob):
    for user in (None, bob):
        response = api(user).post("/frames/zip/", {"frame_ids": [hidden.pk]}, format="json")
        assert (response.status_code, body_of(response)) == (404, "")


def test_a_zip_leaves_out_the_hidden_frame_of_several(hidden, frame_factory, api, bob):
    shown = frame_factory()
    response = api(bob).post("/frames/zip/", {"frame_ids": [hidden.pk, shown.pk]}, format="json")
    text = body_of(response)
    assert response.status_code == 200
    assert shown.basename in text
    assert hidden.basename not in text


@pytest.mark.parametrize("terms", ["proposal_id=PROP001", "basename=lsc", "request_id=88"])
def test_downloads_and_scripts_tell_strangers_nothing_of_a_hidden_frame(terms, hidden, api, bob):
    for user in (None, bob):
        for response in (api(user).post(f"/downloads/?{terms}"), api(user).get(f"/frames/script/?{terms}&format=curl")):
            assert response.status_code == 404
            assert hidden.basename not in body_of(response)


@pytest.mark.parametrize("path", [path for path in MOUNTED if ROUTES.get(path) == STAFF])
def test_routes_of_staff_refuse_all_others(path, hidden, api, alice, bob):
    where = path.replace("<pk>", str(hidden.versions.get().pk))
    assert api(None).get(where).status_code == 401
    assert api(alice).get(where).status_code == 403
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    assert api(bob).get(where).status_code == 200


@pytest.mark.parametrize("path", [path for path in MOUNTED if ROUTES.get(path) == PUBLIC])
def test_public_routes_tell_nothing_of_frames(path, hidden, api, admin):
    for user in (None, admin):
        text = body_of(api(user).get(path))
        assert hidden.basename not in text
        assert "PROP001" not in text


def test_a_link_that_nobody_signed_gives_nothing(hidden, api, admin):
    stored = hidden.versions.get().object
    for user in (None, admin):
        assert api(user).get(f"/store/{stored.path}").status_code == 403


@pytest.mark.parametrize("key", ["", "Server ", "Server wrong", "Token wrong"])
def test_the_portal_s_route_wants_the_portal_s_key(key, api, db):
    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=key)
    refused = client.post("/authprofile/addupdateuser/", {"username": "mallory", "is_superuser": True}, format="json")
    assert refused.status_code in {401, 403}
    assert not User.objects.filter(username="mallory").exists()


def test_own_routes_tell_nobody_of_others(hidden, api, alice, bob):
    assert api(None).get("/profile/").json() == {"username": "", "profile": {}, "is_staff": False}
    assert api(bob).get("/profile/").json()["profile"] == {"proposals": []}
    assert api(alice).get("/profile/").json()["profile"] == {"proposals": ["PROP001"]}
    assert api(None).post("/revoke_token/").status_code == 401


@pytest.mark.parametrize("path", [path for path in MOUNTED if ROUTES.get(path) == SUPERUSERS])
def test_routes_of_superusers_refuse_all_others(path, api, alice, store):
    where = path.replace("<pk>", "00000000-0000-0000-0000-000000000000").replace("<name>", "a.fits")
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    for method in ("get", "post", "put", "delete"):
        assert getattr(api(None), method)(where).status_code == 401
        assert getattr(api(alice), method)(where).status_code == 403


def test_the_store_s_route_wants_the_store_s_secret(api, admin):
    assert api(None).post("/object-events/", {"Records": []}, format="json").status_code == 401
    assert api(admin).post("/object-events/", {"Records": []}, format="json").status_code == 401
