"""`setup`, `check` and `token`."""

from argparse import Namespace
from pathlib import Path

from telemetry import views
from telemetry.agents import make_token, revoke_tokens
from telemetry.checking import examine
from telemetry.cli.main import DONE, SOME_FAILED, Session
from telemetry.cli.schemas import add_bundle
from telemetry.errors import NotFoundError
from telemetry.installing import set_up


def setup(session: Session, asked: Namespace) -> int:
    """Tables, bundle, views, and logins if asked; what was there already stays as it is."""
    for using in session.databases:
        did = views.told(views.make_views(using=using)) if asked.views else _whole(session, asked, using)
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
            did += [told, *views.told(views.make_views(using=using))]
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
    """Make a host's secret, or take those that it has back."""
    if asked.revoke:
        count = revoke_tokens(asked.host, using=session.using)
        if not count:
            raise NotFoundError(f"{asked.host} has no token that is valid.")
        session.say(f"{count} tokens of {asked.host} are no longer valid.")
        return DONE
    secret = make_token(asked.host, using=session.using)
    session.tell(f"Token of {asked.host}. Keep it in a file of mode 0400 there; it is not shown again.")
    session.say(secret)
    return DONE
