"""Who is told of an event is who may see its frame: the rule for many against the rule for one."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from archive.domain import events, sight
from archive.domain.removal import delete_frame
from archive.enums import EventName
from archive.models import Event, Frame, PortalMembership, Proposal
from archive.terms.listening import ear_for

pytestmark = pytest.mark.django_db
PROPOSALS = ("", "PROP001", "PROP002", "PROP003")


@pytest.fixture
def readers(alice, bob, erin, admin):
    """Everybody that the rule tells apart."""
    both = User.objects.create_user("both")
    for name in ("PROP002", "PROP003"):
        Proposal.objects.create(id=name).members.add(both)
    by_portal = User.objects.create_user("by-portal")
    PortalMembership.objects.create(user=by_portal, proposal_id="PROP003")
    gone = User.objects.create_user("gone", is_active=False)
    Proposal.objects.get(pk="PROP001").members.add(gone)
    gone_holder = User.objects.create_user("gone-holder", is_active=False)
    erin.proposals.get().members.add(gone_holder)
    gone_admin = User.objects.create_superuser("gone-admin", is_active=False)
    return [AnonymousUser(), alice, bob, erin, admin, both, by_portal, gone, gone_holder, gone_admin]


@pytest.fixture
def sample(frame_factory, now):
    """Frames of each proposal, public, not yet, never, and from this very moment on; and a placeholder."""
    dates = (None, now - timedelta(days=1), now + timedelta(microseconds=1), now)
    made = [frame_factory(proposal_id=proposal, public_date=at) for proposal, at in product(PROPOSALS, dates)]
    made.append(Frame.objects.create(basename="only-named", proposal_id="PROP001"))
    return [events.record_event(EventName.FRAME_UPDATED, frame=frame, body={}, at=now) for frame in made]


def ears_of(readers, text=""):
    return [ear_for(reader, QueryDict(text)) for reader in readers]


def seen(told, ear):
    return {each.event.frame_id for each in told[ear]}


def test_many_readers_see_what_each_would_see_alone(readers, sample, now):
    told = sight.told(sample, ears_of(readers), at=now)
    for reader, ear in zip(readers, ears_of(readers), strict=True):
        assert seen(told, ear) == set(Frame.objects.visible_to(reader, at=now).values_list("pk", flat=True)), reader


def test_the_same_holds_of_frames_that_are_gone(readers, sample, now):
    before = {
        ear: set(Frame.objects.visible_to(reader, at=now).values_list("pk", flat=True))
        for reader, ear in zip(readers, ears_of(readers), strict=True)
    }
    for event in sample:
        delete_frame(frame_id=event.frame_id, at=now, by="test")
    told = sight.told(list(Event.objects.order_by("pk")), ears_of(readers), at=now)
    assert {ear: seen(told, ear) for ear in told} == before


def test_terms_narrow_as_they_do_in_lists(api, sample, admin, now):
    for text in ("proposal_id=PROP002", "OBJECT=m 5", "exclude_OBSTYPE=EXPOSE", "end=2025-03-10T01:08:31Z"):
        (ear,) = ears_of([admin], text)
        listed = {frame["id"] for frame in api(admin).get(f"/frames/?{text}&limit=1000").json()["results"]}
        assert seen(sight.told(sample, [ear], at=now), ear) == listed, text


@pytest.mark.parametrize(("word", "expected"), [("true", (2, 4)), ("false", (1, 3))])
def test_public_is_judged_at_the_time_of_telling(sample, admin, now, word, expected):
    (ear,) = ears_of([admin], f"public={word}&proposal_id=PROP001")
    first = sample[4].frame_id
    assert seen(sight.told(sample, [ear], at=now), ear) == {first - 1 + number for number in expected}


def test_statements_are_few_however_many_listen(readers, sample, now):
    users = [User.objects.create_user(f"user-{number}") for number in range(30)]
    ears = ears_of([*readers, *users]) + ears_of([*readers, *users], "site_id=lsc")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        sight.told(sample, ears, at=now)
    assert len(asked) == 4  # the frames, who holds proposals, who is superuser, one for the terms
