"""`manage.py relay`: carries events from the outbox to the live stream and to the broker. Any number may run."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import structlog
from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from archive.command import ArchiveCommand
from archive.domain import broker, events
from archive.errors import TransientError

logger = structlog.get_logger(__name__)

# Asking an empty partial index costs microseconds; NOTIFY by those who write events would make their commits wait for
# each other (docs/decisions/0001). What gathers in this time goes to all listeners in one go.
IDLE_SECONDS = 0.05
FAULT_SECONDS = 1.0


class Command(ArchiveCommand):
    help = "Carry events from the outbox to the live stream and to the message broker until told to stop."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not broker.is_configured():
            raise CommandError("QUEUE_BROKER_URL is memory://: there is no broker to carry events to. Set it first.")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        logger.info("relay_started")
        # Two threads: the live stream needs positions alone, and must not wait for a broker that is slow or away.
        with broker.Publisher() as publisher, ThreadPoolExecutor(1) as beside:
            giving = beside.submit(_repeat, events.give_positions, stopped)
            _repeat(partial(events.deliver_pending, publisher.publish, clock=timezone.now), stopped)
            giving.result()
        logger.info("relay_stopped")


def _repeat(work: Callable[[], int], stopped: threading.Event) -> None:
    """Do `work` until stopped. What nobody expected ends the other thread too: the supervisor starts both anew."""
    rounds = _Rounds(work)
    try:
        while not stopped.is_set():
            stopped.wait(rounds.do_one())
    finally:
        stopped.set()
        connection.close()


class _Rounds:
    """One batch after another; a service that is away is told once, and again when it is back."""

    def __init__(self, work: Callable[[], int]) -> None:
        self._work = work
        self._away = ""

    def do_one(self) -> float:
        """Do one batch; answer how long to wait before the next, s."""
        try:
            done = self._work()
        except TransientError as error:
            return self._wait_for("broker", error)
        except (OperationalError, InterfaceError) as error:
            close_old_connections()
            return self._wait_for("database", error)
        if done and self._away:
            logger.info("service_back", service=self._away)
            self._away = ""
        return 0.0 if done else IDLE_SECONDS

    def _wait_for(self, service: str, error: Exception) -> float:
        if self._away != service:
            logger.warning("service_away", service=service, error=str(error).strip())
            self._away = service
        return FAULT_SECONDS
