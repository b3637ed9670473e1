"""/recentuploads/: every upload for a while, and no name that would tell of a frame which the reader may not see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from archive.domain.upload_log import forget_expired, record_upload
from archive.models import UploadEntry

ROUTE = "/recentuploads/"


@pytest.fixture
def upload(db):
    def upload(name, *, site_id="sro", at=None, **more):
        return record_upload(filename=name, size_bytes=7, at=at or timezone.now(), site_id=site_id, **more)

    return upload


def names(answer) -> list[str]:
    return [row["filename"] for row in answer.json()["results"]]


def test_a_hundred_uploads_of_one_second_are_a_hundred_entries(upload, api, admin):
    at = timezone.now()
    for number in range(100):
        upload(f"data/{number:03d}.fits", at=at)
    seen = []
    page = f"{ROUTE}?site=sro&limit=30"
    while page:
        answer = api(admin).get(page)
        assert answer.json()["count"] == 100
        seen += names(answer)
        page = answer.json()["next"]
    assert sorted(seen) == [f"data/{number:03d}.fits" for number in range(100)]


def test_an_entry_says_what_the_original_s_log_says(upload, api, admin, settings):
    settings.UPLOADS_LOG_LIFETIME = timedelta(hours=5)
    entry = upload("data/a.txt")
    (row,) = api(admin).get(f"{ROUTE}?site=sro").json()["results"]
    assert (row["site"], row["filename"], row["size_bytes"]) == ("sro", "data/a.txt", 7)
    assert row["upload_timestamp_s"] == entry.uploaded_at.timestamp()
    assert row["expire_timestamp_s"] - row["upload_timestamp_s"] == 5 * 3600


def test_one_site_or_all(upload, api, admin):
    upload("a", site_id="sro")
    upload("b", site_id="mrc")
    assert names(api(admin).get(f"{ROUTE}?site=mrc")) == ["b"]
    assert names(api(admin).get(f"{ROUTE}?site=all")) == ["b", "a"]
    assert api(admin).get(ROUTE).status_code == 400


def test_an_entry_is_gone_after_its_life_time(upload, api, admin, settings):
    now = timezone.now()
    upload("old", at=now - settings.UPLOADS_LOG_LIFETIME)
    upload("young", at=now - settings.UPLOADS_LOG_LIFETIME + timedelta(minutes=5))
    assert names(api(admin).get(f"{ROUTE}?site=all")) == ["young"]  # before anybody has cleared up
    assert forget_expired(at=now) == 1
    assert [entry.filename for entry in UploadEntry.objects.all()] == ["young"]
    assert forget_expired(at=now + timedelta(minutes=5)) == 1


def test_names_are_told_to_those_who_may_see_the_frame(upload, api, alice, bob, admin, frame_factory):
    shown = frame_factory()
    hidden = frame_factory(public_date=None, proposal_id="PROP001")
    upload("shown", frame=shown)
    upload("hidden", frame=hidden)
    upload("nothing came of it")
    assert names(api(None).get(f"{ROUTE}?site=all")) == ["shown"]
    assert names(api(bob).get(f"{ROUTE}?site=all")) == ["shown"]
    assert names(api(alice).get(f"{ROUTE}?site=all")) == ["hidden", "shown"]
    bob.is_staff = True
    bob.save()
    for staff in (bob, admin):
        assert len(names(api(staff).get(f"{ROUTE}?site=all"))) == 3


def test_an_entry_whose_frame_was_deleted_is_for_staff_only(upload, api, admin, frame_factory):
    frame = frame_factory()
    upload("shown", frame=frame)
    api(admin).delete(f"/frames/{frame.pk}/")
    assert names(api(None).get(f"{ROUTE}?site=all")) == []
    assert names(api(admin).get(f"{ROUTE}?site=all")) == ["shown"]
