"""`manage.py relay`: carries events from the outbox to the broker. Any number may run."""

import signal
import threading
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from archive.domain import broker, events
from archive.errors import TransientError

logger = structlog.get_logger(__name__)

# Asking an empty partial index costs microseconds; LISTEN/NOTIFY would make commits wait for each other.
IDLE_SECONDS = 0.05
FAULT_SECONDS = 1.0


class Command(BaseCommand):
    help = "Carry events from the outbox to the message broker until told to stop."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not broker.is_configured():
            raise CommandError("QUEUE_BROKER_URL is memory://: there is no broker to carry events to. Set it first.")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        logger.info("relay_started")
        with broker.Publisher() as publisher:
            rounds = _Rounds(publisher)
            while not stopped.is_set():
                stopped.wait(rounds.deliver())
        logger.info("relay_stopped")


class _Rounds:
    """One batch after another; a service that is away is told once, and again when it is back."""

    def __init__(self, publisher: broker.Publisher) -> None:
        self._publisher = publisher
        self._away = ""

    def deliver(self) -> float:
        """Deliver one batch; answer how long to wait before the next, s."""
        try:
            delivered = events.deliver_pending(self._publisher.publish, clock=timezone.now)
        except TransientError as error:
            return self._wait_for("broker", error)
        except (OperationalError, InterfaceError) as error:
            close_old_connections()
            return self._wait_for("database", error)
        if delivered and self._away:
            logger.info("service_back", service=self._away)
            self._away = ""
        return 0.0 if delivered else IDLE_SECONDS

    def _wait_for(self, service: str, error: Exception) -> float:
        if self._away != service:
            logger.warning("service_away", service=service, error=str(error).strip())
            self._away = service
        return FAULT_SECONDS
