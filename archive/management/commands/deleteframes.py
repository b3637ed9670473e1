"""`manage.py deleteframes`: clear up, frames and their bytes."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain.removal import delete_frame
from archive.domain.retention import LISTS, SINGLES, Selection, selected
from archive.errors import ArchiveError, NotFoundError, UsageError
from archive.models import FrameQuerySet

NAMES_SHOWN = 10


class Command(ArchiveCommand):
    help = (
        "Delete frames with everything that belongs to them: rows, pictures, and all versions of their bytes in the "
        "store. All selectors must hold. It says first how many frames that is, and asks."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--days-old", type=int, metavar="N", help="observed more than N days ago")
        parser.add_argument("--start", type=_moment, metavar="DATE", help="observed at or after, UTC; needs --end")
        parser.add_argument("--end", type=_moment, metavar="DATE", help="observed at or before, UTC; needs --start")
        parser.add_argument("--reduction-level", type=int, metavar="N")
        parser.add_argument("--request-id", type=int, metavar="N")
        parser.add_argument("--observation-id", type=int, metavar="N")
        parser.add_argument("--site", "--site-id", dest="site_id", metavar="SITE")
        parser.add_argument("--telescope", "--telescope-id", dest="telescope_id", metavar="TELESCOPE")
        for name in LISTS:
            for verb, says in (("include", "only of these"), ("exclude", "none of these")):
                parser.add_argument(
                    f"--{verb}-{name}", nargs="+", action="extend", default=[], metavar="NAME", help=f"{says} {name}"
                )
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument(
            "--noinput", "--no-input", "--yes", action="store_false", dest="ask", help="delete without asking"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        frames = _frames(options)
        count = frames.count()
        self._show(frames, count)
        if count == 0 or options["dry_run"]:
            return
        if options["ask"]:
            self._confirm(count)
        self._delete(frames, count)

    def _show(self, frames: FrameQuerySet, count: int) -> None:
        self.stdout.write(f"{count} frames are selected.")
        for name in frames.values_list("basename", flat=True)[:NAMES_SHOWN]:
            self.stdout.write(f"  {name}")
        if count > NAMES_SHOWN:
            self.stdout.write(f"  and {count - NAMES_SHOWN} more")

    def _confirm(self, count: int) -> None:
        try:
            answer = input(f"Delete {count} frames and their files for good? Type yes: ")
        except EOFError as error:
            raise CommandError("nobody is there to be asked: give --noinput, or --dry-run to only look.") from error
        if answer.strip().lower() != "yes":
            raise CommandError("nothing was deleted.")

    def _delete(self, frames: FrameQuerySet, count: int) -> None:
        """Delete each frame in a transaction of its own: what was done stays done when it is stopped."""
        deleted = failed = 0
        with tqdm(total=count, unit="frame", desc="Deleting", disable=None) as bar:
            for frame_id, name in frames.values_list("pk", "basename").iterator():
                try:
                    delete_frame(frame_id=frame_id, at=timezone.now(), by="deleteframes")
                    deleted += 1
                except NotFoundError:
                    pass  # somebody else was faster
                except ArchiveError as error:
                    failed += 1
                    bar.write(f"{name}: {error}", file=self.stderr)
                bar.update()
        self.stdout.write(f"{deleted} frames deleted.")
        if failed:
            raise CommandError(f"{failed} frames could not be deleted; the reasons stand above.")


def _frames(options: dict[str, Any]) -> FrameQuerySet:
    selection = Selection(
        start=options["start"],
        end=_end(options),
        equal={name: options[name] for name in SINGLES if options[name] is not None},
        include={name: options[f"include_{name}"] for name in LISTS},
        exclude={name: options[f"exclude_{name}"] for name in LISTS},
    )
    try:
        return selected(selection)
    except UsageError as error:
        raise CommandError(str(error)) from error


def _end(options: dict[str, Any]) -> datetime:
    days, start, end = options["days_old"], options["start"], options["end"]
    if (days is None) == (start is None and end is None) or (start is None) != (end is None):
        raise CommandError("give either --days-old, or both --start and --end.")
    if days is None:
        moment: datetime = end
        return moment
    if days < 0:
        raise CommandError("--days-old must not be negative.")
    return timezone.now() - timedelta(days=days)


def _moment(text: str) -> datetime:
    """A date (its midnight) or a time as ISO 8601 has it; without a zone UTC."""
    try:
        day = parse_date(text)
        moment = parse_datetime(text) if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: {error}") from error
    if moment is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write 2025-03-09 or 2025-03-09T12:00:00.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
