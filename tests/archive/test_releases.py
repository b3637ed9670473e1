"""Public dates that people change: who did it and why is kept, what follows goes with it, and the world is told."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from archive.domain import releases
from archive.domain.releases import Change
from archive.enums import EventName, ExposureKind
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Exposure, Frame, Observation, ReleaseChange

BEFORE, AFTER = datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def change(after=AFTER, **how):
    return Change(**{"after": after, "by": "admin", "reason": "press release", "at": timezone.now(), **how})


def test_a_frame_becomes_public_with_who_and_why(frame_factory):
    frame, other = frame_factory(public_date=BEFORE), frame_factory(public_date=BEFORE)
    [row] = releases.change_frame(frame_id=frame.pk, change=change())
    frame.refresh_from_db()
    other.refresh_from_db()
    assert (frame.public_date, frame.is_public, other.public_date) == (AFTER, True, BEFORE)
    assert (row.before, row.after, row.changed_by, row.reason) == (BEFORE, AFTER, "admin", "press release")
    told = Event.objects.filter(name=EventName.FRAME_UPDATED, frame_id=frame.pk)
    assert [event.body for event in told] == [{"frameid": frame.pk}]


def test_repeated_it_changes_and_tells_nothing(frame_factory):
    frame = frame_factory(public_date=BEFORE)
    releases.change_frame(frame_id=frame.pk, change=change())
    n_events = Event.objects.count()
    assert releases.change_frame(frame_id=frame.pk, change=change()) == []
    assert (ReleaseChange.objects.count(), Event.objects.count()) == (1, n_events)


def test_never_is_a_date_too(frame_factory):
    frame = frame_factory(public_date=AFTER)
    releases.change_frame(frame_id=frame.pk, change=change(after=None))
    releases.change_frame(frame_id=frame.pk, change=change(after=BEFORE))
    dates = ReleaseChange.objects.order_by("pk").values_list("before", "after")
    assert list(dates) == [(AFTER, None), (None, BEFORE)]


def test_what_was_made_of_a_raw_frame_follows_it(ao, frame_factory):
    observation = ao.observation(public_date=BEFORE, proposal_id="4")
    raws = [ao.raw_file(observation, file_number=n, public_date=BEFORE, proposal_id="4").frame for n in (0, 1)]
    stack = frame_factory(basename=f"{observation.name}_stack", public_date=BEFORE, proposal_id="4")
    releases.change_frame(frame_id=raws[0].pk, change=change())
    stack.refresh_from_db()
    assert stack.public_date == BEFORE  # the other file is not public yet
    made = releases.change_frame(frame_id=raws[1].pk, change=change())
    stack.refresh_from_db()
    assert stack.public_date == Observation.objects.get().public_date == AFTER
    assert {(row.basename, row.follows) for row in made} == {(raws[1].basename, False), (stack.basename, True)}
    assert Event.objects.filter(name=EventName.FRAME_UPDATED, frame_id=stack.pk).exists()


def test_a_programme_changes_as_a_whole(frame_factory):
    of_it = [frame_factory(public_date=date, proposal_id="P1") for date in (BEFORE, None, AFTER)]
    other = frame_factory(public_date=BEFORE, proposal_id="P2")
    made = releases.change_proposal(proposal_id="P1", change=change(of_proposal=True))
    assert set(Frame.objects.filter(proposal_id="P1").values_list("public_date", flat=True)) == {AFTER}
    assert Frame.objects.get(pk=other.pk).public_date == BEFORE
    assert {row.basename for row in made} == {frame.basename for frame in of_it[:2]}
    assert all(row.of_proposal for row in made)
    assert releases.change_proposal(proposal_id="P1", change=change(of_proposal=True)) == []


def test_too_many_at_once_are_refused_and_nothing_is_changed(frame_factory, monkeypatch):
    monkeypatch.setattr(releases, "MOST_FRAMES", 1)
    for _ in range(2):
        frame_factory(public_date=BEFORE, proposal_id="P1")
    with pytest.raises(UsageError, match="more than 1 frames"):
        releases.change_proposal(proposal_id="P1", change=change())
    assert not ReleaseChange.objects.exists()


@pytest.mark.django_db
def test_what_is_not_there_can_not_be_changed():
    with pytest.raises(NotFoundError):
        releases.change_frame(frame_id=1, change=change())
    with pytest.raises(NotFoundError):
        releases.change_proposal(proposal_id="P1", change=change())
    with pytest.raises(UsageError):
        releases.change_proposal(proposal_id="", change=change())


def test_a_product_can_not_be_changed_without_what_it_was_made_of(ao):
    observation = ao.observation(public_date=BEFORE)
    product = ao.candidate(observation)
    frame = Frame.objects.get(versions__product_files__product__observation=observation) if product else None
    with pytest.raises(ConflictError, match="made of others"):
        releases.change_frame(frame_id=frame.pk, change=change())


@pytest.mark.parametrize("missing", [{"by": " "}, {"reason": ""}])
def test_who_and_why_must_be_said(missing):
    with pytest.raises(UsageError):
        change(**missing)


def test_a_failure_leaves_nothing_behind(frame_factory, monkeypatch):
    frame = frame_factory(public_date=BEFORE)
    monkeypatch.setattr(Event.objects, "bulk_create", lambda _rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        releases.change_frame(frame_id=frame.pk, change=change())
    assert Frame.objects.get().public_date == BEFORE
    assert not ReleaseChange.objects.exists()


def test_a_family_goes_with_its_frame(frame_factory, now):
    family = Exposure.objects.create(
        kind=ExposureKind.PHOTON_RANCH, name="sro-kb001ms-20220629-00010442", site_id="sro", night=now.date(), sort_date=now,
        public_date=BEFORE, header={"FILTER": "w"},
    )  # fmt: skip
    frame, beside = (frame_factory(public_date=BEFORE) for _ in range(2))
    Frame.objects.update(exposure=family)
    made = releases.change_frame(frame_id=frame.pk, change=change())
    family.refresh_from_db()
    beside.refresh_from_db()
    assert family.public_date == beside.public_date == AFTER
    assert {(row.frame_id, row.follows) for row in made} == {(frame.pk, False), (beside.pk, True)}
    assert Event.objects.filter(name=EventName.FAMILY_UPDATED).count() == 1
