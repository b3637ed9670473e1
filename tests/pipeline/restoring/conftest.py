"""A night that was reduced, and a database that loses it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from archive.domain import events
from archive.domain.science import keeping, told
from pipeline.restoring.report import Report
from pipeline.restoring.restore import Restore
from tests.pipeline.conftest import EMPTY, PLANET, SEEING, Machine

IN_WORK = ("pending", "queued", "running")
# Made by migrations, not by what came in.
OF_MIGRATIONS = ("archive_expiryrule", "archive_pipelineswitch")


def exported() -> bytes:
    return b"".join(told.everything())


def keep(machine: Machine) -> None:
    """What beat does after each minute."""
    events.give_positions()
    while keeping.keep_rows(store=machine.store, at=machine.now):
        pass


def drop_all_rows() -> None:
    """The database is lost, and made anew by migrations: no row of ours, and ids from the start.

    Tallies empty themselves with the frames.
    """
    tables = [name for name in connection.introspection.table_names() if name.startswith("archive_")]
    lost = ", ".join(name for name in [*tables, "auth_user"] if name not in OF_MIGRATIONS and "tally" not in name)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {lost} RESTART IDENTITY CASCADE")


@pytest.fixture
def restore(machine: Machine) -> Callable[..., Report]:
    return lambda **more: Restore(machine.store, machine.inspector, machine.now).run(**more)


@pytest.fixture
def night(reduced: Machine, django_capture_on_commit_callbacks: Any) -> Machine:
    """A star, one too faint, a planet, seeing; all reduced, and bytes that were replaced are gone."""
    for name in (EMPTY, PLANET, SEEING):
        reduced.take(name)
    with django_capture_on_commit_callbacks(execute=True):
        reduced.run()
    return reduced
