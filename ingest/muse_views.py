"""The three views of a MUSE exposure as its readers know them: `data`, `psfParams`, `sources`. Fit for strict JSON.

A number that is not finite, or masked, is null. A view of which there is no file is null; so is a missing part of one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.ao_tables import Column, ReadFile, Table
from ingest.muse_names import is_source

CHANNELS = tuple(f"CHAN{number:02d}" for number in range(1, 25))
AO_TABLES = ("SGS_DATA", "AG_DATA", "ASM_DATA", "SPARTA_ATM_DATA", "SPARTA_CN2_DATA")
METRES_TO_NM = 1e9
WAVELENGTH_DECIMALS = 9  # of nm: beyond them stands only what metres lose in binary
MOST_CHANNELS = 1 << 20  # a header alone may not ask for more memory than a spectrum has

View = dict[str, Any]


def data_view(*, reduced: ReadFile | None, raw: ReadFile | None) -> View:
    """Cards of the reduced cube, cards of each channel, columns of each adaptive-optics table."""
    headers = {} if raw is None else raw.headers
    tables = {} if raw is None else raw.tables
    names = dict.fromkeys((*AO_TABLES, *(name for name in tables if name.endswith("_DATA"))))
    return {
        "PRIMARY": None if reduced is None else dict(reduced.headers["PRIMARY"]),
        **{name: dict(headers[name]) if name in headers else None for name in CHANNELS},
        **{name: columns_view(tables[name]) if name in tables else None for name in names},
    }


def psf_params_view(prm: ReadFile | None) -> View | None:
    """Fitted parameters by name, one value for each wavelength, and the wavelengths, nm. None without PSFPARS."""
    table = None if prm is None else prm.tables.get("PSFPARS")
    if prm is None or table is None or not {"name", "polyfit"} <= table.columns.keys():
        return None
    names, fits = table.columns["name"].values, json_list(table.columns["polyfit"])
    found = {str(name): fit if isinstance(fit, list) else [fit] for name, fit in zip(names, fits, strict=True)}
    axis = wavelengths_nm(prm.headers.get("SPECTRA", {}))
    return {**found, "wavelength": None if axis is None else axis.tolist()}


def sources_view(psf: ReadFile | None) -> View | None:
    """Columns of each source by its table's name, such as PM_17."""
    if psf is None:
        return None
    return {name: columns_view(table) for name, table in psf.tables.items() if is_source(name)}


def columns_view(table: Table) -> View:
    """Columns as lists."""
    return {name: json_list(column) for name, column in table.columns.items()}


def json_list(column: Column) -> list[Any]:
    """Values as Python's own; null for those that are masked or not finite. Single precision keeps each bit."""
    values = column.values
    lost = np.zeros(values.shape, dtype=bool) if column.masked is None else column.masked.copy()
    if values.dtype.kind == "f":
        lost |= ~np.isfinite(values)
    if not lost.any():
        return list(values.tolist())
    found = values.astype(object)
    found[lost] = None
    return list(found.tolist())


def wavelengths_nm(spectra: Mapping[str, Any]) -> npt.NDArray[np.float64] | None:
    """Wavelength of each channel, nm, by the header of SPECTRA, whose third axis is in metres; None if not told."""
    start, step, count = (spectra.get(key) for key in ("CRVAL3", "CDELT3", "NAXIS3"))
    if not isinstance(start, int | float) or not isinstance(step, int | float) or not isinstance(count, int):
        return None
    if not 0 <= count <= MOST_CHANNELS:
        return None
    return np.round((start + np.arange(count) * step) * METRES_TO_NM, WAVELENGTH_DECIMALS)
