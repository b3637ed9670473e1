"""Observations follow from their raw files: in any order, twice, at once, and until the last one goes."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from archive.domain import expiry
from archive.domain.objects import NewObject, object_row
from archive.domain.removal import delete_frame
from archive.enums import ProductKind, ProductState, RawKind
from archive.models import ExpiryRule, Frame, Observation, Product, ProductFile, Proposal, RawFile, StoredObject
from ingest.checksums import digest_of
from ingest.intake import ingest_file
from ingest.stores.base import Upload
from tests.ao_camera import OBSERVATION, write_raw
from tests.archive.bodies import at_once_each, posted_raw
from tests.processes import until

OBSERVED = datetime(2016, 9, 25, 11, 4, 27, 40912, tzinfo=UTC)
A_YEAR = timedelta(days=365)
NAMES = [f"{OBSERVATION}{ending}.fits.bz2" for ending in ("", "_0", "_1", "_9", "_10")]


@pytest.fixture
def take(db, store, inspector, now, tmp_path):
    """Takes a raw file of the camera in; answers its frame."""

    def take(name=NAMES[0], **more):
        path = write_raw(tmp_path / "night", name, **more)
        return ingest_file(path, store=store, inspector=inspector, now=now).frame

    return take


def rows():
    """All that the archive says of observations, but for ids and times of change."""
    observations = [
        {**row, "position": row["position"] and row["position"].coords}
        for row in Observation.objects.order_by("name").values()
    ]
    for row in observations:
        del row["id"], row["modified_at"]
    raws = RawFile.objects.order_by("frame__basename").values("frame__basename", "observation__name", "file_number")
    return observations, list(raws)


class TestOne:
    def test_it_says_what_its_name_and_its_header_say(self, take, now):
        take()
        found = Observation.objects.get()
        assert (found.name, found.proposal_id, found.target_name) == (OBSERVATION, "4", "351_Yrsa")
        assert (found.camera, found.primary_optical_element, found.marker) == ("VIC", "lp600", "o")
        assert (found.observed_at, f"{found.night}") == (OBSERVED, "2016-09-25")
        assert (found.telescope_id, found.exposure_time, found.magnitude) == ("KPNO_2.1m", 119.3, 12.5)
        assert (found.altitude_deg, found.azimuth_deg) == (63.25, 120.5)
        assert found.position.coords == pytest.approx((15.5125, -12.5 / 60))
        assert found.public_date == OBSERVED + A_YEAR
        assert found.signal_class == ""

    def test_it_ends_with_its_last_file_as_far_as_headers_say_so(self, take):
        for seed, minutes in enumerate((2, 6, 4)):
            take(NAMES[seed], seed=seed, END_TIME=f"{OBSERVED + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%f}")
        take(NAMES[3], seed=3, END_TIME="9999")
        assert Observation.objects.get().ended_at == OBSERVED + timedelta(minutes=6)

    def test_its_files_are_frames_and_raw_files(self, take):
        for seed, name in enumerate(NAMES):
            take(name, seed=seed)
        observation = Observation.objects.get()
        assert [raw.file_number for raw in observation.raw_files.order_by("file_number")] == [0, 1, 2, 10, 11]
        raw = observation.raw_files.get(file_number=11)
        assert raw.frame.basename == f"{OBSERVATION}_10"
        assert (raw.kind, raw.detector_mode, raw.camera) == (RawKind.SCIENCE, "14", "VIC")  # few pixels: a sub-array
        assert (raw.observed_at, raw.primary_optical_element) == (OBSERVED, "lp600")

    def test_calibrations_are_of_none(self, take):
        take("dark_14_20160925_022013.118274.fits.bz2", seed=2)
        take("seeing_VIC_Si_20160925_030213.118274_0.fits.bz2", seed=3, MODE_NUM=2)
        assert not Observation.objects.exists()
        told = RawFile.objects.order_by("kind").values_list(
            "kind", "detector_mode", "file_number", "primary_optical_element"
        )
        assert list(told) == [("dark", "14", 0, ""), ("seeing", "24", 1, "Si")]

    def test_what_was_made_of_it_is_no_raw_file_and_its_names_wait_for_their_raws(self, take):
        stack = take(f"{OBSERVATION}_100p.fits", RAW00001=NAMES[0], RAW00002=NAMES[1])
        assert not RawFile.objects.exists()
        assert not Observation.objects.exists()
        named = set(stack.relations_in.values_list("source__basename", "kind"))
        assert named == {(OBSERVATION, "raw-of"), (f"{OBSERVATION}_0", "raw-of")}
        take(NAMES[1], seed=2)
        assert [raw.frame.basename for raw in RawFile.objects.all()] == [f"{OBSERVATION}_0"]

    def test_an_unknown_programme_makes_no_proposal(self, take):
        take()
        assert not Proposal.objects.exists()


class TestOrder:
    HEADERS = (
        {"EXPOSURE": None, "MAGNITUD": "9999", "TELRA": "9999", "OBJRA": "9999"},
        {"EXPOSURE": 20.0, "MAGNITUD": "9999", "L1PUBDAT": "2030-01-01T00:00:00"},
        {"EXPOSURE": 30.0, "MAGNITUD": 7.0, "AZIMUTH": "9999"},
    )

    def taken_in(self, take, order):
        for number in order:
            take(NAMES[number], seed=number, **self.HEADERS[number])
        return rows()

    @pytest.mark.parametrize("seed", range(4))
    def test_whichever_file_comes_last_the_rows_are_the_same(self, take, seed):
        straight = self.taken_in(take, [0, 1, 2])
        for frame in Frame.objects.all():
            delete_frame(frame_id=frame.pk, at=OBSERVED, by="test")
        assert rows() == ([], [])
        order = [0, 1, 2, 0, 1, 2]
        random.Random(seed).shuffle(order)
        assert self.taken_in(take, order) == straight
        (observation,), _ = straight
        # Of each fact the first file that knows it; the date by which all are public.
        assert (observation["exposure_time"], observation["magnitude"]) == (20.0, 7.0)
        assert observation["position"] == pytest.approx((15.5125, -12.5 / 60))
        assert observation["public_date"] == datetime(2030, 1, 1, tzinfo=UTC)

    def test_the_same_file_again_changes_nothing_at_all(self, take):
        take()
        before = list(Observation.objects.values())
        take()
        assert list(Observation.objects.values()) == before

    def test_a_better_header_of_the_same_file_stands_in_place_of_the_old_one(self, take):
        take(MAGNITUD="9999")
        assert Observation.objects.get().magnitude is None
        take(MAGNITUD=8.5, seed=2)
        assert Observation.objects.get().magnitude == 8.5
        assert RawFile.objects.count() == 1


class TestByOtherDoors:
    def test_a_client_that_stored_the_bytes_itself_makes_the_same_rows(self, take, api, admin):
        take()
        by_file = rows()
        delete_frame(frame_id=Frame.objects.get().pk, at=OBSERVED, by="test")
        answer = api(admin).post("/frames/", posted_raw(), format="json")
        assert answer.status_code == 201, answer.content
        assert rows() == by_file

    def test_a_client_that_parts_the_name_at_its_first_dot_makes_the_same_frame(self, api, admin, store):
        basename, _, rest = OBSERVATION.partition(".")
        body = posted_raw(basename=basename, extension=f".{rest}.fits.bz2")
        answer = api(admin).post("/frames/", body, format="json")
        assert answer.status_code == 201, answer.content
        assert (answer.json()["basename"], answer.json()["filename"]) == (OBSERVATION, NAMES[0])
        assert StoredObject.objects.get().path == f"kpno/roboao/20160925/raw/{NAMES[0]}"
        assert Observation.objects.get().name == OBSERVATION

    def test_a_client_s_wrong_name_is_refused(self, api, admin, store):
        answer = api(admin).post("/frames/", posted_raw(basename=f"{OBSERVATION[:-1]}"), format="json")
        assert answer.status_code == 400
        assert "time of six digits" in answer.json()["basename"][0]

    def test_who_may_see_a_raw_file_follows_a_change(self, take, api, admin):
        first, second = take(), take(NAMES[1], seed=2)
        client = api(admin)
        client.patch(f"/frames/{first.pk}/", {"public_date": "2031-05-01T00:00:00Z"}, format="json")
        assert Observation.objects.get().public_date == datetime(2031, 5, 1, tzinfo=UTC)
        client.patch(f"/frames/{second.pk}/", {"public_date": None}, format="json")
        assert Observation.objects.get().public_date is None

    def test_a_name_without_bytes_makes_none_until_they_come(self, api, admin, store, take):
        answer = api(admin).post("/frames/", posted_raw() | {"version_set": []}, format="json")
        assert answer.status_code == 201
        assert rows() == ([], [])
        take()
        assert Observation.objects.count() == RawFile.objects.count() == 1


class TestSight:
    def test_members_see_it_before_its_public_date_and_everybody_after(self, take, alice, bob, admin):
        take()
        Proposal.objects.create(id="4").members.add(alice)
        before, after = OBSERVED + timedelta(days=1), OBSERVED + A_YEAR
        seen = {user.username: Observation.objects.visible_to(user, at=before).count() for user in (alice, bob, admin)}
        assert seen == {"alice": 1, "bob": 0, "admin": 1}
        assert Observation.objects.visible_to(bob, at=after).count() == 1


@pytest.fixture
def made(take, store, tmp_path, now):
    """An observation of two files, with a reduced product that has a picture in the store."""
    frames = [take(), take(NAMES[1], seed=2)]
    product = Product.objects.create(
        observation=Observation.objects.get(),
        night=OBSERVED.date(),
        kind=ProductKind.BRIGHT_PREVIEW,
        subject=OBSERVATION,
        state=ProductState.DONE,
        fingerprint="a" * 64,
        not_before=now,
        created_at=now,
    )
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"a picture")
    digest = digest_of(picture)
    put = store.put(picture, Upload("archive/products/picture.png", digest, "image/png"))
    row = object_row(NewObject(store.name, put.path, put.version_id, digest.md5, digest), at=now)
    row.save()
    ProductFile.objects.create(
        product=product, role="cropped", filename="picture.png", object=row, sha256=digest.sha256, size_bytes=9
    )
    return frames


class TestEnd:
    def test_it_stays_while_one_file_is_there_and_says_what_that_says(self, made):
        delete_frame(frame_id=made[0].pk, at=OBSERVED, by="test")
        assert [raw.file_number for raw in Observation.objects.get().raw_files.all()] == [1]
        assert Product.objects.count() == 1

    def test_it_goes_with_its_last_file_and_so_do_its_products_and_their_bytes(
        self, made, store, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            for frame in made:
                delete_frame(frame_id=frame.pk, at=OBSERVED, by="test")
        for model in (Observation, RawFile, Product, ProductFile, StoredObject):
            assert not model.objects.exists(), model
        assert list(store.listing()) == []

    def test_it_goes_when_its_files_expire(self, made):
        ExpiryRule.objects.all().delete()
        ExpiryRule.objects.create(name="raw", kind="frame", instrument_id="roboao", after=A_YEAR, last_raw_copy=True)
        expiry.expire(at=OBSERVED + 30 * A_YEAR)
        assert not Frame.objects.exists()
        assert not Observation.objects.exists()


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_files_that_come_at_the_same_moment_are_one_observation(self, store, inspector, now, tmp_path):
        paths = [write_raw(tmp_path, name, seed=number) for number, name in enumerate(NAMES)]
        calls = [partial(ingest_file, path, store=store, inspector=inspector, now=now) for path in paths]
        ids = {taken.frame.pk for taken in at_once_each(calls)}
        observation = Observation.objects.get()
        assert set(observation.raw_files.values_list("frame_id", flat=True)) == ids
        assert len(ids) == len(paths)

    def test_a_file_that_comes_while_the_last_one_goes_finds_or_makes_the_observation(
        self, store, inspector, now, tmp_path
    ):
        first = ingest_file(write_raw(tmp_path), store=store, inspector=inspector, now=now).frame
        later = write_raw(tmp_path, NAMES[1], seed=2)
        going = threading.Event()

        def go() -> None:
            try:
                with transaction.atomic():
                    delete_frame(frame_id=first.pk, at=now, by="test")
                    going.set()
                    until(somebody_waits, what="the other transaction waits for this one")
            finally:
                connection.close()

        def come() -> None:
            try:
                assert going.wait(60)
                ingest_file(later, store=store, inspector=inspector, now=now)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(go), pool.submit(come)]:
                done.result()
        assert [raw.file_number for raw in Observation.objects.get().raw_files.all()] == [1]
