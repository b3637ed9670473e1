"""Short ids of what is recorded: one for each event type of a device."""

from collections.abc import Iterable

from django.db import connections

Name = tuple[str, str]  # device and event type


def ids_of(names: Iterable[Name], *, using: str) -> dict[Name, int]:
    """The id of each channel, made where it is new."""
    wanted = sorted(set(names))
    devices, events = [device for device, _ in wanted], [event for _, event in wanted]
    found = _find(devices, events, using=using)
    if len(found) < len(wanted):
        with connections[using].cursor() as cursor:
            cursor.execute(
                "INSERT INTO telemetry.channel (device, event) SELECT * FROM unnest(%s::text[], %s::text[])"
                " ON CONFLICT (device, event) DO NOTHING",
                [devices, events],
            )
        found = _find(devices, events, using=using)
    return found


def _find(devices: list[str], events: list[str], *, using: str) -> dict[Name, int]:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT device, event, id FROM telemetry.channel"
            " WHERE (device, event) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            [devices, events],
        )
        return {(device, event): channel for device, event, channel in cursor.fetchall()}
