"""How an event is told: the same envelope in RabbitMQ, in the live stream and in the replay."""

from typing import Any

from archive.enums import EventName
from archive.models import Event

# What the live stream keeps of the body of new bytes: the whole header of each frame to each listener is too much.
IN_BRIEF = ("frameid", "basename", "filename", "version_set")


def envelope_of(event: Event) -> dict[str, Any]:
    """The event's facts, and its body inside."""
    return {
        "id": str(event.uuid),
        "event": event.name,
        "position": event.position,
        "created_at": event.created_at.isoformat(),
        "frame_id": event.frame_id,
        "body": event.body,
    }


def brief_envelope_of(event: Event) -> dict[str, Any]:
    """The same without the header of the frame."""
    envelope = envelope_of(event)
    if event.name == EventName.FRAME_INGESTED:
        envelope["body"] = {name: event.body[name] for name in IN_BRIEF if name in event.body}
    return envelope
