"""Whoever changes when a cube becomes public changes it for its fit and its exposure; each frame is told of once."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from archive.domain import releases
from archive.domain.releases import Change
from archive.enums import EventName
from archive.errors import ConflictError
from archive.models import Event, Frame, ReleaseChange

LATER = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.fixture
def row(take_exposure, muse_tree):
    return take_exposure(muse_tree[0], PROPID="P1")


@pytest.fixture
def change(now):
    return lambda **of_what: Change(LATER, "alice", "the paper is late", now, **of_what)


def told():
    return Counter(Event.objects.filter(name=EventName.FRAME_UPDATED).values_list("frame_id", flat=True))


def names(rows):
    return sorted((row.basename, row.follows) for row in rows)


def test_a_fit_and_its_exposure_follow_their_cube(row, change):
    Event.objects.all().delete()
    made = releases.change_frame(frame_id=row.cube_id, change=change())
    assert names(made) == [(row.name, False), (f"{row.name}.prm", True), (f"{row.name}.psf", True)]
    row.refresh_from_db()
    assert row.public_date == LATER
    changed = Frame.objects.filter(public_date=LATER).values_list("pk", flat=True)
    assert told() == Counter(changed)


def test_a_programme_changes_with_cubes_fits_and_raw_files_each_told_of_once(row, change):
    Event.objects.all().delete()
    made = releases.change_proposal(proposal_id="P1", change=change(of_proposal=True))
    assert told() == Counter(each.frame_id for each in made)
    assert len(made) == 4
    row.refresh_from_db()
    assert row.public_date == LATER


def test_a_fit_that_follows_its_cube_can_not_be_changed_alone(row, change):
    before = ReleaseChange.objects.count(), Event.objects.count()
    fit = Frame.objects.get(basename=f"{row.name}.prm")
    with pytest.raises(ConflictError, match="follows"):
        releases.change_frame(frame_id=fit.pk, change=change())
    assert (ReleaseChange.objects.count(), Event.objects.count()) == before
