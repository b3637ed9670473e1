"""The ways in which telemetry says no. Its own, for it also runs where the archive is not installed."""


class TelemetryError(Exception):
    """Base of the four. Its message says in plain words what to do next."""


class UsageError(TelemetryError):
    """The request, the command or the file can never pass as it is: change it."""


class NotFoundError(TelemetryError):
    """There is no such host, device, file, location or span."""


class ConflictError(TelemetryError):
    """What was sent does not fit what is held: read how far that goes, and go on from there."""


class TransientError(TelemetryError):
    """It may pass later: try the same again."""
