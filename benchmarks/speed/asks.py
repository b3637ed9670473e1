"""One request, who makes it, and which frames its answer is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from typing import Any
from urllib.parse import urlencode, urlsplit

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
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
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
    """One kept connection, by the standard library: `requests` itself takes 2 ms of the cores that it shares here."""

    def __init__(self, url: str, readers: Readers) -> None:
        self._url = url
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
        self._headers = {who: {"Authorization": f"Token {token}"} for who, token in readers.tokens.items()}

    def sign_in(self, who: Who, cookie: str) -> None:
        """Ask as a browser in which this reader has logged in, in place of the token."""
        self._headers[who] = {"Cookie": f"sessionid={cookie}"}

    def get(self, ask: Ask) -> bytes:
        """The whole answer, not parsed yet: that is the client's own work. Raises FatalError for one that failed."""
        path = f"{ask.path}?{urlencode(ask.params, doseq=True)}" if ask.params else ask.path
        return self._answer("GET", path, HTTPStatus.OK, self._headers.get(ask.who, {}))

    def follow(self, link: str) -> bytes:
        """What stands behind a link that an answer gave to anybody."""
        return self._answer("GET", link.removeprefix(self._url), HTTPStatus.OK, {})

    def post(self, path: str, body: bytes) -> None:
        """Post JSON as the superuser. Raises FatalError when it is refused."""
        headers = {**self._headers[Who.ADMIN], "Content-Type": "application/json"}
        self._answer("POST", path, HTTPStatus.CREATED, headers, body)

    def _answer(
        self, method: str, path: str, wanted: HTTPStatus, headers: Mapping[str, str], body: bytes | None = None
    ) -> bytes:
        try:
            answer = self._asked(method, path, headers, body)
        except RemoteDisconnected:  # it rested longer than the server keeps it; every request is safe to repeat
            answer = self._asked(method, path, headers, body)
        content = answer.read()
        if answer.status != wanted:
            raise FatalError(f"{method} {path} answered {answer.status}: {content[:300].decode(errors='replace')}")
        return content

    def _asked(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> HTTPResponse:
        self._connection.request(method, path, body, {"Accept": "application/json", **headers})
        return self._connection.getresponse()


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
