"""`bundle add|list`, and `redecode`."""

from argparse import Namespace
from pathlib import Path

from django.db import connections
from tqdm import tqdm

from telemetry import bundles
from telemetry.cli.main import DONE, Session
from telemetry.redecode import redecode_waiting


def add(session: Session, asked: Namespace) -> int:
    for using in session.databases:
        session.say(add_bundle(Path(asked.source), using))
    return DONE


def add_bundle(source: Path, using: str) -> str:
    """Make the bundle at `source` the one that decodes; the sentence that tells of it."""
    bundle, is_new = bundles.add(source, using=using)
    lacking = bundle.missing_schemas()
    rest = f"; without schema, so kept as bytes: {', '.join(lacking)}" if lacking else ""
    said = "decodes from now on" if is_new else "decodes already"
    return f"{bundle.digest[:12]} {said}: {len(bundle.types)} codes{rest}."


def redecode(session: Session, _asked: Namespace) -> int:
    """Read what was kept as bytes again."""
    for using in session.databases:
        with tqdm(unit=" records", disable=None, leave=False) as bar:
            done = redecode_waiting(using=using, told=bar.update)
        session.say(f"{done.n_read} records read by the newest bundle; {done.n_waiting} are still kept as bytes.")
    return DONE


def list(session: Session, _asked: Namespace) -> int:  # noqa: A001 - the verb's own name
    with connections[session.using].cursor() as cursor:
        cursor.execute("SELECT digest, added_at, source FROM telemetry.bundle ORDER BY added_at DESC")
        rows = cursor.fetchall()
    for digest, added_at, source in rows:
        session.say(f"{digest[:12]}  {added_at:%Y-%m-%d %H:%M:%S} UTC  {source}")
    if not rows:
        session.say(f"No bundle: {bundles.HOW_TO_ADD}")
    return DONE
