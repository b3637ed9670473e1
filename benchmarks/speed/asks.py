"""One request, who makes it, and which frames its answer is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import requests
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from archive.errors import FatalError
from archive.models import Proposal

N_OWN = 5  # proposals of the member
TIMEOUT_S = 120


class Who(Enum):
    """Readers see different frames, and the archive counts them in different ways."""

    ANYBODY = "anonymous"
    MEMBER = f"member of {N_OWN} proposals"
    ADMIN = "superuser"


@dataclass(frozen=True, slots=True)
class Ask:
    """A GET. `where` says in SQL which of the reader's frames it is about, with `values` in it."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    who: Who = Who.ANYBODY
    where: str = "true"
    values: tuple[Any, ...] = ()
    frame_id: int = 0  # that the answer has to name, if it is about one


@dataclass(frozen=True, slots=True)
class Readers:
    """The three readers: their tokens, and what the member holds."""

    tokens: Mapping[Who, str]
    proposals: tuple[str, ...]


def make_readers(admin_token: str) -> Readers:
    """Make the member; it holds proposals of the last year, which are not public yet."""
    member = User.objects.create_user("member")
    own = list(Proposal.objects.filter(id__contains="2026").order_by("id")[:N_OWN])
    member.proposals.set(own)
    tokens = {Who.MEMBER: member.auth_token.key, Who.ADMIN: admin_token}
    return Readers(tokens, tuple(proposal.id for proposal in own))


class Session:
    """One kept connection."""

    def __init__(self, url: str, readers: Readers) -> None:
        self._url = url
        self._session = requests.Session()
        self._headers = {who: {"Authorization": f"Token {token}"} for who, token in readers.tokens.items()}

    def get(self, ask: Ask) -> bytes:
        """The whole answer, not parsed yet: that is the client's own work. Raises FatalError for one that failed."""
        return self._content(self._url + ask.path, params=ask.params, headers=self._headers.get(ask.who))

    def follow(self, link: str) -> bytes:
        """What stands behind a link that an answer gave to anybody."""
        return self._content(link)

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Post as the superuser. Raises FatalError when it is refused."""
        answer = self._session.post(
            self._url + path, json=body, headers=self._headers[Who.ADMIN], timeout=TIMEOUT_S, allow_redirects=False
        )
        if answer.status_code != requests.codes.created:
            raise FatalError(f"POST {path} answered {answer.status_code}: {answer.text[:300]}")

    def _content(self, url: str, **how: Any) -> bytes:
        answer = self._session.get(url, timeout=TIMEOUT_S, **how)
        if answer.status_code != requests.codes.ok:
            raise FatalError(f"{answer.url} answered {answer.status_code}: {answer.text[:300]}")
        return answer.content


def count_of(ask: Ask, readers: Readers) -> int:
    """How many frames an answer is about, counted one by one by the database."""
    visible, seen = "true", tuple[Any, ...]()
    if ask.who is not Who.ADMIN:
        visible, seen = "(public_date <= %s OR proposal_id = ANY(%s))", (timezone.now(), _own(ask, readers))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM archive_frame WHERE is_listed AND {visible} AND ({ask.where})",
            [*seen, *ask.values],
        )
        row: tuple[int] = cursor.fetchone()
    return row[0]


def _own(ask: Ask, readers: Readers) -> list[str]:
    return list(readers.proposals) if ask.who is Who.MEMBER else []
