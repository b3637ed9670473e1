"""`manage.py muse load|link|wipe`: trees of MUSE's files, frames that were not read yet, and an end of it all."""

import argparse
import getpass
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain import muse_editing
from archive.errors import ArchiveError
from archive.models import MuseExposure, MuseTarget
from ingest import muse_linking
from ingest.batch import Fate, How, Outcome, do_many
from ingest.headers import muse
from ingest.intake import make_inspector
from ingest.management.arguments import be_quiet, check_store, key_and_value
from ingest.muse_loading import Report, Tree, reports_of, tree_of
from ingest.names import split_name

KINDS_SHOWN = 5
WORD = "wipe"


class Command(ArchiveCommand):
    help = "Take trees of MUSE's files into the archive, link frames that were not read yet, or delete it all."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        load = verbs.add_parser(
            "load",
            help="take every raw, reduced, prm and psf file under a folder; what the archive has is left alone",
        )
        load.add_argument("root", nargs="?", type=Path, default=Path(), metavar="ROOT", help="(default: this folder)")
        load.add_argument("--dry-run", action="store_true", help="look at each file, tell the same, write nothing")
        load.add_argument("--workers", type=int, default=1, metavar="N", help="processes that read files (default 1)")
        load.add_argument(
            "--given",
            action="append",
            default=[],
            type=key_and_value,
            metavar="KEY=VALUE",
            help="metadata to add to each file's header, such as a proposal; repeatable",
        )
        link = verbs.add_parser(
            "link",
            help="read frames for their tables that nobody has read (posted, restored), and link all exposures anew",
        )
        link.add_argument("--dry-run", action="store_true", help="only say which frames would be read")
        wipe = verbs.add_parser("wipe", help="delete every target and exposure; files stay unless --files is given")
        wipe.add_argument("--files", action="store_true", help="delete MUSE's frames with all their bytes as well")
        wipe.add_argument("--yes", "--noinput", "--no-input", action="store_true", help="delete without asking")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        be_quiet()
        match verb:
            case "load":
                self._load(options)
            case "link":
                self._link(is_dry_run=options["dry_run"])
            case "wipe":
                self._wipe(with_files=options["files"], ask=not options["yes"])

    def _load(self, options: dict[str, Any]) -> None:
        if options["workers"] < 1:
            raise CommandError("--workers must be 1 or more.")
        check_store(self)
        root, unread = options["root"], list[OSError]()
        if not root.is_dir():
            raise CommandError(f"{root} is no folder." if root.exists() else f"{root} does not exist.")
        tree = tree_of(root.absolute(), on_error=unread.append)
        for error in unread:
            self.stderr.write(f"{error.filename}: can not be read: {error.strerror}")
        how = How(given=dict(options["given"]), wanted=muse.reads, is_dry_run=options["dry_run"])
        outcomes = self._done(tree, how, workers=options["workers"])
        if not how.is_dry_run:
            held = [outcome.path.name for outcome in outcomes if outcome.fate is Fate.HELD]
            muse_linking.make_lost({split_name(name)[0] for name in held}, at=timezone.now())
        self._tell(root, tree, outcomes, is_dry_run=how.is_dry_run)
        self._tell_exposures(reports_of(outcomes), is_dry_run=how.is_dry_run)
        failed = sum(outcome.fate is Fate.FAILED for outcome in outcomes)
        if failed or unread:
            folders = f" and {len(unread)} folders could not be read" if unread else ""
            raise CommandError(f"{failed} of {len(outcomes)} files were not taken{folders}; the reasons stand above.")

    def _done(self, tree: Tree, how: How, *, workers: int) -> list[Outcome]:
        outcomes = []
        says = "Looking" if how.is_dry_run else "Loading"
        with tqdm(total=len(tree.files), unit="file", desc=says, disable=None) as bar:
            for outcome in do_many(tree.files, how, workers=workers):
                outcomes.append(outcome)
                bar.update()
                if outcome.fate is Fate.FAILED:
                    bar.write(f"{outcome.path}: {outcome.reason}", file=self.stderr)
        return outcomes

    def _tell(self, root: Path, tree: Tree, outcomes: list[Outcome], *, is_dry_run: bool) -> None:
        if not tree.files:
            self.stdout.write(f"{root.absolute()} holds no FITS files.")
        counts = Counter(outcome.fate for outcome in outcomes)
        told = f"{counts[Fate.NEW]} new, {counts[Fate.HELD]} already held, {counts[Fate.FAILED]} failed"
        self.stdout.write(f"Nothing was written; there are {told}." if is_dry_run else f"{told}.")
        foreign = [outcome.path for outcome in outcomes if outcome.fate is Fate.FOREIGN]
        if left := [*tree.left, *foreign]:
            self.stdout.write(f"Not taken, for they are none of MUSE's frames: {_by_kind(left)}.")

    def _tell_exposures(self, reports: list[Report], *, is_dry_run: bool) -> None:
        for report in reports:
            if report.missing:
                self.stdout.write(f"{report.exposure}: {', '.join(report.missing)} not there")
        incomplete = sum(bool(report.missing) for report in reports)
        would = "would be " if is_dry_run else ""
        self.stdout.write(f"{len(reports)} exposures: {len(reports) - incomplete} {would}complete, {incomplete} not.")
        if n_unread := muse_linking.unread_versions().count():
            self.stdout.write(f"{n_unread} frames were never read for their tables: `manage.py muse link` does it.")

    def _link(self, *, is_dry_run: bool) -> None:
        versions = muse_linking.unread_versions()
        count, failed = versions.count(), 0
        if is_dry_run:
            for name in versions.values_list("frame__basename", flat=True):
                self.stdout.write(name)
            self.stdout.write(f"Nothing was written; {count} frames would be read.")
            return
        inspector = make_inspector()
        with tqdm(total=count, unit="frame", desc="Linking", disable=None) as bar:
            for version in versions.iterator():
                try:
                    muse_linking.link_version(version, inspector=inspector, at=timezone.now())
                except ArchiveError as error:
                    failed += 1
                    bar.write(f"{version.frame.basename}{version.extension}: {error}", file=self.stderr)
                bar.update()
        inspector.close()
        muse_linking.make_lost(at=timezone.now())
        n_exposures = muse_linking.settle_again(at=timezone.now())
        self.stdout.write(f"{count - failed} frames read, {failed} failed; {n_exposures} exposures linked anew.")
        if failed:
            raise CommandError(f"{failed} of {count} frames could not be read; the reasons stand above.")

    def _wipe(self, *, with_files: bool, ask: bool) -> None:
        what = f"{MuseTarget.objects.count()} targets and {MuseExposure.objects.count()} exposures"
        if with_files:
            what += ", and every frame of MUSE with its bytes,"
        if ask:
            self._confirm(what)
        gone = muse_editing.wipe(with_files=with_files, by=getpass.getuser(), at=timezone.now())
        self.stdout.write(f"{gone.n_targets} targets, {gone.n_exposures} exposures and {gone.n_frames} frames deleted.")

    def _confirm(self, what: str) -> None:
        try:
            answer = input(f"Delete {what} for good? Type {WORD}: ")
        except EOFError as error:
            raise CommandError("nobody is there to be asked: give --yes.") from error
        if answer.strip() != WORD:
            raise CommandError("nothing was deleted.")


def _by_kind(paths: list[Path]) -> str:
    """How many files of each kind, the commonest first."""
    counts = Counter(_kind(path) for path in paths)
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.most_common(KINDS_SHOWN))
    others = sum(count for _, count in counts.most_common()[KINDS_SHOWN:])
    return f"{shown} and {others} others" if others else shown


def _kind(path: Path) -> str:
    """The last two extensions, as .detections.cat and .NL.txt have."""
    return "".join(word for word in path.suffixes[-2:] if word[1:].isalpha()) or path.name
