"""Event name to task: the pipeline hears the archive's events and starts what they call for."""

import json
from typing import Any

import structlog
from celery import bootsteps
from django.conf import settings
from kombu import Consumer, Message

from archive.domain import broker
from archive.enums import EventName
from archive.errors import UsageError
from ingest.object_messages import created_objects, read_message
from pipeline import tasks

logger = structlog.get_logger(__name__)

SUBSCRIPTIONS: dict[str, tuple[Any, ...]] = {
    EventName.FRAME_INGESTED: (tasks.make_previews, tasks.plan_frame),
    EventName.FRAME_POSTED: (tasks.verify_frame,),
}


class EventConsumer(bootsteps.ConsumerStep):
    """Runs inside each worker. Workers share one queue, so each event is heard once."""

    def get_consumers(self, channel: Any) -> list[Consumer]:
        return [
            Consumer(
                channel,
                queues=[broker.pipeline_queue()],
                on_message=start_tasks,
                prefetch_count=10,
            )
        ]


class ObjectEventConsumer(bootsteps.ConsumerStep):
    """Runs inside each worker too: what the store tells of new objects becomes a task."""

    def get_consumers(self, channel: Any) -> list[Consumer]:
        return [
            Consumer(
                channel,
                queues=[broker.object_events_queue()],
                on_message=start_hearing,
                prefetch_count=10,
            )
        ]


def start_hearing(message: Message) -> None:
    """Hand one notification to a task. What is none is logged and dropped: it would be none the next time too."""
    try:
        told = read_message(message.body or "")
        created_objects(told, bucket=settings.STORE.bucket)
    except UsageError as error:
        logger.warning("object_event_not_understood", reason=str(error))
        message.reject()
        return
    tasks.hear_object_events.delay(message=told)
    message.ack()


def start_tasks(message: Message) -> None:
    """Start the tasks of one event. It is acknowledged once the broker has them, so none is lost on the way."""
    try:
        event = json.loads(message.body or "")
        name, event_id = str(event["event"]), str(event["id"])
        frame_id = None if event["frame_id"] is None else int(event["frame_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        logger.exception("event_not_understood", message_id=message.properties.get("message_id"))
        message.reject()
        return
    for task in SUBSCRIPTIONS.get(name, ()) if frame_id is not None else ():
        # An event that comes twice starts the same task again under the same id; tasks are safe twice.
        task.apply_async(kwargs={"frame_id": frame_id}, task_id=f"{event_id}-{task.name.rpartition('.')[2]}")
    message.ack()
