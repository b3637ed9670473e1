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
            while not stopped.is_set():
                stopped.wait(self._deliver(publisher))
        logger.info("relay_stopped")

    @staticmethod
    def _deliver(publisher: broker.Publisher) -> float:
        """Deliver one batch; answer how long to wait before the next, s."""
        try:
            delivered = events.deliver_pending(publisher.publish, clock=timezone.now)
        except TransientError as error:
            logger.warning("broker_unreachable", error=str(error))
            return FAULT_SECONDS
        except (OperationalError, InterfaceError) as error:
            logger.warning("database_unreachable", error=str(error))
            close_old_connections()
            return FAULT_SECONDS
        if delivered:
            logger.debug("events_delivered", count=delivered)
        return 0.0 if delivered else IDLE_SECONDS
