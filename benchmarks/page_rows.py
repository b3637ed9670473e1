"""What pages show beside frames and observations: people who hold programmes, and events of the newest frames."""

from datetime import UTC, datetime
from itertools import cycle, islice

from django.contrib.auth.models import User
from django.db.models import Max, Min

from archive.domain.arrivals import MOST_LOOKED_AT
from archive.enums import EventName
from archive.models import Event, Proposal, Version

N_USERS = 10_000
EACH_HOLDS = 3  # proposals
JOINED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def populate() -> None:
    """As many users and events as a page looks through; nobody can log in as one of them."""
    _people()
    _events()


def _people() -> None:
    names = (f"observer{number:05}" for number in range(N_USERS))
    users = User.objects.bulk_create(
        User(username=name, email=f"{name}@example.org", password="!", date_joined=JOINED_AT) for name in names
    )
    proposals = cycle(Proposal.objects.order_by("pk").values_list("pk", flat=True))
    held = Proposal.members.through
    held.objects.bulk_create(
        held(user=user, proposal_id=proposal) for user in users for proposal in islice(proposals, EACH_HOLDS)
    )


def _events() -> None:
    """Of the frames that came last, in the order in which they came, as the relay leaves them."""
    newest = Version.objects.values_list("frame").annotate(at=Min("created")).order_by("-frame")[:MOST_LOOKED_AT]
    position = Event.objects.aggregate(last=Max("position"))["last"] or 0
    Event.objects.bulk_create(
        Event(
            position=position + number,
            name=EventName.FRAME_INGESTED,
            frame_id=frame_id,
            body={},
            created_at=at,
            published_at=at,
        )
        for number, (frame_id, at) in enumerate(sorted(newest), start=1)
    )
