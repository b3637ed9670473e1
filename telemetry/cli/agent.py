"""`agent`: the process of an instrument computer."""

from argparse import Namespace

from telemetry.agent.command import run_agent
from telemetry.cli.main import Session


def agent(session: Session, _asked: Namespace) -> int:
    """Run it until it is told to end. It asks the archive over HTTP, and no database."""
    return run_agent(session.config)
