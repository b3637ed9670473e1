"""The message broker: its exchanges, and a publisher that believes only what the broker confirms."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from amqp.exceptions import ContentTooLarge, PreconditionFailed
from django.conf import settings
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError
from kombu.transport.pyamqp import Transport

from archive.domain.envelope import envelope_of
from archive.errors import TransientError, UsageError
from archive.models import Event

CONNECT_SECONDS = 5
PUBLISH_SECONDS = 10  # for a message and for its confirm; a broker in a memory alarm is silent
TOO_LARGE = (PreconditionFailed, ContentTooLarge)
# What kombu and its AMQP transport raise when the broker is away, refuses, or goes away meanwhile.
FAULTS: tuple[type[Exception], ...] = (*Transport.connection_errors, *Transport.channel_errors, OperationalError)


def is_configured() -> bool:
    """Whether there is a broker at all; without one events wait in the outbox."""
    return not str(settings.QUEUE_BROKER_URL).startswith("memory:")


def connect() -> Connection:
    """A connection that confirms what it publishes. Nothing is sent before it is used."""
    return Connection(
        settings.QUEUE_BROKER_URL, connect_timeout=CONNECT_SECONDS, transport_options={"confirm_publish": True}
    )


def fits_exchange() -> Exchange:
    """New FITS frames, to whoever binds a queue: the exchange of the OCS archive."""
    return Exchange(settings.PROCESSED_EXCHANGE_NAME, type="fanout", durable=True)


def events_exchange() -> Exchange:
    """Every event, by its name."""
    return Exchange(settings.EVENTS_EXCHANGE_NAME, type="topic", durable=True)


def pipeline_queue() -> Queue:
    """What the archive's own pipeline hears. The relay declares it too, so that no event comes too early for it."""
    return Queue(settings.PIPELINE_QUEUE, exchange=events_exchange(), routing_key="#", durable=True)


def object_events_queue() -> Queue:
    """What the store tells of new objects: sent to the exchange of the same name, or to the queue itself."""
    name = settings.OBJECT_EVENTS_QUEUE
    return Queue(name, exchange=Exchange(name, type="topic", durable=True), routing_key="#", durable=True)


class Publisher:
    """Sends events. A context manager: it holds one connection, made when first needed and again after a fault."""

    def __init__(self) -> None:
        self._connection = connect()
        self._producer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.release()

    def publish(self, event: Event) -> None:
        """Send one event and wait for the broker's word.

        Raises TransientError when the broker can not be reached or does not confirm, UsageError when it will never
        take this one.
        """
        with self._translated_errors():
            if settings.PROCESSED_EXCHANGE_ENABLED and event.to_fits_exchange:
                self._send(event, event.body, exchange=fits_exchange(), routing_key="")
            self._send(event, envelope_of(event), exchange=events_exchange(), routing_key=event.name)

    def _send(self, event: Event, body: dict[str, Any], *, exchange: Exchange, routing_key: str) -> None:
        if self._producer is None:
            self._producer = self._declared_producer()
        self._producer.publish(
            json.dumps(body, ensure_ascii=False),
            exchange=exchange.name,
            routing_key=routing_key,
            message_id=str(event.uuid),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            priority=0,
            timeout=PUBLISH_SECONDS,
            confirm_timeout=PUBLISH_SECONDS,
        )

    def _declared_producer(self) -> Any:
        self._connection.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
        channel = self._connection.default_channel
        fits_exchange()(channel).declare()
        pipeline_queue()(channel).declare()  # and the exchange of events with it
        return self._connection.Producer(channel)

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except FAULTS as error:
            is_declared = self._producer is not None
            self._producer = None
            self._connection.collect(socket_timeout=1)  # a polite close would wait for a broker that is silent
            if is_declared and isinstance(error, TOO_LARGE):
                raise UsageError(f"the broker will never take a message of this size: {error}") from error
            raise TransientError(f"the broker did not take the message: {error}") from error
