"""`setup`, `check` and `token`."""

import hashlib
import secrets
from argparse import Namespace
from pathlib import Path

from django.db import connections

from telemetry import views
from telemetry.checking import examine
from telemetry.cli.main import DONE, SOME_FAILED, Session
from telemetry.cli.schemas import add_bundle
from telemetry.errors import NotFoundError, UsageError
from telemetry.installing import set_up


def setup(session: Session, asked: Namespace) -> int:
    """Tables, bundle, views, and logins if asked; what was there already stays as it is."""
    for using in session.databases:
        did = (
            [f"view {name} made" for name in views.make_views(using=using)]
            if asked.views
            else _whole(session, asked, using)
        )
        for sentence in did:
            session.say(sentence)
        session.say("Set up." if did else "Set up already: nothing changed.")
    return DONE


def _whole(session: Session, asked: Namespace, using: str) -> list[str]:
    roles = session.config.roles if asked.roles else None
    did = set_up(using=using, roles=roles)
    if session.config.schemas:
        told = add_bundle(Path(session.config.schemas), using)
        if "from now on" in told:
            did += [told, *(f"view {name} made" for name in views.make_views(using=using))]
    return did


def check(session: Session, _asked: Namespace) -> int:
    """Tell of each thing that telemetry needs; 1 if one is not as it should be."""
    well = True
    for using in session.databases:
        for finding in examine(session.config, using=using):
            session.say(f"{'OK  ' if finding.is_well else 'NOT '} {finding.about}")
            well = well and finding.is_well
    return DONE if well else SOME_FAILED


def token(session: Session, asked: Namespace) -> int:
    """Make a host's secret, or take those that it has back. Of a secret only its SHA-256 is kept."""
    if not asked.host.strip() or "/" in asked.host or "\0" in asked.host:
        raise UsageError(f"{asked.host!r} is no name of a host.")
    with connections[session.using].cursor() as cursor:
        if asked.revoke:
            cursor.execute(
                "UPDATE telemetry.agent_token SET revoked_at = now() WHERE host = %s AND revoked_at IS NULL",
                [asked.host],
            )
            if not cursor.rowcount:
                raise NotFoundError(f"{asked.host} has no token that is valid.")
            session.say(f"{cursor.rowcount} tokens of {asked.host} are no longer valid.")
            return DONE
        secret = secrets.token_urlsafe(32)
        cursor.execute(
            "INSERT INTO telemetry.agent_token (host, token_sha256) VALUES (%s, %s)",
            [asked.host, hashlib.sha256(secret.encode()).digest()],
        )
    session.tell(f"Token of {asked.host}. Keep it in a file of mode 0400 there; it is not shown again.")
    session.say(secret)
    return DONE
