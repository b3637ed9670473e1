"""`manage.py recount`: count all frames anew, after rows were changed behind the triggers' back."""

from typing import Any

from archive.command import ArchiveCommand
from archive.domain import tallies


class Command(ArchiveCommand):
    help = (
        "Count all frames anew. The counts are exact by themselves; this is for frames that were loaded or restored "
        "with triggers switched off. Ingest waits until it is done; readers wait for some seconds at its end."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        counted = tallies.recount()
        self.stdout.write(f"Counted: {counted} kinds of frames.")
