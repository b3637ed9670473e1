"""Families of Photon Ranch expire whole, in a real, versioned bucket; so do info images. The clock is handed in."""

from datetime import datetime, timedelta

import pytest

from archive.domain import expiry, info_images
from archive.domain.family_expiry import FAMILIES, INFO_IMAGES
from archive.domain.storage_class import move_old_bytes
from archive.enums import EventName, ExpiringKind, ExposureKind
from archive.models import (
    DoomedBytes,
    Event,
    ExpiryRule,
    Exposure,
    ExposureFile,
    Frame,
    InfoImage,
    OwnExpiry,
    StoredObject,
    Tombstone,
)
from ingest.arrivals import take_in_header, take_in_object
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from tests.flows.test_expiry_s3 import bucket, s3_store  # noqa: F401 - fixtures
from tests.photonranch_night import MadeFamily, ptr_night

A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
HOURS_48 = timedelta(hours=48)


@pytest.fixture
def arrive(inspector, tmp_path, now):
    """Puts a family's files into a store and takes them in; answers the exposure and when the last file was put."""

    def arrive_in(store, family: MadeFamily, *, turns: int = 1) -> tuple[Exposure, datetime]:
        for turn in range(turns):
            for path, content in family.files.items():
                local = tmp_path / "sent"
                local.write_bytes(content)
                # The text header comes once: of equal bytes nothing new would be told.
                if turn == 0 or path.endswith(".txt"):
                    put = store.put(local, Upload(path, digest_of(local), "application/octet-stream"))
                    take_in_object(path=path, version_id=put.version_id, store=store, inspector=inspector, now=now)
        exposure = Exposure.objects.get(name=family.base)
        newest = max(ExposureFile.objects.filter(exposure=exposure, made_from=None).values_list("put_at", flat=True))
        return exposure, newest

    return arrive_in


def one_family(**values) -> MadeFamily:
    return next(ptr_night(n=1, large_px=16, picture_px=96, **values))


@pytest.fixture
def rules(db):
    """Those of a new archive, also after a test that emptied the tables."""
    ExpiryRule.objects.all().delete()
    kinds = {"kind": "family", "last_raw_copy": True}
    ExpiryRule.objects.create(name="EP", data_type="EP", after=7 * A_DAY, **kinds)
    ExpiryRule.objects.create(name="EF", data_type="EF", after=A_DAY, **kinds)
    ExpiryRule.objects.create(name="tst", site_id="tst", after=timedelta(seconds=300), **kinds)
    ExpiryRule.objects.create(name="info", kind="info-image", after=HOURS_48, last_raw_copy=True)


@pytest.mark.django_db(transaction=True)
def test_families_go_at_their_times_with_everything_that_is_theirs(s3_store, bucket, arrive, rules, api, admin):  # noqa: F811
    """EP after 7 days, EF after one, those of the test site after 300 s, EX never."""
    ages = {"tst": timedelta(seconds=300), "EF": A_DAY, "EP": 7 * A_DAY}
    made = {
        "tst": one_family(site="tst", data_type="EP"),  # the site stands above the type
        "EF": one_family(site="sro", data_type="EF"),
        "EP": one_family(site="sro", data_type="EP", first=2),
        "EX": one_family(site="sro", data_type="EX", first=3),
    }
    exposures, put_at = {}, {}
    for name, family in made.items():
        exposures[name], put_at[name] = arrive(s3_store, family, turns=2)
        bucket.plain_delete(family.key("01.txt"))
    paths = {name: set(StoredObject.objects.filter(exposure_file__exposure=exposure).values_list("path", flat=True))
             for name, exposure in exposures.items()}  # fmt: skip
    frames = {name: list(Frame.objects.filter(exposure=exposure)) for name, exposure in exposures.items()}
    assert all(len(found) >= 6 for found in paths.values())  # header, FITS files, pictures, and the thumbnail
    assert all(frames.values())
    for name, age in ages.items():
        at = put_at[name] + age
        assert exposures[name].name not in {thing.name for thing in FAMILIES.due(at=at - A_SECOND)}
        listed = [(thing.kind, thing.name, thing.cause.rule) for thing in expiry.due(at=at)]
        assert listed == [("family", exposures[name].name, name)]
        assert expiry.fate_of(ExpiringKind.FAMILY, exposures[name].name).goes_at == at
        assert expiry.expire(at=at) == 1
        assert [bucket.held(path) for path in paths[name]] == [[]] * len(paths[name])
        assert not Exposure.objects.filter(pk=exposures[name].pk).exists()
        assert not StoredObject.objects.filter(path__in=paths[name]).exists()
        for frame in frames[name]:
            assert api(admin).get(f"/frames/{frame.pk}/").status_code == 410
    assert expiry.expire(at=max(put_at.values()) + 9999 * A_DAY) == 0
    assert all(bucket.held(path) for path in paths["EX"])
    assert len(bucket.held(made["EX"].key("01.txt"))) == 3  # two versions, and what a plain delete left on top
    assert DoomedBytes.objects.count() == 0
    deleted = Event.objects.filter(name=EventName.FAMILY_DELETED).order_by("pk")
    assert [event.body["rule"] for event in deleted] == ["tst", "EF", "EP"]
    assert [event.body["base_filename"] for event in deleted] == [exposures[name].name for name in ages]


@pytest.mark.django_db(transaction=True)
def test_a_family_that_expired_may_come_back(s3_store, bucket, arrive, rules):  # noqa: F811
    family = one_family(site="tst", first=11)
    first, put_at = arrive(s3_store, family)
    assert expiry.expire(at=put_at + A_DAY) == 1
    again, put_at = arrive(s3_store, family)
    assert again.pk != first.pk
    assert Tombstone.objects.filter(kind="family").get().thing_id == first.pk
    assert Frame.objects.filter(exposure=again).count() > 0
    assert expiry.expire(at=put_at) == 0


@pytest.mark.django_db(transaction=True)
def test_objects_of_a_neighbour_stay(s3_store, bucket, arrive, rules, tmp_path):  # noqa: F811
    """Not only no valid name: no name at all that begins alike is touched."""
    family = one_family(site="tst", first=21)
    _exposure, put_at = arrive(s3_store, family)
    path = family.key("01.txt")
    base = f"data/{family.base}"
    local = tmp_path / "other"
    local.write_bytes(b"somebody else's")
    neighbours = [f"{base}0-EX01.txt", f"{path}.bak", f"{base}"]
    for neighbour in neighbours:
        s3_store.put(local, Upload(neighbour, digest_of(local), "text/plain"))
    assert expiry.expire(at=put_at + 2 * A_DAY) == 1
    assert bucket.held(base) == sorted(neighbours)


@pytest.mark.django_db(transaction=True)
def test_info_images_go_after_48_hours_and_each_file_renews_them(s3_store, bucket, arrive, rules, now):  # noqa: F811
    family = one_family(site="sro", directory="info-images", first=31)
    info_images.announce(site="sro", channel=2, base=family.base, at=now)
    exposure, put_at = arrive(s3_store, family)
    assert InfoImage.objects.get(exposure=exposure).expires_at == now + HOURS_48
    assert info_images.shown(site="sro", channel=2, at=now + HOURS_48 - A_SECOND) is not None
    assert info_images.shown(site="sro", channel=2, at=now + HOURS_48) is None
    paths = set(StoredObject.objects.filter(exposure_file__exposure=exposure).values_list("path", flat=True))
    assert list(INFO_IMAGES.due(at=put_at + HOURS_48 - A_SECOND)) == []
    assert [thing.name for thing in expiry.due(at=put_at + HOURS_48)] == [family.base]
    assert expiry.expire(at=put_at + HOURS_48) == 1
    assert [bucket.held(path) for path in paths] == [[]] * len(paths)
    assert InfoImage.objects.filter(site_id="sro", channel=2).get().exposure is None
    assert not Exposure.objects.filter(kind=ExposureKind.INFO_IMAGE).exists()


@pytest.mark.django_db
def test_how_long_info_images_are_shown_is_a_rule(store, arrive, rules, now):
    ExpiryRule.objects.create(name="short", kind="info-image", site_id="sro", after=A_DAY)
    family = one_family(site="sro", directory="info-images")
    info_images.announce(site="sro", channel=1, base=family.base, at=now)
    exposure, _put_at = arrive(store, family)
    assert InfoImage.objects.get(exposure=exposure).expires_at == now + A_DAY


@pytest.mark.django_db
def test_a_family_with_a_raw_frame_stays_whole_unless_the_rule_says_so(store, arrive, rules):
    exposure, put_at = arrive(store, one_family(site="sro", large="00"))
    Frame.objects.filter(exposure=exposure).update(reduction_level=0)
    made = ExpiryRule.objects.create(name="all", kind="family", after=A_DAY)
    assert list(FAMILIES.due(at=put_at + A_DAY)) == []
    assert "raw frame" in expiry.fate_of(ExpiringKind.FAMILY, exposure.name).reason
    made.last_raw_copy = True
    made.save()
    assert [thing.name for thing in FAMILIES.due(at=put_at + A_DAY)] == [exposure.name]


@pytest.mark.django_db
def test_frames_of_a_family_go_with_it_and_not_by_rules_of_frames(store, arrive, rules):
    _exposure, put_at = arrive(store, one_family(site="sro"))
    ExpiryRule.objects.create(name="frames", kind="frame", after=A_DAY, last_raw_copy=True)
    assert list(expiry.due(at=put_at + 99 * A_DAY)) == []


@pytest.mark.django_db
def test_a_new_file_begins_the_time_of_its_family_anew(store, arrive, rules):
    _exposure, first = arrive(store, one_family(site="tst"))
    batch = list(FAMILIES.due(at=first + timedelta(seconds=300)))
    assert len(batch) == 1
    ExposureFile.objects.filter(exposure=batch[0].thing_id, role="picture").update(put_at=first + A_SECOND)
    assert FAMILIES.expire(batch, at=first + timedelta(seconds=300)) == []
    assert len(FAMILIES.expire(batch, at=first + timedelta(seconds=301))) == 1


@pytest.mark.django_db
def test_an_own_expiry_is_of_one_family_of_one_folder(store, arrive, rules):
    data, test = (one_family(site="sro", directory=directory) for directory in ("data", "test"))
    assert data.base == test.base
    take_in_header(path=data.key("01.txt"), header={}, now=datetime.fromisoformat("2026-11-21T12:00:00+00:00"))
    kept = Exposure.objects.get(kind=ExposureKind.PHOTON_RANCH)
    Exposure.objects.create(kind=ExposureKind.TEST, site_id="sro", name=test.base, night=kept.night)
    at = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    expiry.set_own_expiry(kind=ExpiringKind.TEST, name=test.base, expires_at=at, at=at - A_DAY)
    assert [(thing.kind, thing.name) for thing in expiry.due(at=at)] == [("test", test.base)]
    assert expiry.expire(at=at) == 1
    assert list(Exposure.objects.all()) == [kept]
    assert OwnExpiry.objects.count() == 0


@pytest.mark.django_db
def test_the_files_of_a_family_move_to_infrequent_access_by_their_own_rule(
    store, arrive, rules, django_capture_on_commit_callbacks
):
    exposure, put_at = arrive(store, one_family(site="sro"))
    ExpiryRule.objects.filter(only_storage_class=True).delete()
    ExpiryRule.objects.create(name="old", kind="family", after=30 * A_DAY, only_storage_class=True)
    assert move_old_bytes(at=put_at + 30 * A_DAY - A_SECOND, most=99) == 0
    with django_capture_on_commit_callbacks(execute=True):
        n_moved = move_old_bytes(at=put_at + 30 * A_DAY, most=99)
    objects = StoredObject.objects.filter(exposure_file__exposure=exposure)
    assert n_moved == objects.count() >= 6
    for stored in objects:
        [held] = store.versions(stored.path)
        assert (held.version_id, held.storage_class) == (stored.version_id, "STANDARD_IA")
