"""`manage.py telemetry …`: the commands of xtelemdb on the archive's own database."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from telemetry.cli.main import main

PROG = "manage.py telemetry"


class Command(BaseCommand):
    help = "Instrument telemetry and file inventory. `manage.py telemetry -h` lists the commands."

    def run_from_argv(self, argv: list[str]) -> None:
        """As a shell calls it: all words are ours, `-h` too."""
        try:
            sys.exit(main(argv[2:], prog=PROG, own_database=False))
        finally:
            connections.close_all()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", nargs=argparse.REMAINDER)

    def handle(self, *_args: Any, words: Sequence[str], **_options: Any) -> None:
        if code := main(words, prog=PROG, own_database=False):
            raise CommandError("The command did not end well; see above.", returncode=code)
