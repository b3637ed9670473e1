"""`manage.py agent -c FILE.toml`: the agent of this computer."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from telemetry.agent.command import run_agent
from telemetry.config import read_config
from telemetry.errors import TelemetryError


class Command(BaseCommand):
    help = "Send this computer's telemetry to an archive, as [agent] of a TOML file says. See docs/telemetry.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-c", "--config", action="append", default=[], metavar="FILE.toml")
        parser.add_argument("words", nargs="*", metavar="key=value")

    def handle(self, *_args: Any, config: list[str], words: list[str], **_options: Any) -> None:
        try:
            run_agent(read_config([Path(each) for each in config], words))
        except TelemetryError as error:
            raise CommandError(str(error)) from error
