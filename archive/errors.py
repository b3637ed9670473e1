"""The five ways in which the archive says no. None knows HTTP; each interface maps them once."""


class ArchiveError(Exception):
    """Base of the five. Its message says in plain words what to do next."""


class UsageError(ArchiveError):
    """The request or the file can never pass as it is: change it."""


class NotFoundError(ArchiveError):
    """There is no such thing, or the reader may not know of it."""


class ConflictError(ArchiveError):
    """The request contradicts what the archive already holds."""


class TransientError(ArchiveError):
    """It may pass later: try the same again."""


class FatalError(ArchiveError):
    """A person has to look: a service is set up wrongly, or stored data is damaged."""
