"""What readers refuse. Bytes of files are never refused as a whole: see `Damage`."""

from telemetry.errors import UsageError


class BundleError(UsageError):
    """A code table or a schema can not be read: the message names file and line."""
