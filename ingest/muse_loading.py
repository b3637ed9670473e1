"""A tree of MUSE's files: which of them are taken, and what its exposures still lack."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db.models import F, Q

from archive.domain import muse_links
from archive.domain.muse_links import PARAMETERS
from archive.errors import ArchiveError
from archive.models import AoFile
from ingest.ao_maps import MUSE_ID
from ingest.batch import Fate, Outcome
from ingest.intake import Looked
from ingest.muse_names import MuseKind, exposure_names, fit_names, missing_of, provenance
from ingest.names import is_fits, split_name

AT_A_TIME = 500  # names that the database is asked for at once


@dataclass(frozen=True, slots=True)
class Tree:
    """Files under a folder."""

    files: tuple[Path, ...]  # that may be MUSE's
    left: tuple[Path, ...]  # of other kinds: catalogues, logs and such


@dataclass(frozen=True, slots=True)
class Report:
    """An exposure, and the files and keywords that were looked for and are not there."""

    exposure: str
    missing: tuple[str, ...]


def tree_of(root: Path, *, on_error: Callable[[OSError], None]) -> Tree:
    """Every file under a folder, whatever its folder is called; `on_error` hears of folders that can not be read.

    Files and folders whose name begins with a dot are left alone.
    """
    files: list[Path] = []
    left: list[Path] = []
    for path in _walked(root, on_error):
        (files if _may_be_muse(path) else left).append(path)
    return Tree(tuple(files), tuple(left))


def _walked(root: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, onerror=on_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _may_be_muse(path: Path) -> bool:
    try:
        return is_fits(split_name(path.name)[1])
    except ArchiveError:
        return True  # taken on, so that its bad name is told with the others


def reports_of(outcomes: Sequence[Outcome]) -> list[Report]:
    """What the exposures of these files lack, by name: after they were taken, or as it would be."""
    done = [outcome for outcome in outcomes if outcome.fate in {Fate.NEW, Fate.HELD}]
    if looked := [outcome.looked for outcome in done if outcome.looked is not None]:
        return _foreseen(looked)
    found: dict[str, Report] = {}
    for some in _some(split_name(outcome.path.name)[0] for outcome in done):
        for name, missing in muse_links.exposures_of(some).values_list("name", "missing"):
            found[name] = Report(name, tuple(missing))
    return [found[name] for name in sorted(found)]


@dataclass(slots=True)
class _Known:
    """Files of MUSE that are there or would be, by base name."""

    cubes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # keys of the raw files of each
    fits: dict[str, bool] = field(default_factory=dict)  # whether each prm file has parameters
    sources: set[str] = field(default_factory=set)
    raws: set[str] = field(default_factory=set)

    def add(self, basename: str, *, kind: str, raws: tuple[str, ...], has_psfpars: bool) -> None:
        match kind:
            case MuseKind.REDUCED:
                self.cubes[basename] = raws
            case MuseKind.PRM:
                self.fits[basename] = has_psfpars
            case MuseKind.PSF:
                self.sources.add(basename)
            case MuseKind.RAW:
                self.raws.add(basename)

    def add_held(self, basenames: Iterable[str]) -> None:
        """The newest version of each of these that the archive holds."""
        for some in _some(basenames):
            files = AoFile.objects.filter(version__frame__basename__in=some, instrument_id=MUSE_ID)
            for file in (
                files.defer("headers", "tables", "strehl_sums")
                .annotate(basename=F("version__frame__basename"), has_psfpars=Q(tables__has_key=PARAMETERS))
                .order_by("version__created", "version")
            ):
                self.add(file.basename, kind=file.kind, raws=provenance(file.cards), has_psfpars=file.has_psfpars)


def _foreseen(looked: Sequence[Looked]) -> list[Report]:
    """What exposures would lack: of files that were looked at, and what the archive holds, together."""
    new = [each for each in looked if each.kind]
    exposures: dict[str, str] = {}
    for some in _some([each.basename for each in looked]):
        exposures |= dict(muse_links.exposures_of(some).values_list("name", "other_cube"))
    for basename, kind in [*((each.basename, each.kind) for each in new), *_held_kinds(looked)]:
        name, *others = exposure_names(f"{basename}.fits") or (basename,)
        if kind in muse_links.OF_EXPOSURES:
            exposures[name] = exposures.get(name) or (others[0] if others else "")
    known = _known(exposures, new)
    return [_report(name, exposures[name], known) for name in sorted(exposures)]


def _held_kinds(looked: Sequence[Looked]) -> Iterator[tuple[str, str]]:
    """Base name and kind of the files that the archive holds: their exposure may have been deleted."""
    for some in _some(each.basename for each in looked if each.is_held):
        files = AoFile.objects.filter(version__frame__basename__in=some, instrument_id=MUSE_ID)
        yield from files.values_list("version__frame__basename", "kind")


def _known(exposures: Mapping[str, str], new: Sequence[Looked]) -> _Known:
    known = _Known()
    of_fits = [
        fit for name, other in exposures.items() for kind in muse_links.FITS for fit in fit_names(name, other, kind)
    ]
    known.add_held({*exposures, *filter(None, exposures.values()), *of_fits})
    for each in new:
        known.add(each.basename, kind=each.kind, raws=each.raws, has_psfpars=PARAMETERS in each.tables)
    known.add_held({key for keys in known.cubes.values() for key in keys} - known.raws)
    return known


def _report(name: str, other_cube: str, known: _Known) -> Report:
    cube = next((cube for cube in (name, other_cube) if cube in known.cubes), None)
    prms, psfs = (fit_names(name, other_cube, kind) for kind in muse_links.FITS)
    missing = missing_of(
        name,
        raws=None if cube is None else {key: key in known.raws for key in known.cubes[cube]},
        has_prm=any(fit in known.fits for fit in prms),
        has_psfpars=any(known.fits.get(fit) for fit in prms),
        has_psf=any(fit in known.sources for fit in psfs),
    )
    return Report(name, tuple(missing))


def _some(basenames: Iterable[str]) -> Iterator[list[str]]:
    left = iter(basenames)
    while some := list(islice(left, AT_A_TIME)):
        yield some
