"""Instrument telemetry: who reads it, and when its nights begin."""

from datetime import timedelta

from settings import env

__all__ = ["TELEMETRY_PRIVATE_EVENTS", "TELEMETRY_READERS", "TELEMETRY_UTC_OFFSET"]

TELEMETRY_READERS = env.TELEMETRY_READERS
TELEMETRY_PRIVATE_EVENTS = env.TELEMETRY_PRIVATE_EVENTS
TELEMETRY_UTC_OFFSET = timedelta(hours=env.TELEMETRY_UTC_OFFSET_HOURS)
