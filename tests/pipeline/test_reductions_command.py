"""`manage.py reductions`: what it says and does."""

import getpass
import os
import sys
from datetime import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from archive.enums import ProductKind
from archive.models import Product
from pipeline.management.commands import reductions
from tests.pipeline.conftest import DARK, STAR


def told(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("reductions", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.django_db
class TestStatus:
    def test_without_products_it_says_so(self):
        assert told("status") == ["Going on.", "There are no products."]

    def test_numbers_and_what_went_wrong(self, machine, now, monkeypatch):
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)
        machine.order("never-dark")
        machine.take(DARK)
        machine.take(STAR)
        machine.run()
        lines = told("status", "--night", "2016-09-25")
        assert lines[0] == "Going on."
        assert lines[1].split() == ["pending", "failed"]
        assert lines[2].split() == ["dark", "0", "1"]
        assert f"  2016-09-25 {STAR} bright: There is no dark_VIC_1 within 30 nights." in lines
        assert lines[-2:] == ["Failed:", "  2016-09-25 dark_1 dark: These pixels can never pass."]
        assert told("status", "--night", "2016-09-26") == ["Going on.", "There are no products."]

    def test_a_product_in_back_off_says_when_it_is_tried_again(self, machine):
        machine.order("passes-dark")
        machine.take(DARK)
        machine.run()
        assert told("status")[-1] == "  2016-09-25 dark_1 dark: attempt 2 at 12:01:00 UTC, after: The store is away."

    def test_quiet_hours_are_told(self, settings):
        settings.QUIET_HOURS = (time(0), time(23, 59, 59, 999_999))
        assert told("status")[0] == "Quiet from 00:00 to 23:59 (UTC): what runs goes on to its end."


@pytest.mark.django_db
class TestVerbs:
    def test_pause_and_resume(self, machine):
        machine.take(DARK)
        (said,) = told("pause", "--reason", "a storm")
        assert said.startswith("Paused since ")
        assert said.endswith(f" UTC by {getpass.getuser()}: a storm.")
        assert machine.dispatch() == []
        assert told("resume") == ["Going on."]
        assert len(machine.dispatch()) == 1

    def test_redo_of_an_observation_and_of_a_night(self, reduced):
        assert told("redo", STAR, "bright", "--reason", "a better dark") == [
            f"bright of {STAR} will be made again when a worker is free."
        ]
        told("redo", "dark_1", "dark", "--reason", "to see")
        row = reduced.product(ProductKind.BRIGHT)
        assert (row.state, row.forced_by, row.forced_reason) == ("pending", getpass.getuser(), "a better dark")
        reduced.later(days=10_000)
        reduced.run()
        forced = Product.objects.exclude(forced_by="").values_list("kind", "state", "lease")
        assert set(forced) == {("bright", "done", 2), ("dark", "done", 2)}
        assert Product.objects.get(kind="bright").history.first().forced_reason == "a better dark"

    def test_redo_makes_what_is_not_made_by_itself_and_what_follows_from_it(self, reduced):
        told("redo", STAR, "planetary", "--reason", "a disc after all")
        reduced.later(days=10_000)
        reduced.run()
        assert (reduced.states()["planetary"], reduced.states()["planetary-preview"]) == ("done", "done")

    def test_redo_of_what_is_not_there_or_of_many_nights_says_what_to_do(self, machine):
        with pytest.raises(CommandError, match="reductions status"):
            told("redo", "dark_1", "dark", "--reason", "why")
        machine.take(DARK)
        machine.take(DARK.replace("20160925", "20160926"))
        with pytest.raises(CommandError, match="--night"):
            told("redo", "dark_1", "dark", "--reason", "why")
        told("redo", "dark_1", "dark", "--night", "2016-09-26", "--reason", "why")
        assert Product.objects.get(forced_by=getpass.getuser()).night.day == 26

    def test_plan_finds_what_no_event_told_of(self, machine):
        machine.take(DARK, plan=False)
        assert told("plan", "--night", "2016-09-26") == ["0 observations and calibrations were looked at."]
        assert told("plan") == ["1 observations and calibrations were looked at."]
        assert machine.states("dark_1") == {"dark": "pending"}


def test_work_becomes_a_worker_of_the_reductions_alone(monkeypatch, settings):
    """It is replaced by the worker: signals reach that, and nothing of the command is left in memory."""
    settings.REDUCTION_WORKERS = 3
    became = []
    monkeypatch.setattr(os, "execv", lambda path, command: became.append((path, command)))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    reductions.work()
    ((path, command),) = became
    assert path == sys.executable
    worker = ["-m", "celery", "-A", "settings", "worker", "--queues", "archive.reductions", "--concurrency", "3"]
    assert command[1 : 1 + len(worker)] == worker
    assert os.environ["OMP_NUM_THREADS"] == "1"
