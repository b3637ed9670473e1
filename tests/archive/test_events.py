"""The outbox: nothing lost, nothing twice without its id, in order, broker up or down."""

import json
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone
from kombu import Connection, Queue

from archive.domain import broker, events, stream
from archive.enums import EventName
from archive.errors import TransientError
from archive.models import Event, Frame
from archive.terms.listening import ear_for


class Heard:
    """Queues of a subscriber, bound to both exchanges; what came is read by `messages`."""

    def __init__(self, link: Connection) -> None:
        channel = link.default_channel
        self.fits = Queue("heard-fits", exchange=broker.fits_exchange(), exclusive=True)(channel)
        self.every = Queue("heard-events", exchange=broker.events_exchange(), routing_key="#", exclusive=True)(channel)
        for queue in (self.fits, self.every):
            queue.declare()

    @staticmethod
    def messages(queue):
        found = []
        while (message := queue.get(no_ack=True)) is not None:
            found.append(message)
        return found


@pytest.fixture
def heard(settings):
    with broker.connect() as link:
        yield Heard(link)


@contextmanager
def publisher():
    with broker.Publisher() as made:
        yield made


def deliver() -> int:
    with publisher() as made:
        return events.deliver_pending(made.publish, clock=timezone.now)


@pytest.mark.django_db(transaction=True)
class TestDelivery:
    def test_a_new_fits_frame_goes_to_the_fanout_as_ocs_clients_know_it(self, frame_factory, heard):
        square = ((202.0, 47.0), (202.0, 48.0), (203.0, 48.0), (203.0, 47.0), (202.0, 47.0))
        frame = frame_factory(footprint=square, headers={"SITEID": "lsc", "GAIN": 1.9})
        assert deliver() == 1
        (message,) = heard.messages(heard.fits)
        body = json.loads(message.body)
        version = frame.versions.get()
        assert set(body) == {"SITEID", "GAIN", "area", "basename", "version_set", "filename", "frameid"}
        assert json.loads(body["area"]) == {"type": "Polygon", "coordinates": [[list(place) for place in square]]}
        assert (body["frameid"], body["filename"]) == (frame.pk, f"{frame.basename}.fits.fz")
        assert body["version_set"] == [{"key": version.object.version_id, "md5": version.md5, "extension": ".fits.fz"}]
        event = Event.objects.get()
        assert message.properties["message_id"] == str(event.uuid)
        assert message.properties["delivery_mode"] == 2
        assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")

    def test_other_files_and_events_go_to_the_topic_exchange_alone(self, frame_factory, heard):
        frame_factory(extension=".pdf")
        frame_factory(versions=0)
        assert deliver() == 2
        assert heard.messages(heard.fits) == []
        told = [json.loads(message.body) for message in heard.messages(heard.every)]
        assert [event["event"] for event in told] == [EventName.FRAME_INGESTED, EventName.FRAME_UPDATED]
        assert [event["position"] for event in told] == [1, 2]

    def test_what_is_delivered_is_not_delivered_again(self, frame_factory, heard):
        frame_factory()
        assert (deliver(), deliver()) == (1, 0)
        assert len(heard.messages(heard.fits)) == 1

    def test_an_event_is_written_if_and_only_if_its_frame_is(self, frame_factory):
        with transaction.atomic():
            frame_factory()
            transaction.set_rollback(True)
        assert (Frame.objects.count(), Event.objects.count(), deliver()) == (0, 0, 0)

    def test_a_broker_that_fails_midway_gets_the_rest_later(self, frame_factory):
        frames = [frame_factory() for _ in range(3)]
        told = []

        def fails_at_second(event: Event) -> None:
            if len(told) == 1:
                raise TransientError("the broker went away")
            told.append(event.frame_id)

        with pytest.raises(TransientError):
            events.deliver_pending(fails_at_second, clock=timezone.now)
        events.deliver_pending(lambda event: told.append(event.frame_id), clock=timezone.now)
        assert told == [frame.pk for frame in frames]

    def test_two_relays_deliver_each_event_once(self, frame_factory, heard):
        for _ in range(30):
            frame_factory()

        def run() -> None:
            while deliver():
                pass
            connection.close()

        relays = [threading.Thread(target=run) for _ in range(2)]
        for relay in relays:
            relay.start()
        for relay in relays:
            relay.join()
        deliver()
        ids = [message.properties["message_id"] for message in heard.messages(heard.fits)]
        assert len(ids) == len(set(ids)) == 30

    def test_the_pipeline_hears_events_that_came_before_its_first_worker(self, frame_factory):
        frame_factory()
        deliver()
        with broker.connect() as link:
            queue = broker.pipeline_queue()(link.default_channel)
            assert queue.queue_declare(passive=True).message_count >= 1
            queue.purge()

    def test_the_exchange_of_fits_frames_can_be_switched_off(self, frame_factory, heard, settings):
        settings.PROCESSED_EXCHANGE_ENABLED = False
        frame_factory()
        deliver()
        assert heard.messages(heard.fits) == []


@pytest.mark.django_db(transaction=True)
def test_ingest_goes_on_without_rabbitmq_and_everything_is_told_when_it_returns(frame_factory, services):
    with broker.connect() as link:
        durable = Queue("told-later", exchange=broker.fits_exchange(), durable=True)(link.default_channel)
        durable.declare()
    services.rabbitmq.stop()
    try:
        frames = [frame_factory() for _ in range(5)]
        with pytest.raises(TransientError, match="broker"):
            deliver()
    finally:
        services.rabbitmq.start()
    deliver()
    with broker.connect() as link:
        queue = durable.bind(link.default_channel)
        told = [json.loads(message.body)["frameid"] for message in Heard.messages(queue)]
        queue.delete()
    assert told == [frame.pk for frame in frames]


@pytest.mark.django_db(transaction=True)
class TestPositions:
    def test_an_event_committed_late_gets_a_later_position(self, frame_factory):
        """A sequence number would put it before an event that readers have already seen."""
        first_written, second_told = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                frame_factory(basename="written-first")
                first_written.set()
                second_told.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        first_written.wait(10)
        frame_factory(basename="committed-first")
        events.deliver_pending(lambda _: None, clock=timezone.now)
        last_seen = stream.last_position()
        second_told.set()
        thread.join()
        events.deliver_pending(lambda _: None, clock=timezone.now)
        late = Event.objects.get(frame_id=Frame.objects.get(basename="written-first").pk)
        assert (last_seen, late.position) == (1, 2)

    def test_readers_get_what_they_may_see_and_go_on_behind_what_they_may_not(self, frame_factory, bob, alice, now):
        hidden, shown = frame_factory(public_date=None), frame_factory()
        events.deliver_pending(lambda _: None, clock=timezone.now)
        seen, position = stream.look(ear_for(bob, QueryDict()), after=0, most=10, at=now)
        assert ([told.event.frame_id for told in seen], position) == ([shown.pk], 2)
        seen, _ = stream.look(ear_for(alice, QueryDict()), after=0, most=10, at=now)
        assert [told.event.frame_id for told in seen] == [hidden.pk, shown.pk]

    def test_old_delivered_events_are_forgotten_but_positions_go_on(self, frame_factory):
        frame_factory()
        events.deliver_pending(lambda _: None, clock=timezone.now)
        frame_factory()
        events.deliver_pending(lambda _: None, clock=timezone.now)
        later = timezone.now() + timedelta(days=31)
        assert events.forget_delivered(older_than=timedelta(days=30), at=later) == 1
        frame_factory()
        events.deliver_pending(lambda _: None, clock=timezone.now)
        assert stream.last_position() == 3
