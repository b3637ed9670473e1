"""`reset 1|2|3`."""

import sys
from argparse import Namespace

from django.db import connections

from telemetry.cli.main import DONE, Session
from telemetry.cli.server import setup
from telemetry.errors import UsageError
from telemetry.installing import drop_schema, forget_records
from telemetry.roles import drop_roles

_LOSES = {
    1: "all records of telemetry; they can be read from the files again",
    2: "the schema telemetry: records, inventory, rows of copies, agents' tokens, bundles; it is made anew, empty",
    3: "the schema telemetry, with all in it, and the logins of [roles]",
}


def reset(session: Session, asked: Namespace) -> int:
    """Take away what the level says, once the database's name was typed. Files and other schemas are never touched."""
    with connections[session.using].cursor() as cursor:
        cursor.execute("SELECT current_database()")
        [name] = cursor.fetchone()
    if not asked.yes:
        session.tell(
            f"This takes away, from the database {name}: {_LOSES[asked.level]}.\nType the database's name to go on: "
        )
        if sys.stdin.readline().strip() != name:
            raise UsageError("That is not its name: nothing was taken away.")
    if asked.level == 1:
        forget_records(using=session.using)
        session.say("No record is left. Read them again: ingest")
        return DONE
    drop_schema(using=session.using)
    if asked.level == 2:
        return setup(session, Namespace(roles=False, views=False))
    gone = drop_roles(session.config.roles, using=session.using)
    session.say(
        f"The schema is gone{', and the logins ' + ', '.join(gone) if gone else ''}. To remove all: dropdb {name}"
    )
    return DONE
