"""The three views of a MUSE exposure, read from where its files lie: a table, or a few of its columns, at a time."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from archive.domain.ao_files import newest_of
from archive.domain.muse_links import table_names
from archive.domain.store import store_named
from archive.errors import NotFoundError
from archive.models import AoFile, MuseExposure, MuseFit
from ingest.ao_layout import TableLayout
from ingest.ao_tables import ReadFile, Table, decoded
from ingest.muse_names import MuseKind, is_source
from ingest.muse_views import View, columns_view, data_view, psf_params_view

GAP_BYTES = 64 << 10  # between two tables that are read at once: their headers
MOST_AT_ONCE_BYTES = 8 << 20


def tables_of(
    file: AoFile, names: Collection[str] | None = None, *, only: Collection[str] | None = None
) -> Iterator[tuple[str, Table]]:
    """Tables of one file, all or those of these names, whole or of these columns alone, in their order in the file.

    Each group of neighbours is one read of the store. Raises NotFoundError when the store has lost the bytes.
    """
    layouts = [TableLayout.from_plain(plain) for name, plain in file.tables.items() if names is None or name in names]
    stored = file.version.object
    store = store_named(stored.store)
    for group in _groups(sorted(layouts, key=lambda layout: layout.start)):
        first, last = group[0].start, group[-1].stop
        content = b"".join(store.stream(stored.path, stored.version_id, start=first, stop=last))
        if len(content) < last - first:
            raise NotFoundError(f"the store has lost a part of {stored.path}: ask the archive's staff.")
        for layout in group:
            rows = content[layout.start - first : layout.stop - first]
            yield layout.name, decoded(layout, rows, only=only)


def data_of(exposure: MuseExposure, *, place: int = 1) -> View:
    """The view `data`: cards of the cube, and cards and tables of its raw file of this place, from 1."""
    cube, raw = cube_file(exposure), raw_file(exposure, place=place)
    return data_view(
        reduced=None if cube is None else ReadFile({"PRIMARY": cube.cards}, {}),
        raw=None if raw is None else ReadFile(raw.headers, dict(tables_of(raw))),
    )


def psf_params_of(fit: MuseFit | None) -> View | None:
    """The view `psfParams` of one fit."""
    file = None if fit is None else fit.prm
    if file is None:
        return None
    return psf_params_view(ReadFile(file.headers, dict(tables_of(file, ["PSFPARS"]))))


def sources_of(
    fit: MuseFit | None, names: Collection[str] | None = None, *, only: Collection[str] | None = None
) -> Iterator[tuple[str, View]]:
    """The view `sources` of one fit, a source at a time: all, or those of these names; whole, or of these columns."""
    file = None if fit is None else fit.psf
    if file is None:
        return
    wanted = [name for name in file.tables if is_source(name) and (names is None or name in names)]
    for name, table in tables_of(file, wanted, only=only):
        yield name, columns_view(table)


def source_names(fit: MuseFit) -> list[str]:
    """Names of the sources of one fit, without their layouts."""
    return (
        [] if fit.psf is None else sorted(filter(is_source, table_names(fit.psf)), key=lambda name: (len(name), name))
    )


def fit_of(exposure: MuseExposure, *, number: int | None = None) -> MuseFit | None:
    """The fit of this number, else the newest; None when there is none yet.

    Raises NotFoundError for a number that there is not.
    """
    fits = MuseFit.objects.filter(exposure=exposure).select_related("prm__version__object", "psf__version__object")
    fits = fits.defer("prm__cards", "psf__cards", "psf__headers")  # no view of a fit has them
    if number is None:
        return fits.order_by("-number").first()
    found = fits.filter(number=number).first()
    if found is None:
        raise NotFoundError(f"{exposure.name} has no fit {number}: ask without a number for the newest.")
    return found


def cube_file(exposure: MuseExposure) -> AoFile | None:
    """What the newest version of the cube holds."""
    return None if exposure.cube_id is None else newest_of([exposure.cube_id], kind=MuseKind.REDUCED).first()


def raw_file(exposure: MuseExposure, *, place: int = 1) -> AoFile | None:
    """What the newest version of a raw file holds."""
    row = exposure.raws.filter(place=place).first()
    return None if row is None or row.frame_id is None else newest_of([row.frame_id], kind=MuseKind.RAW).first()


def _groups(layouts: Sequence[TableLayout]) -> Iterator[list[TableLayout]]:
    """Tables that lie so close together that one read is cheaper than several."""
    group = list(layouts[:1])
    for before, layout in pairwise(layouts):
        if layout.start - before.stop > GAP_BYTES or layout.stop - group[0].start > MOST_AT_ONCE_BYTES:
            yield group
            group = []
        group.append(layout)
    if group:
        yield group
