"""What all commands of `manage.py` but Django's own begin as."""

from django.core.management.base import BaseCommand


class ArchiveCommand(BaseCommand):
    """A command that starts without Django's checks.

    They go through every address of the web, and so import all that serves it, which takes longer than most commands
    do. `manage.py migrate`, with which each start of an archive begins, and `make lint` run them.
    """

    requires_system_checks: tuple[str, ...] = ()
