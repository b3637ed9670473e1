"""What the agent asks of the archive: four requests, with the token of its host."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import requests

from telemetry.chunks import Chunk, Position, Taken, WaitingFile
from telemetry.continuity import Edges
from telemetry.errors import TransientError, UsageError
from telemetry.listing import Entry

CONNECT_S, ANSWER_S = 3.05, 30.0
_MAY_PASS_LATER = {408, 409, 423, 425, 429}  # and all from 500 on


@dataclass(frozen=True, slots=True)
class Span:
    """Paths below a folder, from one on up to another with it, in the order of their bytes."""

    below: str
    after: str  # '': from the first on
    upto: str | None  # None: to the last
    unread: tuple[str, ...]  # places in it of which nothing could be read


class Archive:
    """The archive at a base address. Requests follow each other: one connection serves them."""

    def __init__(self, address: str, token: str, *, ca_file: str = "") -> None:
        self._address = address.rstrip("/") + "/telemetry/agent/"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Agent {token}"
        if ca_file:
            self._session.verify = ca_file

    def begin(self) -> str:
        """The host whose token this is."""
        return str(self._ask("GET", "")["host"])

    def list_files(self, entries: Sequence[Entry], *, whole: Span | None = None) -> None:
        """Tell of files, which with `whole` are all of a range of paths: what else was known of it is gone."""
        told = [
            {
                "path": entry.path,
                "raw_path": None if entry.raw_path is None else b64encode(entry.raw_path).decode(),
                "size_bytes": entry.size_bytes,
                "modified_ns": entry.modified_ns,
                "changed_ns": entry.changed_ns,
            }
            for entry in entries
        ]
        self._ask("POST", "files/", json={"entries": told, "whole": asdict(whole) if whole else None})

    def waiting(self) -> Iterable[WaitingFile]:
        """Files that wait to be read, oldest first."""
        after: str | None = ""
        while after is not None:
            page = self._ask("GET", "waiting/", params={"after": after})
            for told in page["results"]:
                raw = b64decode(told["raw_path"]) if told["raw_path"] else None
                yield WaitingFile(told["path"], raw, position_from(told["position"]))
            after = page["next"]

    def send(self, chunks: Sequence[Chunk]) -> list[Taken]:
        """Hand bytes in, of each file one chunk at most."""
        answer = self._ask("POST", "chunks/", json={"chunks": [_told(chunk) for chunk in chunks]})
        return [
            Taken(position_from(told["position"]), told["n_records"], told["n_bad"], told["replaced"])
            for told in answer["taken"]
        ]

    def _ask(self, method: str, what: str, **content: Any) -> dict[str, Any]:
        """The archive's answer.

        Raises TransientError while it is away or busy, UsageError if it refuses what was asked.
        """
        try:
            answer = self._session.request(method, self._address + what, timeout=(CONNECT_S, ANSWER_S), **content)
            if answer.ok:
                return dict(answer.json())  # one that breaks off is no JSON
        except requests.RequestException as error:
            raise TransientError(f"The archive can not be reached: {error}") from error
        said = f"The archive answers {answer.status_code} to {method} {answer.url}: {_detail(answer)}"
        if answer.status_code >= 500 or answer.status_code in _MAY_PASS_LATER:
            raise TransientError(said)
        raise UsageError(said)


def position_from(told: dict[str, Any]) -> Position:
    """A position as the archive writes it in JSON."""
    edges = Edges(
        consumed=told["consumed"],
        head_length=told["head_length"],
        head_sha256=bytes.fromhex(told["head_sha256"]),
        tail_length=told["tail_length"],
        tail_sha256=bytes.fromhex(told["tail_sha256"]),
    )
    return Position(told["generation"], edges)


def _told(chunk: Chunk) -> dict[str, Any]:
    end = {"size_bytes": chunk.end.size_bytes, "modified_ns": chunk.end.modified_ns} if chunk.end else None
    return {
        "path": chunk.path,
        "offset": chunk.offset,
        "bytes": b64encode(chunk.data).decode(),
        "end": end,
        "torn": chunk.torn,
        "anew_after": chunk.anew_after,
    }


def _detail(answer: requests.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
