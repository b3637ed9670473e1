"""Members of the proposal `*` hold every programme, at every door, without being superusers."""

import io
import zipfile
from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive.domain import events
from archive.domain.counts import count
from archive.domain.listing import listing_for
from archive.domain.objects import NewObject
from archive.domain.removal import delete_frame
from archive.domain.search import frames_for
from archive.domain.thumbnails import NewThumbnail, register_thumbnail
from archive.domain.upload_log import record_upload
from archive.enums import RelationKind
from archive.models import Exposure, Frame, Observation, PortalMembership, Proposal
from archive.models.proposal import ALL_PROGRAMMES
from archive.terms.asked import asked_terms
from ingest.checksums import digest_of
from ingest.headers.record import RelatedName
from ingest.stores.base import Upload
from tests.archive.bodies import body
from tests.archive.test_tallies import let_dates_pass
from tests.photonranch_night import ptr_night

pytestmark = pytest.mark.django_db
NEVER = None


@pytest.fixture
def hidden(frame_factory):
    """A frame of a proposal that the archive has never heard of."""
    return frame_factory(public_date=NEVER, proposal_id="UNHEARD-OF", content=b"hidden bytes")


@pytest.fixture
def picture(hidden, store, tmp_path, now):
    file = tmp_path / "small.jpg"
    file.write_bytes(b"a picture")
    digest = digest_of(file)
    stored = store.put(file, Upload("archive/previews/small.jpg", digest, "image/jpeg"))
    new = NewObject(store.name, stored.path, stored.version_id, digest.md5, digest)
    made = NewThumbnail(new, size="small", basename=f"{hidden.basename}-small", extension=".jpg")
    return register_thumbnail(frame=hidden, new=made, at=now)


class TestEveryDoor:
    @pytest.mark.parametrize("part", ["", "headers/", "related/", "download/"])
    def test_a_single_frame_and_its_parts(self, hidden, api, bob, erin, part):
        address = f"/frames/{hidden.pk}/{part}"
        assert [api(user).get(address).status_code for user in (None, bob, erin)] == [404, 404, 200]

    @pytest.mark.parametrize(
        "terms", ["", "?public=false", "?proposal_id=UNHEARD-OF", "?start=2025-03-10", "?basename=lsc", "?ordering=id"]
    )
    def test_lists_and_their_counts(self, hidden, api, bob, erin, terms):
        assert api(bob).get(f"/frames/{terms}").json()["count"] == 0
        answer = api(erin).get(f"/frames/{terms}").json()
        assert (answer["count"], [row["id"] for row in answer["results"]]) == (1, [hidden.pk])

    def test_pages_by_cursor(self, frame_factory, api, erin):
        made = [frame_factory(public_date=NEVER, proposal_id=f"P{number}").pk for number in range(5)]
        address, walked = "/frames/?pagination_style=cursor&limit=2&ordering=id", []
        while address:
            page = api(erin).get(address).json()
            walked += [row["id"] for row in page["results"]]
            address = page["next"]
        assert walked == made

    @pytest.mark.parametrize("terms", ["counts=true", "counts=true&start=2025-01-01&end=2025-12-31", "public=false"])
    def test_aggregates(self, hidden, api, bob, erin, terms):
        assert not api(bob).get(f"/frames/aggregate/?{terms}").json()["proposals"]
        assert list(api(erin).get(f"/frames/aggregate/?{terms}").json()["proposals"]) == ["UNHEARD-OF"]

    def test_zips(self, hidden, api, bob, erin):
        asked = {"frame_ids": [hidden.pk]}
        assert api(bob).post("/frames/zip/", asked, format="json").status_code == 404
        sent = b"".join(api(erin).post("/frames/zip/", asked, format="json"))
        with zipfile.ZipFile(io.BytesIO(sent)) as opened:
            assert [opened.read(name) for name in opened.namelist() if hidden.basename in name] == [b"hidden bytes"]

    def test_downloads_hold_as_long_as_their_owner_holds_every_programme(self, hidden, api, bob, erin):
        made = api(erin).post("/downloads/?proposal_id=UNHEARD-OF")
        assert (made.status_code, made.json()["count"]) == (201, 1)
        assert b"hidden bytes" in b"".join(api(erin).get(made.json()["url"]))
        assert [api(user).get(made.json()["url"]).status_code for user in (None, bob)] == [404, 404]
        erin.proposals.clear()
        assert api(erin).get(made.json()["url"]).status_code == 409

    def test_thumbnails(self, hidden, picture, api, bob, erin):
        for address in ("/thumbnails/", f"/thumbnails/?frame_basename={hidden.basename}"):
            assert [api(user).get(address).json()["count"] for user in (None, bob, erin)] == [0, 0, 1]
        assert [api(user).get(f"/thumbnails/{picture.pk}/").status_code for user in (bob, erin)] == [404, 200]

    def test_replayed_events_also_of_frames_that_are_gone(self, hidden, api, bob, erin):
        delete_frame(frame_id=hidden.pk, at=timezone.now(), by="test")
        while events.deliver_pending(lambda _: None, clock=timezone.now):
            pass
        told = {user: api(user).get("/events/replay/?after=0").json()["results"] for user in (bob, erin)}
        assert [event["event"] for event in told[erin]] == ["frame.ingested", "frame.deleted"]
        assert told[bob] == []

    def test_what_is_told_of_a_frame_that_is_gone(self, hidden, api, bob, erin):
        delete_frame(frame_id=hidden.pk, at=timezone.now(), by="test")
        assert [api(user).get(f"/frames/{hidden.pk}/").status_code for user in (bob, erin)] == [404, 410]

    def test_related_frames(self, hidden, frame_factory, api, bob, erin):
        shown = frame_factory(related=(RelatedName(hidden.basename, RelationKind.RAW_OF),))
        seen = {user: api(user).get(f"/frames/{shown.pk}/").json()["related_frames"] for user in (bob, erin)}
        assert seen == {bob: [], erin: [hidden.pk]}

    def test_recent_uploads(self, hidden, api, bob, erin):
        record_upload(filename="x.fits", size_bytes=1, at=timezone.now(), site_id="lsc", frame=hidden)
        assert [api(user).get("/recentuploads/?site=lsc").json()["count"] for user in (bob, erin)] == [0, 1]

    def test_families_and_their_files(self, arrive, api, bob, erin, admin):
        made = next(ptr_night(n=1, large_px=16, picture_px=16, changes={"PROPID": "UNHEARD-OF"}))
        for path, content in made.files.items():
            arrive(path, content)
        Exposure.objects.update(public_date=NEVER)
        Frame.objects.update(public_date=NEVER)
        for address in (f"/image/{made.base}/", f"/fitsheader/{made.base}/"):
            assert [api(user).get(address).status_code for user in (bob, erin)] == [404, 200]
        assert [api(user).get("/filtered_images/").json()["count"] for user in (bob, erin)] == [0, 1]
        assert [len(api(user).get("/tst/latest_images/5/").json()) for user in (bob, erin)] == [0, 1]
        for user in (erin, admin):
            package = api(user).get(f"/image/{made.base}/").json()
            assert (package["fits_01_url"] != "", package["jpg_url"] != "") == (True, True), user

    def test_the_profile_says_it(self, api, erin):
        assert api(erin).get("/profile/").json()["profile"] == {"proposals": [ALL_PROGRAMMES]}

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_they_write_nothing(self, hidden, api, erin, method):
        assert getattr(api(erin), method)(f"/frames/{hidden.pk}/", {}, format="json").status_code in {403, 405}


class TestTheRule:
    def test_what_is_of_no_programme_stays_nobody_s(self, frame_factory, api, erin, admin):
        frame = frame_factory(public_date=NEVER, proposal_id="")
        assert [api(user).get(f"/frames/{frame.pk}/").status_code for user in (erin, admin)] == [404, 200]
        for terms in ("", "?public=false", "?start=2025-01-01", "?site_id=lsc"):
            assert api(erin).get(f"/frames/{terms}").json()["count"] == 0

    def test_a_placeholder_is_seen_by_nobody(self, frame_factory, api, erin):
        frame_factory(related=(RelatedName("lsc1m005-fa15-20250309-0001-b00", RelationKind.CALIBRATES),))
        placeholder = Frame.objects.get(basename="lsc1m005-fa15-20250309-0001-b00")
        assert api(erin).get(f"/frames/{placeholder.pk}/").status_code == 404

    def test_who_was_deactivated_sees_what_everybody_sees(self, hidden, erin, now):
        erin.is_active = False
        assert hidden not in Frame.objects.visible_to(erin, at=now)

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("wait", [False, True], ids=["flags are set", "dates have come, flags wait"])
    def test_lists_counts_and_the_rule_agree(self, frame_factory, alice, bob, erin, admin, wait):
        now = timezone.now()
        dates = (NEVER, now - timedelta(days=1), now + timedelta(days=1))
        made = [frame_factory(proposal_id=each, public_date=at) for each, at in product(("", "PROP001", "P2"), dates)]
        if wait:
            let_dates_pass(Frame.objects.filter(pk__in=[made[2].pk, made[5].pk, made[8].pk]))
            now = timezone.now()
        for reader in (AnonymousUser(), alice, bob, erin, admin):
            for text in ("", "proposal_id=P2", "start=2025-01-01", "site_id=lsc&start=2025-03-10", "basename=lsc"):
                listing = listing_for(reader, asked_terms(QueryDict(text)), at=now)
                seen = asked_terms(QueryDict(text)).narrow(frames_for(reader, at=now))
                assert count(listing).n == seen.count(), (reader, text)

    def test_a_request_asks_no_more_statements_for_it(self, hidden, api, alice, erin):
        Frame.objects.update(proposal_id="PROP001")

        def n_statements(user, address):
            with CaptureQueriesContext(connection) as asked:
                assert api(user).get(address).status_code == 200
            return len(asked)

        addresses = ("/frames/", f"/frames/{hidden.pk}/", "/thumbnails/", "/events/replay/", "/frames/aggregate/")
        for address in addresses:
            assert n_statements(erin, address) == n_statements(alice, address), address


class TestWhoCanNameIt:
    def test_the_portal_can_not_grant_it(self, portal, api, db):
        portal.person("carol", api_token="carol-key", proposals=[ALL_PROGRAMMES, "PROP009"])
        carol = User.objects.create_user("carol")
        carol.profile.portal_token = "carol-key"
        carol.profile.save()
        assert api(carol).get("/profile/").json()["profile"]["proposals"] == ["PROP009"]

    def test_the_database_does_not_keep_it_of_the_portal(self, bob):
        with pytest.raises(IntegrityError, match="portal_membership_of_one"), transaction.atomic():
            PortalMembership.objects.create(user=bob, proposal_id=ALL_PROGRAMMES)

    def test_no_frame_is_of_it(self, frame_factory, api, admin, store):
        refused = api(admin).post("/frames/", body(proposal_id=ALL_PROGRAMMES), format="json")
        assert (refused.status_code, "stands for all" in refused.content.decode()) == (400, True)
        frame = frame_factory()
        refused = api(admin).patch(f"/frames/{frame.pk}/", {"proposal_id": ALL_PROGRAMMES}, format="json")
        assert (refused.status_code, Frame.objects.get().proposal_id) == (400, "PROP001")

    def test_no_family_and_no_observation_is_of_it(self, now):
        rows = [
            Exposure(kind="photonranch", site_id="tst", name="a", night=now.date(), proposal_id=ALL_PROGRAMMES),
            Observation(name="a", proposal_id=ALL_PROGRAMMES, observed_at=now, night=now.date()),
        ]
        for row in rows:
            with pytest.raises(IntegrityError, match="of_one_proposal"), transaction.atomic():
                row.save()

    def test_a_member_of_a_proposal_with_a_star_in_its_name_holds_only_that(self, hidden, api, bob):
        for name in ("**", "* ", "PROP*", "%"):
            Proposal.objects.create(id=name).members.add(bob)
        assert api(bob).get(f"/frames/{hidden.pk}/").status_code == 404
