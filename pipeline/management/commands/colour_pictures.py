"""`manage.py colour_pictures`: make the gallery's pictures by hand."""

import argparse
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain import colour_frames, colour_pictures
from archive.domain.store import the_store
from archive.domain.target_names import spellings_of
from archive.enums import ColourState
from archive.errors import ArchiveError
from archive.models import ColourPicture
from pipeline.reductions.colour import make_colour_picture


class Command(ArchiveCommand):
    help = (
        "Choose three public frames of different colours of each target, and make the gallery's pictures of them. Beat "
        "does so for targets of which something came or became public in the last days; this is for all of them."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--target", help="only this one, however its name is written")
        parser.add_argument(
            "--again",
            action="store_true",
            help="also where there is a picture, where none could be made, and where staff took one away",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            the_store()
            self._make(options["target"], again=options["again"])
        except ArchiveError as error:
            raise CommandError(f"{error} What was made stays: start it again.") from error

    def _make(self, target: str | None, *, again: bool) -> None:
        at = timezone.now()
        if target is not None and not spellings_of(target):
            raise CommandError(f"No frame is of a target {target!r}: --target is a name as frames have it.")
        names = list(colour_frames.targets(at=at)) if target is None else [target]
        chosen: dict[int, None] = {}
        for name in tqdm(names, unit="target", desc="Choosing", disable=None):
            chosen.update(dict.fromkeys(colour_pictures.choose(name, at=at, again=again)))
        late = colour_pictures.waiting(at=at, most=len(chosen) + 1000) if target is None else []
        made = list(dict.fromkeys([*chosen, *late]))
        n_made = sum(
            make_colour_picture(picture_id=picture_id, at=timezone.now())
            for picture_id in tqdm(made, unit="picture", desc="Making", disable=None)
        )
        failed = ColourPicture.objects.filter(pk__in=made, state=ColourState.FAILED).order_by("pk")
        for name, reason in failed.values_list("target_name", "reason"):
            self.stderr.write(f"{name}: {reason}")
        self.stdout.write(f"{n_made} pictures made of {len(names)} targets; {len(failed)} could not be made.")
