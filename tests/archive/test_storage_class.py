"""Bytes that have grown old move to infrequent access, and the rows follow."""

from datetime import timedelta

import pytest

from archive.domain import expiry
from archive.domain.storage_class import _follow, move_old_bytes
from archive.errors import NotFoundError
from archive.models import DoomedBytes, ExpiryRule, StoredObject
from tests.factories import OBSERVED_AT, FrameFactory

A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
IN_30_DAYS = OBSERVED_AT + 30 * A_DAY


def classes(store, stored: StoredObject) -> list[str]:
    return [version.storage_class for version in store.versions(stored.path)]


@pytest.mark.django_db
def test_at_30_days_and_not_before(frame_factory, store, django_capture_on_commit_callbacks):
    """The rule that the migration laid; the store's listing tells."""
    frame = frame_factory(content=b"bytes")
    before = frame.versions.get().object
    assert move_old_bytes(at=IN_30_DAYS - A_SECOND, most=9) == 0
    assert classes(store, before) == ["STANDARD"]
    with django_capture_on_commit_callbacks(execute=True):
        assert move_old_bytes(at=IN_30_DAYS, most=9) == 1
        assert len(classes(store, before)) == 2  # the old version stays up to the commit
    after = frame.versions.get().object
    assert (after.pk, after.md5, after.storage_class) == (before.pk, before.md5, "STANDARD_IA")
    assert after.version_id != before.version_id
    assert [version.version_id for version in store.versions(after.path)] == [after.version_id]
    assert classes(store, after) == ["STANDARD_IA"]
    assert b"".join(store.stream(after.path, after.version_id)) == b"bytes"
    assert move_old_bytes(at=IN_30_DAYS, most=9) == 0
    assert list(expiry.due(at=IN_30_DAYS)) == []


@pytest.mark.django_db
def test_the_newest_version_stays_on_top(frame_factory, store, django_capture_on_commit_callbacks):
    frame = frame_factory(versions=3)
    with django_capture_on_commit_callbacks(execute=True):
        assert move_old_bytes(at=IN_30_DAYS, most=9) == 3
    newest_first = [version.object.version_id for version in frame.versions.order_by("-created", "-pk")]
    assert [held.version_id for held in store.versions(frame.versions.first().object.path)] == newest_first


@pytest.mark.django_db
def test_the_most_specific_rule_says_when(frame_factory, store):
    frame_factory(site_id="tst")
    ExpiryRule.objects.create(name="never", kind="frame", site_id="tst", only_storage_class=True)
    assert move_old_bytes(at=IN_30_DAYS, most=9) == 0


@pytest.mark.django_db
def test_a_run_stops_at_its_bound_and_the_next_goes_on(frame_factory):
    for _ in range(3):
        frame_factory()
    assert [move_old_bytes(at=IN_30_DAYS, most=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.django_db
def test_a_row_that_was_given_other_bytes_meanwhile_keeps_them(
    frame_factory, store, django_capture_on_commit_callbacks
):
    stored = frame_factory().versions.get().object
    copy = store.move_to_infrequent(stored.path, stored.version_id)
    StoredObject.objects.filter(pk=stored.pk).update(version_id="another")
    with django_capture_on_commit_callbacks(execute=True):
        _follow(stored, copy.version_id)
    stored.refresh_from_db()
    assert (stored.version_id, stored.storage_class) == ("another", "")
    with pytest.raises(NotFoundError):
        store.head(stored.path, copy.version_id)
    assert DoomedBytes.objects.count() == 0


@pytest.mark.django_db
def test_bytes_that_are_missing_do_not_keep_the_others(frame_factory, store):
    lost, other = frame_factory(), frame_factory()
    stored = lost.versions.get().object
    store.delete(stored.path, stored.version_id)
    assert move_old_bytes(at=IN_30_DAYS, most=1) == 1
    assert other.versions.get().object.storage_class == "STANDARD_IA"


@pytest.mark.django_db
def test_a_store_with_one_class_is_left_as_it_is(use_store, tmp_path):
    made = use_store(type="local", root_dir=str(tmp_path))
    stored = FrameFactory(made)().versions.get().object
    assert move_old_bytes(at=IN_30_DAYS, most=9) == 0
    assert [version.version_id for version in made.versions(stored.path)] == [stored.version_id]
