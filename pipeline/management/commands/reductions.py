"""`manage.py reductions`: how the reductions stand; pause them, let them go on, plan or make anew, wait, work."""

import argparse
import getpass
import os
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain import products
from archive.enums import ProductKind, ProductState
from archive.errors import ArchiveError, NotFoundError
from archive.management import arguments
from archive.models import Observation, PipelineSwitch, Product, RawFile
from pipeline import dispatch, planning
from pipeline.subjects import subjects_of

# Each worker is one core; threads of numerical libraries would take the others, and sums in another order differ.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MOST_SHOWN = 20
LOOK_EVERY_S = 0.5
SOON = timedelta(minutes=10)


class Command(ArchiveCommand):
    help = "See how the reductions stand, pause them, let them go on, have products made anew, or work on them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        status = verbs.add_parser("status", help="how many products are in which state, and what went wrong")
        status.add_argument("--night", type=arguments.night, help="only of this night, such as 2016-09-25")
        for verb, says in (("pause", "begin no product; what runs goes on to its end"), ("resume", "go on")):
            switch = verbs.add_parser(verb, help=says)
            switch.add_argument("--reason", default="")
        redo = verbs.add_parser("redo", help="make a product again")
        redo.add_argument("subject", help="observation, or what of a night it is, such as dark_1")
        redo.add_argument("kind", choices=[kind.value for kind in ProductKind])
        redo.add_argument("--night", type=arguments.night, help="where the subject alone does not tell")
        redo.add_argument("--reason", required=True, help="why, for those who wonder later")
        plan = verbs.add_parser("plan", help="look at everything anew, as after an update of the algorithms")
        plan.add_argument("--night", type=arguments.night, help="only at this night")
        wait = verbs.add_parser("wait", help="come back when all of a night is made that can be")
        wait.add_argument("--night", type=arguments.night, required=True)
        verbs.add_parser("work", help="be a worker that makes products, REDUCTION_WORKERS at a time")

    def handle(self, *_args: Any, **options: Any) -> None:
        verbs = {
            "status": lambda: self._status(options["night"]),
            "pause": lambda: self._switch(is_paused=True, reason=options["reason"]),
            "resume": lambda: self._switch(is_paused=False, reason=options["reason"]),
            "redo": lambda: self._redo(options),
            "plan": lambda: self._plan(options["night"]),
            "wait": lambda: self._wait(options["night"]),
            "work": work,
        }
        try:
            verbs[options["verb"]]()
        except ArchiveError as error:
            raise CommandError(str(error)) from error

    def _status(self, night: date | None) -> None:
        now = timezone.now()
        current = Product.objects.filter(is_current=True, **({"night": night} if night else {}))
        self.stdout.write(_mood(now))
        counts = current.order_by().values_list("kind", "state").annotate(number=Count("pk"))
        for line in _table({(kind, state): number for kind, state, number in counts}):
            self.stdout.write(line)
        for state, head in (
            (ProductState.RUNNING, "Running:"),
            (ProductState.PENDING, "Waiting:"),
            (ProductState.FAILED, "Failed:"),
        ):
            self._list(head, current.filter(state=state).order_by("-night", "subject", "pk"))

    def _list(self, head: str, rows: Any) -> None:
        shown = list(rows[: MOST_SHOWN + 1])
        if shown:
            self.stdout.write(head)
        for row in shown[:MOST_SHOWN]:
            self.stdout.write(f"  {row.night} {row.subject} {row.kind}: {_says(row)}")
        if len(shown) > MOST_SHOWN:
            self.stdout.write(f"  and {rows.count() - MOST_SHOWN} more")

    def _switch(self, *, is_paused: bool, reason: str) -> None:
        products.switch(is_paused=is_paused, by=getpass.getuser(), reason=reason, at=timezone.now())
        self.stdout.write(_mood(timezone.now()))

    def _redo(self, options: dict[str, Any]) -> None:
        now, subject, kind = timezone.now(), options["subject"], ProductKind(options["kind"])
        asked = {"by": getpass.getuser(), "reason": options["reason"], "at": now}
        observation = Observation.objects.filter(name=subject).first()
        if observation is not None:
            products.force_of_observation(observation=observation, kind=kind, **asked)
        else:
            products.force(product_id=_of_night(subject, kind, options["night"]).pk, **asked)
        self.stdout.write(f"{kind} of {subject} will be made again when a worker is free.")

    def _wait(self, night: date) -> None:
        """Look until nothing comes any more, also after all was planned: a worker plans what follows a little later.

        What waits for inputs that nobody brings is not waited for.
        """
        of_night = Product.objects.filter(night=night, is_current=True)
        with tqdm(unit="product", desc="Reducing", disable=None) as bar:
            while _plan_all(night) and (coming := _coming(of_night, at=timezone.now())):
                while coming:
                    bar.total = of_night.count()
                    bar.update(bar.total - coming - bar.n)
                    time.sleep(LOOK_EVERY_S)
                    coming = _coming(of_night, at=timezone.now())
        self._status(night)

    def _plan(self, night: date | None) -> None:
        self.stdout.write(f"{_plan_all(night)} observations and calibrations were looked at.")


def work() -> None:
    """Become a worker for reductions."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    worker = (sys.executable, "-m", "celery", "-A", "settings", "worker", "--queues", settings.REDUCTIONS_QUEUE)
    size = ("--concurrency", str(settings.REDUCTION_WORKERS))
    # The broker refuses a second worker of the same name; the process keeps its id through exec.
    called = ("--hostname", f"reductions-{os.getpid()}@%h")
    os.execv(sys.executable, [*worker, *size, *called, "--loglevel", "INFO"])  # noqa: S606


def _plan_all(night: date | None) -> int:
    """Plan everything, or all of a night; answers of how many subjects."""
    number, nights = 0, set()
    for subject in subjects_of(RawFile.objects.filter(night=night) if night else RawFile.objects.all()):
        planning.plan(subject, at=timezone.now())
        number += 1
        nights.add(subject.night)
    for each in sorted(nights, reverse=True):
        planning.plan_night(each, at=timezone.now())
    return number


def _coming(products: QuerySet[Product], *, at: datetime) -> int:
    """How many are being made, or will be soon."""
    at_work = Q(state__in=[ProductState.QUEUED, ProductState.RUNNING])
    return products.filter(at_work | Q(state=ProductState.PENDING, not_before__lte=at + SOON)).count()


def _of_night(subject: str, kind: ProductKind, night: date | None) -> Product:
    found = Product.objects.filter(subject=subject, kind=kind, is_current=True)
    rows = list(found.filter(night=night) if night else found[:2])
    if not rows:
        raise NotFoundError(f"there is no {kind} of {subject}: `manage.py reductions status` lists what there is.")
    if len(rows) > 1:
        raise CommandError(f"{subject} is of several nights: say which by --night.")
    return rows[0]


def _mood(now: datetime) -> str:
    """Whether products begin now, in words."""
    newest = PipelineSwitch.objects.first()
    if newest is not None and newest.is_paused:
        why = f": {newest.reason}" if newest.reason else ""
        return f"Paused since {newest.changed_at:%Y-%m-%d %H:%M} UTC by {newest.changed_by}{why}."
    if settings.QUIET_HOURS is not None and not dispatch.may_begin(now):
        begin, end = settings.QUIET_HOURS
        return f"Quiet from {begin:%H:%M} to {end:%H:%M} ({settings.QUIET_HOURS_ZONE}): what runs goes on to its end."
    return "Going on."


def _table(counts: dict[tuple[str, str], int]) -> Iterator[str]:
    """Lines of a table: a row for each kind, a column for each state that occurs."""
    states = [state.value for state in ProductState if any(found == state for _, found in counts)]
    kinds = [kind.value for kind in ProductKind if any(found == kind for found, _ in counts)]
    if not kinds:
        yield "There are no products."
        return
    yield "".join([" " * 18, *(f"{state:>9}" for state in states)])
    for kind in kinds:
        yield "".join([f"{kind:<18}", *(f"{counts.get((kind, state), 0):>9}" for state in states)])


def _says(row: Product) -> str:
    if row.state == ProductState.RUNNING:
        return f"since {row.started_at:%H:%M:%S} UTC, by {row.worker}"
    if row.state == ProductState.FAILED:
        return row.error
    if row.reason:
        return row.reason
    if row.error:
        return f"attempt {row.attempts + 1} at {row.not_before:%H:%M:%S} UTC, after: {row.error}"
    return "its turn"
