"""What commands that take files have in common."""

import argparse
import logging
import os

from django.core.management.base import BaseCommand, CommandError

from archive.domain.store import the_store
from archive.errors import ArchiveError


def key_and_value(text: str) -> tuple[str, str]:
    """A card, as KEY=VALUE. Raises ArgumentTypeError for anything else."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is no KEY=VALUE")
    return key, value


def be_quiet() -> None:
    """Log warnings only, here and in the processes started from here: the bar and the summary tell the rest."""
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    logging.getLogger().setLevel(os.environ["LOG_LEVEL"])


def check_store(command: BaseCommand) -> None:
    """Say what is wrong with the store. Raises CommandError if it is of no use."""
    try:
        warning = the_store().check()
    except ArchiveError as error:
        raise CommandError(str(error)) from error
    if warning:
        command.stderr.write(command.style.WARNING(warning))
