"""`manage.py psf_library`: stars by whose images the light of others is taken out; put them in, take them out."""

import argparse
import getpass
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from archive.command import ArchiveCommand
from archive.domain import psf_library
from archive.domain.psf_candidates import Candidate, candidates_of, every_candidate
from archive.errors import ArchiveError
from archive.management import arguments
from archive.models import Observation, Product

AT_A_TIME = 500


class Command(ArchiveCommand):
    help = "See which stars the PSF library has, put stars in, take them out, and make a night anew with what it has."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="stars that were cut out, and which of them the library has")
        listing.add_argument("--night", type=arguments.night, help="only of this night, such as 2016-09-25")
        for verb, says in (("add", "put stars in"), ("remove", "take stars out; what was made with them stays")):
            change = verbs.add_parser(verb, help=says)
            change.add_argument("observations", nargs="*", metavar="OBSERVATION")
            change.add_argument(
                "--night", type=arguments.night, help="all of this night, those with companions left out"
            )
            change.add_argument("--reason", default="", help="why, for those who wonder later")
        anew = verbs.add_parser("rerun", help="take the stars' light out anew, with what the library has now")
        anew.add_argument("--night", type=arguments.night, required=True)
        anew.add_argument("--reason", required=True, help="why, for those who wonder later")

    def handle(self, *_args: Any, **options: Any) -> None:
        verbs = {
            "list": lambda: self._list(options["night"]),
            "add": lambda: self._add(options),
            "remove": lambda: self._remove(options),
            "rerun": lambda: self._rerun(options["night"], options["reason"]),
        }
        try:
            verbs[options["verb"]]()
        except ArchiveError as error:
            raise CommandError(str(error)) from error

    def _list(self, night: date | None) -> None:
        is_empty = True
        for candidate in _candidates(night):
            is_empty = False
            self.stdout.write(_line(candidate))
        if is_empty:
            self.stdout.write("No star was cut out yet: reductions do that for every star that is bright enough.")

    def _add(self, options: dict[str, Any]) -> None:
        number = 0
        for observation in _observations(options, alone=True):
            psf_library.add(observation=observation, by=getpass.getuser(), reason=options["reason"], at=timezone.now())
            number += 1
        self.stdout.write(f"{number} stars are in the PSF library.")

    def _remove(self, options: dict[str, Any]) -> None:
        number = 0
        for observation in _observations(options, alone=False):
            gone = psf_library.remove(
                observation=observation, by=getpass.getuser(), reason=options["reason"], at=timezone.now()
            )
            number += gone is not None
        self.stdout.write(f"{number} stars were taken out of the PSF library.")

    def _rerun(self, night: date, reason: str) -> None:
        number = psf_library.make_anew(night=night, by=getpass.getuser(), reason=reason, at=timezone.now())
        self.stdout.write(f"{number} products of {night} are made again when workers are free.")


def _observations(options: dict[str, Any], *, alone: bool) -> Iterable[Observation]:
    """Those that are named, or candidates of a night; of these, if wanted, only stars without companions."""
    names: Sequence[str] = options["observations"]
    if not names and options["night"] is None:
        raise CommandError("Name observations, or give --night for all of one.")
    for name in names:
        yield _observation(name)
    if options["night"] is not None:
        for candidate in _candidates(options["night"]):
            if candidate.product.observation is not None and not (alone and candidate.has_company):
                yield candidate.product.observation


def _observation(name: str) -> Observation:
    found = Observation.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no observation {name}: `manage.py psf_library list` tells which there are.")
    return found


def _candidates(night: date | None) -> Iterable[Candidate]:
    rows = every_candidate().select_related("observation")
    if night is not None:
        rows = rows.filter(night=night)
    batch: list[Product] = []
    for product in rows.iterator(chunk_size=AT_A_TIME):
        batch.append(product)
        if len(batch) == AT_A_TIME:
            yield from candidates_of(batch)
            batch = []
    yield from candidates_of(batch)


def _line(candidate: Candidate) -> str:
    ratio = "" if candidate.strehl is None else f", Strehl {100 * candidate.strehl.strehl_ratio:.1f} %"
    return f"{candidate.product.night} {candidate.product.subject}: {candidate.standing}{ratio}{_company(candidate)}"


def _company(candidate: Candidate) -> str:
    return ", has a companion: it is not used" if candidate.has_company else ""
