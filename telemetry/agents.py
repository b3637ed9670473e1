"""What the archive keeps for agents on instrument computers: their tokens, and what waits to be sent."""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from django.db import connections

from telemetry.chunks import Position, WaitingFile
from telemetry.errors import UsageError
from telemetry.load import positions
from telemetry.recordings import IS_WAITING

PAGE = 1000


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some of them, and where the next page begins; None after the last."""

    files: list[WaitingFile]
    next: str | None


def make_token(host: str, *, using: str = "default") -> str:
    """A new token of a host. It is told here and nowhere again: only its SHA-256 is kept.

    Raises UsageError if the host has no name.
    """
    if not host.strip():
        raise UsageError("Name the host whose agent the token is for.")
    token = secrets.token_urlsafe(32)
    with connections[using].cursor() as cursor:
        cursor.execute("INSERT INTO telemetry.agent_token (host, token_sha256) VALUES (%s, %s)", [host, _digest(token)])
    return token


def revoke_tokens(host: str, *, using: str = "default") -> int:
    """Revoke all tokens of a host; how many there were."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "UPDATE telemetry.agent_token SET revoked_at = now() WHERE host = %s AND revoked_at IS NULL", [host]
        )
        return int(cursor.rowcount)


def host_of(token: str, *, using: str = "default") -> str | None:
    """Whose token it is; None for one that is unknown or revoked. That it is used is noted every ten minutes."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT id, host, used_at > now() - interval '10 minutes' FROM telemetry.agent_token"
            " WHERE token_sha256 = %s AND revoked_at IS NULL",
            [_digest(token)],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        if not row[2]:
            cursor.execute("UPDATE telemetry.agent_token SET used_at = now() WHERE id = %s", [row[0]])
    return str(row[1])


def waiting_files(host: str, *, after: int = 0, using: str = "default") -> WaitingPage:
    """Files of a host that are there and wait, in the order of their ids from `after` on."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"""SELECT id, path, raw_path FROM telemetry.file
            WHERE host = %s AND id > %s AND gone_at IS NULL AND {IS_WAITING}
            ORDER BY id LIMIT %s""",  # noqa: S608 - the condition is ours
            [host, after, PAGE],
        )
        rows = cursor.fetchall()
    held = positions([(host, path) for _, path, _ in rows], using=using)
    files = [
        WaitingFile(path, bytes(raw) if raw is not None else None, held.get((host, path), Position()))
        for _, path, raw in rows
    ]
    return WaitingPage(files, str(rows[-1][0]) if len(rows) == PAGE else None)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
