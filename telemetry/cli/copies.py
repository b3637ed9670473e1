"""`replica add|list|sync|verify|import-origins`."""

import time
from argparse import Namespace

from tqdm import tqdm

from telemetry import enrolment, locations, replicas
from telemetry.cli.main import DONE, SOME_FAILED, Session
from telemetry.errors import TransientError


def add(session: Session, asked: Namespace) -> int:
    place = locations.add_location(asked.name, asked.prefix, using=session.using)
    session.say(f"{place.name}: {place.prefix}, {'a folder here' if place.is_local else 'another computer'}.")
    return import_origins(session, asked) if asked.import_origins else DONE


def list(session: Session, _asked: Namespace) -> int:  # noqa: A001 - the verb's own name
    """Each location with its lag; with -v each file that it lacks."""
    found = locations.list_locations(using=session.using)
    for lag in found:
        session.say(
            f"{lag.place.name}  {lag.place.prefix}\n"
            f"    {lag.n_ok} copies, {lag.size_bytes / 1e6:.1f} MB; {lag.n_differs} differ, {lag.n_missing} missing; "
            f"lag: {lag.n_not_copied} not copied, {lag.n_older} copied as they were before"
        )
        if session.verbose:
            _tell_lag(session, lag.place)
    if not found:
        session.say(f"No location. Add one: {session.prog} replica add NAME PREFIX")
    return DONE


def _tell_lag(session: Session, place: locations.Place) -> None:
    after = 0
    while batch := locations.waiting_for(place, after=after, using=session.using):
        for file in batch:
            session.say(f"    waits: {file.host}:{file.path}")
        after = batch[-1].id


def sync(session: Session, asked: Namespace) -> int:
    """Once, or with --every until it is interrupted: then what may pass later is told, and tried again."""
    if not asked.every:
        return _sync_once(session, asked)
    while True:
        try:
            _sync_once(session, asked)
        except TransientError as error:
            session.tell(str(error))
        time.sleep(asked.every)


def _sync_once(session: Session, asked: Namespace) -> int:
    place = locations.find_location(asked.name, using=session.using)
    host = session.config.hostname
    if asked.dry_run:
        waiting = replicas.waiting(place, host, asked.limit, session.using)
        sizes = [file.size_bytes for file in waiting]
        session.say(f"{len(sizes)} files of {host} wait for {place.name}, {sum(sizes) / 1e6:.1f} MB.")
        return DONE
    command = session.config.replicas.get(place.prefix, {}).get("command", ())
    with tqdm(unit="B", unit_scale=True, desc="Copying", disable=None) as bar:
        done = replicas.sync(place, host=host, command=command, limit=asked.limit, told=bar.update, using=session.using)
    for sentence in done.failed:
        session.tell(sentence)
    session.say(f"{done.copied} files copied to {place.name}, {done.size_bytes / 1e6:.1f} MB; {len(done.failed)} not.")
    return SOME_FAILED if done.failed else DONE


def verify(session: Session, asked: Namespace) -> int:
    place = locations.find_location(asked.name, using=session.using)
    with tqdm(unit="B", unit_scale=True, desc="Verifying", disable=None) as bar:
        found = enrolment.verify(place, told=bar.update, using=session.using)
    for what, paths in (("differs", found.differs), ("missing", found.missing), ("unknown", found.unknown)):
        for path in paths:
            session.say(f"{what}: {path}")
    session.say(
        f"{place.name}: {found.ok} copies are as they were made, {len(found.differs)} differ, "
        f"{len(found.missing)} are missing, {len(found.unknown)} files are unknown."
    )
    return SOME_FAILED if found.differs or found.missing else DONE


def import_origins(session: Session, asked: Namespace) -> int:
    place = locations.find_location(asked.name, using=session.using)
    with tqdm(unit="B", unit_scale=True, desc="Enrolling", disable=None) as bar:
        done = enrolment.import_origins(place, told=bar.update, using=session.using)
    for sentence in done.failed:
        session.tell(sentence)
    session.say(f"{done.origins} origins and {done.replicas} copies of {place.name} are enrolled.")
    return SOME_FAILED if done.failed else DONE
