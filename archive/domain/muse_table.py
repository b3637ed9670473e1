"""Chosen keys of many exposures as one table: what is a list becomes its mean, or what else is asked for.

airmass                     a column of the exposures
ESO TEL AMBI TAU0           a card of the cube
CHAN03.ESO DET CHIP ID      a card of a channel of the first raw file
ASM_DATA.DIMM_SEEING        a column of a table of the first raw file
psfParams.fwhm              a parameter of the newest fit
sources.PM_17.snr           a column of one source, `sources.*.snr` of all of them together
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import QuerySet

from archive.domain import muse_views
from archive.domain.ao_files import newest_of
from archive.domain.muse_editing import SCALARS
from archive.errors import UsageError
from archive.models import AoFile, MuseExposure, MuseFit, MuseRaw
from ingest.ao_tables import Column, Table
from ingest.muse_names import MuseKind, is_source
from ingest.muse_views import View

MOST_KEYS = 100
MOST_EXPOSURES = 10_000
MOST_WHOLE_FILES = 500  # exposures of one table whose files of sources are read from end to end
MOST_CELLS = 2_000_000
ROWS_AT_ONCE = 100
OWN = ("name", "target", "observed_at", "ins_mode", "obs_id", "n_sources", "proposal_id", *SCALARS)
ALL = "*"


class Statistic(StrEnum):
    """What stands for a list. Of numbers that are finite; null where there is none."""

    MEAN = "mean"
    STD = "std"  # of the sample: divided by n - 1
    MEDIAN = "median"
    MIN = "min"
    MAX = "max"
    N = "n"


class Home(StrEnum):
    """Where a key's values are."""

    OWN = "own"
    CARD = "card"
    RAW = "raw"
    PSF_PARAMS = "psfParams"
    SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `part` is the HDU or the source, empty where there is none."""

    text: str
    home: Home
    part: str
    column: str


@dataclass(slots=True)
class _Files:
    """What is known of one exposure, read as it is needed."""

    cards: dict[str, Any]
    raw: AoFile | None
    fit: MuseFit | None
    tables: dict[tuple[Home, str], list[Table]] = field(default_factory=dict)
    params: View | None = None


def keys_of(texts: Iterable[str]) -> list[Key]:
    """Keys as a reader wrote them. Raises UsageError for none, for too many, or for one that says too little."""
    keys = [_key_of(text) for text in dict.fromkeys(text.strip() for text in texts) if text]
    if not 0 < len(keys) <= MOST_KEYS:
        raise UsageError(f"give up to {MOST_KEYS} keys, such as airmass or ASM_DATA.DIMM_SEEING.")
    return keys


def head_of(keys: Sequence[Key], statistics: Sequence[Statistic]) -> list[str]:
    """Names of the table's columns: name of the exposure, then each key; one that may be a list with each statistic."""
    names = ["exposure"]
    for key in keys:
        names += [key.text] if _is_single(key) else [_column_name(key, each) for each in statistics]
    return names


def rows_of(
    exposures: QuerySet[MuseExposure], keys: Sequence[Key], statistics: Sequence[Statistic]
) -> Iterator[list[Any]]:
    """Rows of the table, in the order of the exposures, a hundred at a time in memory.

    Raises UsageError for more exposures than a table has: 10,000, with all sources of each 500.
    """
    most = min(MOST_EXPOSURES, MOST_CELLS // len(head_of(keys, statistics)))
    if any(key.part == ALL for key in keys):
        most = min(most, MOST_WHOLE_FILES)
    ids = list(exposures.values_list("pk", flat=True)[: most + 1])
    if len(ids) > most:
        raise UsageError(f"a table of these keys has up to {most} exposures: narrow the search, or ask for fewer keys.")
    return _rows(ids, keys, statistics)


def _rows(ids: Sequence[int], keys: Sequence[Key], statistics: Sequence[Statistic]) -> Iterator[list[Any]]:
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        rows = MuseExposure.objects.select_related("target").in_bulk(some)
        found = [rows[pk] for pk in some if pk in rows]
        for row, files in zip(found, _files_of(found, {key.home for key in keys}), strict=True):
            cells: list[Any] = [row.name]
            for key in keys:
                cells += _cells(row, files, key, keys, statistics)
            yield cells


def _key_of(text: str) -> Key:
    first, dot, rest = text.partition(".")
    if not dot:
        return Key(text, Home.OWN if text in OWN else Home.CARD, "", text)
    if first == "PRIMARY":
        return Key(text, Home.CARD, "", rest)
    if first == Home.PSF_PARAMS:
        return Key(text, Home.PSF_PARAMS, "", rest)
    if first == Home.SOURCES:
        source, further, column = rest.partition(".")
        if not further or not (source == ALL or is_source(source)):
            raise UsageError(f"{text[:80]!r} names no column of a source: write sources.PM_17.snr or sources.*.snr.")
        return Key(text, Home.SOURCES, source, column)
    if first.endswith("_DATA") or first.startswith("CHAN"):
        return Key(text, Home.RAW, first, rest)
    return Key(text, Home.CARD, "", text)


def _is_single(key: Key) -> bool:
    """Whether a key has one value in each exposure, whatever that is."""
    return key.home in {Home.OWN, Home.CARD} or (key.home is Home.RAW and key.part.startswith("CHAN"))


def _column_name(key: Key, statistic: Statistic) -> str:
    return key.text if statistic is Statistic.MEAN else f"{key.text}.{statistic.value}"


def _files_of(rows: Sequence[MuseExposure], homes: set[Home]) -> Iterator[_Files]:
    """The newest files of each exposure, of those kinds that are needed: a statement for each kind."""
    cubes = _newest({row.cube_id for row in rows}, MuseKind.REDUCED) if Home.CARD in homes else {}
    raws, fits = {}, {}
    if Home.RAW in homes:
        first = dict(MuseRaw.objects.filter(exposure__in=rows, place=1).values_list("exposure", "frame"))
        files = _newest(first.values(), MuseKind.RAW)
        raws = {exposure: files.get(frame) for exposure, frame in first.items()}
    if homes & {Home.PSF_PARAMS, Home.SOURCES}:
        newest = MuseFit.objects.filter(exposure__in=rows).order_by("exposure_id", "-number").distinct("exposure_id")
        newest = newest.select_related("prm__version__object", "psf__version__object")
        fits = {fit.exposure_id: fit for fit in newest}
    for row in rows:
        cube = cubes.get(row.cube_id)
        yield _Files({} if cube is None else cube.cards, raws.get(row.pk), fits.get(row.pk))


def _newest(frame_ids: Iterable[int | None], kind: MuseKind) -> dict[int | None, AoFile]:
    known = [frame_id for frame_id in frame_ids if frame_id is not None]
    return {file.version.frame_id: file for file in newest_of(known, kind=kind)}


def _cells(
    row: MuseExposure, files: _Files, key: Key, keys: Sequence[Key], statistics: Sequence[Statistic]
) -> list[Any]:
    match key.home:
        case Home.OWN:
            value = getattr(row, key.column)
            return [value.name if key.column == "target" and value is not None else value]
        case Home.CARD:
            return [_plain(files.cards.get(key.column))]
    if _is_single(key):
        headers = {} if files.raw is None else files.raw.headers
        return [_plain(headers.get(key.part, {}).get(key.column))]
    numbers = _numbers(files, key, keys)
    return [_statistic(numbers, each) for each in statistics]


def _plain(value: Any) -> Any:
    """One value: lines of commentary together."""
    return "\n".join(value) if isinstance(value, list) else value


def _numbers(files: _Files, key: Key, keys: Sequence[Key]) -> npt.NDArray[np.float64]:
    """Finite numbers of a key of one exposure, as doubles."""
    parts = [_finite(column) for column in _columns(files, key, keys)]
    return np.concatenate(parts) if parts else np.empty(0)


def _columns(files: _Files, key: Key, keys: Sequence[Key]) -> Iterator[Column]:
    if key.home is Home.PSF_PARAMS:
        values = _psf_params(files).get(key.column) or []
        yield Column(np.array([np.nan if value is None else value for value in values], np.float64))
        return
    at = (key.home, key.part)
    if at not in files.tables:  # read once for all keys of the same part
        together = {each.column for each in keys if (each.home, each.part) == at}
        files.tables[at] = list(_tables(files, key, together))
    for table in files.tables[at]:
        if key.column in table.columns:
            yield table.columns[key.column]


def _psf_params(files: _Files) -> View:
    if files.params is None:
        files.params = muse_views.psf_params_of(files.fit) or {}
    return files.params


def _tables(files: _Files, key: Key, columns: Collection[str]) -> Iterator[Table]:
    file = files.raw if key.home is Home.RAW else (files.fit.psf if files.fit else None)
    if file is None:
        return
    names = [name for name in file.tables if is_source(name)] if key.part == ALL else [key.part]
    for _, table in muse_views.tables_of(file, names, only=columns):
        yield table


def _finite(column: Column) -> npt.NDArray[np.float64]:
    if column.values.dtype.kind not in "fiu":
        return np.empty(0)
    numbers = column.values.astype(np.float64)
    if column.masked is not None:
        numbers = np.where(column.masked, np.nan, numbers)
    numbers = numbers.ravel()
    return numbers[np.isfinite(numbers)]


def _statistic(numbers: npt.NDArray[np.float64], statistic: Statistic) -> float | int | None:
    if statistic is Statistic.N:
        return int(numbers.size)
    if not numbers.size or (statistic is Statistic.STD and numbers.size < 2):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(COMPUTED[statistic](numbers))
    return found if math.isfinite(found) else None


COMPUTED: Mapping[Statistic, Callable[[npt.NDArray[np.float64]], Any]] = {
    Statistic.MEAN: np.mean,
    Statistic.STD: partial(np.std, ddof=1),
    Statistic.MEDIAN: np.median,
    Statistic.MIN: np.min,
    Statistic.MAX: np.max,
}
