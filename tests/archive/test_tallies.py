"""Tallies and flags: equal to a recount at any moment, whatever comes, changes, goes, or becomes public."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.domain import tallies
from archive.models import Frame, ProposalTally, ProposalTimeTally, SetupTally, TargetTally
from archive.models.tally import SETUP
from pipeline import tasks

pytestmark = pytest.mark.django_db(transaction=True)

PAST, NEVER = datetime(2020, 1, 1, tzinfo=UTC), None
FIRST = datetime(2025, 12, 30, 22, 30, tzinfo=UTC)


def spans_of(day: date) -> list[tuple[int, date]]:
    return [(0, date(1, 1, 1)), (1, day.replace(month=1, day=1)), (2, day.replace(day=1)), (3, day)]


def recounted() -> dict[Any, Counter[Any]]:
    """What the tallies should say, worked out from the frames here."""
    wanted: dict[Any, Counter[Any]] = {
        model: Counter() for model in (SetupTally, ProposalTally, ProposalTimeTally, TargetTally)
    }
    for frame in Frame.objects.filter(is_listed=True):
        setup = tuple(getattr(frame, column) for column in SETUP)
        wanted[ProposalTally][frame.proposal_id, *setup, frame.is_public] += 1
        wanted[TargetTally][frame.target_name, frame.is_public] += 1
        assert frame.observation_date is not None
        for span in spans_of(frame.observation_date.astimezone(UTC).date()):
            wanted[SetupTally][*span, *setup, frame.is_public] += 1
            wanted[ProposalTimeTally][*span, frame.proposal_id, frame.is_public] += 1
    return wanted


def told() -> dict[Any, Counter[Any]]:
    keys = {
        SetupTally: ("span", "starts_on", *SETUP, "is_public"),
        ProposalTally: ("proposal_id", *SETUP, "is_public"),
        ProposalTimeTally: ("span", "starts_on", "proposal_id", "is_public"),
        TargetTally: ("target_name", "is_public"),
    }
    found: dict[Any, Counter[Any]] = {}
    for model, columns in keys.items():
        sums = model._default_manager.values_list(*columns).annotate(n=Sum("n_frames"))
        found[model] = Counter({tuple(key): n for *key, n in sums if n})
    return found


def make(number: int, *, public_date: datetime | None, site: str, proposal: str, hours: int, listed: bool) -> Frame:
    return Frame(
        basename=f"tallied{number}",
        observation_date=FIRST + timedelta(hours=hours),
        observation_day=date(2025, 12, 30),
        public_date=public_date,
        site_id=site,
        proposal_id=proposal,
        target_name=f"target of {site}",
        reduction_level=91 if hours % 2 else 0,
        is_listed=listed,
    )


FRAMES = st.fixed_dictionaries(
    {
        "public_date": st.sampled_from([PAST, NEVER]),
        "site": st.sampled_from(["lsc", "cpt"]),
        "proposal": st.sampled_from(["", "P1", "P2"]),
        "hours": st.integers(0, 60),  # over the ends of a day, a month and a year
        "listed": st.booleans(),
    }
)
STEPS = st.one_of(
    st.tuples(st.just("insert"), st.lists(FRAMES, min_size=1, max_size=4)),
    st.tuples(st.just("upsert"), st.lists(FRAMES, min_size=1, max_size=3)),
    st.tuples(st.just("update"), FRAMES),
    st.tuples(st.just("embargo"), st.sampled_from([PAST, NEVER])),
    st.tuples(st.just("date passes"), st.none()),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("roll back"), st.lists(FRAMES, min_size=1, max_size=2)),
    st.tuples(st.just("turn public"), st.none()),
    st.tuples(st.just("fold"), st.none()),
)


class Walk:
    """Steps on a table of frames, each of which picks rows by what it is given."""

    def __init__(self) -> None:
        self.number = 0

    def new(self, kinds: list[dict[str, Any]]) -> list[Frame]:
        self.number += len(kinds)
        return [make(self.number - place, **kind) for place, kind in enumerate(kinds)]

    def step(self, name: str, given_: Any) -> None:
        every_second = list(Frame.objects.order_by("pk").values_list("pk", flat=True))[::2]
        some = Frame.objects.filter(pk__in=every_second)
        match name:
            case "insert":
                Frame.objects.bulk_create(self.new(given_))
            case "upsert":
                upsert(self.new(given_), instead_of=some)
            case "update":
                some.update(site_id=given_["site"], observation_date=FIRST + timedelta(hours=given_["hours"]))
            case "embargo":
                some.update(public_date=given_)
            case "date passes":
                let_dates_pass(some)
            case "delete":
                some.delete()
            case "roll back":
                insert_in_vain(self.new(given_))
            case _:
                {"turn public": tallies.turn_public, "fold": tallies.fold}[name]()


def upsert(frames: list[Frame], *, instead_of) -> None:
    for frame, basename in zip(frames, instead_of.values_list("basename", flat=True), strict=False):
        frame.basename = basename
    columns = ["site_id", "public_date", "is_listed", "observation_date", "proposal_id", "target_name"]
    Frame.objects.bulk_create(frames, update_conflicts=True, unique_fields=["basename"], update_fields=columns)


def let_dates_pass(frames) -> None:
    """Frames whose public date came while nobody wrote them: dated back behind the trigger's back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE archive_frame DISABLE TRIGGER frame_is_public")
        frames.filter(is_public=False).update(public_date=PAST)
        cursor.execute("ALTER TABLE archive_frame ENABLE TRIGGER frame_is_public")


def insert_in_vain(frames: list[Frame]) -> None:
    with transaction.atomic():
        Frame.objects.bulk_create(frames)
        transaction.set_rollback(True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
def test_tallies_equal_a_recount_after_any_steps(db, steps):
    Frame.objects.all().delete()
    walk = Walk()
    for name, given_ in steps:
        walk.step(name, given_)
        assert told() == recounted(), name
    tallies.recount()
    assert told() == recounted()


@pytest.mark.parametrize(("public_date", "is_public"), [(PAST, True), (NEVER, False), ("tomorrow", False)])
def test_the_flag_follows_the_date_by_the_clock_of_the_database(db, public_date, is_public):
    when = datetime.now(UTC) + timedelta(days=1) if public_date == "tomorrow" else public_date
    frame = make(1, public_date=when, site="lsc", proposal="", hours=0, listed=True)
    frame.is_public = not is_public  # whatever a writer says
    frame.save()
    frame.refresh_from_db()
    assert frame.is_public is is_public
    Frame.objects.update(is_public=not is_public)
    frame.refresh_from_db()
    assert frame.is_public is is_public


def test_the_beat_s_tasks_turn_flags_and_fold(db):
    Frame.objects.bulk_create(
        make(number, public_date=NEVER, site="lsc", proposal="", hours=0, listed=True) for number in range(3)
    )
    let_dates_pass(Frame.objects.all())
    assert Frame.objects.filter(is_public=True).count() == 0
    tasks.turn_frames_public()
    assert Frame.objects.filter(is_public=True).count() == 3
    tasks.fold_tallies()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM archive_tallydelta")
        assert cursor.fetchone() == (0,)
    assert told() == recounted()


def test_a_truncated_table_and_frames_that_were_loaded_behind_the_triggers_are_counted_anew(db, capsys):
    with connection.cursor() as cursor:
        Frame.objects.bulk_create([make(1, public_date=PAST, site="lsc", proposal="", hours=0, listed=True)])
        tallies.fold()
        cursor.execute("TRUNCATE archive_frame CASCADE")
        assert told() == recounted()
        cursor.execute("ALTER TABLE archive_frame DISABLE TRIGGER frame_tally_inserted")
        Frame.objects.bulk_create([make(2, public_date=PAST, site="cpt", proposal="", hours=0, listed=True)])
        cursor.execute("ALTER TABLE archive_frame ENABLE TRIGGER frame_tally_inserted")
    assert told() != recounted()
    call_command("recount")
    assert "Counted: 1 kinds" in capsys.readouterr().out
    assert told() == recounted()


def test_a_recount_lays_the_tallies_in_the_order_in_which_they_are_summed(db):
    Frame.objects.bulk_create(
        make(number, public_date=PAST, site="cpt", proposal="", hours=-24 * (number * 7 % 40), listed=True)
        for number in range(40)
    )
    tallies.fold()
    tallies.recount()
    with connection.cursor() as cursor:
        cursor.execute("SELECT span, starts_on FROM archive_setuptally ORDER BY ctid")
        as_they_lie = cursor.fetchall()
        cursor.execute("SELECT pg_relation_size('archive_setuptally') / current_setting('block_size')::int")
        (pages,) = cursor.fetchone()
    assert len(as_they_lie) > 40  # days, months, a year or two, and all
    assert as_they_lie == sorted(as_they_lie)
    assert pages == 1  # what was deleted takes no room
