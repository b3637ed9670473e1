"""Who may be told of which events: the rule of visibility and readers' terms, for many events and readers at once.

However many readers listen, a batch costs one statement for the rule, two more when something in it is hidden, and one
for each set of terms.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, QuerySet

from archive.domain.listing import Terms
from archive.models import Event, Frame, FrameQuerySet, Proposal, Reader
from archive.models.frame import visible_condition

# The frames that events are about, in place of the table: their rows, and for those that have none what an event
# remembers. Of a frame that is gone the event of its end does so, for all events before it. What never was a frame gets
# a number that no frame has.
SUBJECTS = """
    WITH archive_frame AS MATERIALIZED (
        SELECT * FROM archive_frame WHERE id = ANY(%s)
        UNION ALL
        SELECT remembered.* FROM archive_event,
            jsonb_populate_record(NULL::archive_frame, subject) AS remembered
        WHERE frame_id = ANY(%s) AND subject IS NOT NULL
        UNION ALL
        SELECT remembered.* FROM archive_event,
            jsonb_populate_record(NULL::archive_frame, subject || jsonb_build_object('id', -archive_event.id))
            AS remembered
        WHERE archive_event.id = ANY(%s) AND frame_id IS NULL AND subject IS NOT NULL
    )
"""
EVERYBODY, SUPERUSER = AnonymousUser(), User(is_superuser=True)


@dataclass(frozen=True, slots=True)
class Ear:
    """Who listens, and to what: those with the same ear are told the same. `asked` is what tells terms apart."""

    user_id: int | None
    asked: str
    terms: Terms = field(compare=False)


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and of the frame that it is about what subscribers by site are told."""

    event: Event
    site_id: str
    basename: str


@dataclass(frozen=True, slots=True)
class _Subject:
    number: int
    site_id: str
    basename: str
    proposal_id: str
    is_public: bool
    is_known: bool


def ear_of(reader: Reader, *, asked: str, terms: Terms) -> Ear:
    return Ear(reader.pk if reader.is_active else None, asked, terms)


def told(events: Sequence[Event], ears: Collection[Ear], *, at: datetime) -> dict[Ear, list[Told]]:
    """For each ear those of `events` that it may hear at `at`, in their order."""
    subjects = _subjects_of(events, at=at)
    seen = _seen_by({ear.user_id for ear in ears}, subjects.values())
    terms = {ear.asked: ear.terms for ear in ears if ear.asked}
    wanted = {asked: _meeting(each, events, at=at) for asked, each in terms.items()}
    answer: dict[Ear, list[Told]] = {}
    for ear in ears:
        numbers = seen[ear.user_id] & wanted[ear.asked] if ear.asked else seen[ear.user_id]
        heard = [(event, subjects[_number(event)]) for event in events if _number(event) in numbers]
        answer[ear] = [Told(event, subject.site_id, subject.basename) for event, subject in heard]
    return answer


def _number(event: Event) -> int:
    return -event.pk if event.frame_id is None else event.frame_id


def _subjects_of(events: Sequence[Event], *, at: datetime) -> dict[int, _Subject]:
    flags = {
        "told_to_all": ExpressionWrapper(visible_condition(EVERYBODY, at=at), BooleanField()),
        "told_to_superusers": ExpressionWrapper(visible_condition(SUPERUSER, at=at), BooleanField()),
    }
    columns = ("pk", "site_id", "basename", "proposal_id", *flags)
    rows = _ask(Frame.objects.annotate(**flags).values_list(*columns), events)
    return {
        number: _Subject(number, site or "", name or "", proposal or "", bool(is_public), bool(is_known))
        for number, site, name, proposal, is_public, is_known in rows
    }


def _seen_by(user_ids: Iterable[int | None], subjects: Iterable[_Subject]) -> dict[int | None, set[int]]:
    """Numbers of the subjects that each user may see; None is everybody. As `visible_to` has it."""
    everything = [subject for subject in subjects if subject.is_known]
    public = {subject.number for subject in everything if subject.is_public}
    hidden = [subject for subject in everything if not subject.is_public]
    answer = {user_id: set(public) for user_id in user_ids}
    users = [user_id for user_id in answer if user_id is not None]
    if not hidden or not users:
        return answer
    held = Proposal.holders_of({subject.proposal_id for subject in hidden}, among=users)
    superusers = User.objects.filter(pk__in=users, is_active=True, is_superuser=True)
    for user_id in superusers.values_list("pk", flat=True):
        answer[user_id] |= {subject.number for subject in hidden}
    for user_id, proposal_id in held:
        answer[user_id] |= {subject.number for subject in hidden if subject.proposal_id == proposal_id}
    return answer


def _meeting(terms: Terms, events: Sequence[Event], *, at: datetime) -> set[int]:
    """Numbers of the subjects that meet the terms."""
    return {number for (number,) in _ask(meeting(terms, Frame.objects.few(), at=at).values_list("pk"), events)}


def meeting(terms: Terms, few: FrameQuerySet, *, at: datetime) -> QuerySet[Any, Any]:
    """Keep those of a few frames that meet the terms."""
    frames: Any = terms.narrow(few)
    if terms.public is not None:
        frames = frames.public(at=at) if terms.public else frames.not_yet_public(at=at)
    narrowed: QuerySet[Any, Any] = frames
    return narrowed


def _ask(frames: QuerySet[Any, Any], events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """Rows of a queryset of frames, with the subjects of `events` in place of all frames."""
    ids = sorted({event.frame_id for event in events if event.frame_id is not None})
    others = [event.pk for event in events if event.frame_id is None]
    try:
        text, parameters = frames.query.get_compiler("default").as_sql()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(SUBJECTS + text, [ids, ids, others, *parameters])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
