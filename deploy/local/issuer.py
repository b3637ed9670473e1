"""A small observation portal that gives OAuth tokens (tests/oauth_issuer), for the tests."""

from functools import partial
from pathlib import Path

from deploy.local import probes, venvs
from deploy.local.service import Provision, Service
from deploy.local.services import plain_environment

PROJECT = venvs.ROOT / "tests" / "oauth_issuer"


def issuer(folder: Path, *, port: int) -> Provision:
    """One process; its users and tokens live in `folder` and in its memory."""
    folder.mkdir(parents=True, exist_ok=True)
    service = Service(
        name="issuer",
        command=(str(venvs.ISSUER / "bin" / "python"), str(PROJECT / "serve.py")),
        directory=folder,
        environment=plain_environment(ISSUER_FOLDER=str(folder), ISSUER_PORT=str(port)),
        ports=(port,),
        other_ports="start again: other ports are chosen",
        is_ready=partial(probes.serves_http, port, "/control/calls/"),
    )
    return Provision((service,), {})
