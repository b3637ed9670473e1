"""Files of a MUSE exposure out of what a person filled in by hand: they go through the intake like any other.

Each view has the shape that `ingest.muse_views` gives it. A null becomes NaN, in a column of whole numbers too.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from astropy.io import fits

from archive.errors import UsageError
from ingest.ao_layout import COMMENTARY
from ingest.muse_names import is_source, provenance
from ingest.muse_views import METRES_TO_NM, WAVELENGTH_DECIMALS

EXPOSURE_KEY, MADE_KEY = "ARCHIVE EXPOSURE", "ARCHIVE MADE"  # files of one archive differ, and so do those of two days
STRUCTURE = frozenset(
    ("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "EXTEND", "PCOUNT", "GCOUNT", "EXTNAME",
     "CHECKSUM", "DATASUM", "BSCALE", "BZERO", "LONGSTRN")
)  # fmt: skip
WAVELENGTH = "wavelength"

View = Mapping[str, Any]


def write_fit(folder: Path, exposure: str, params: View, *, at: datetime) -> list[Path]:
    """Write the file of parameters. Raises UsageError for a view that has another shape."""
    values = {name: _numbers(given, f"psfParams.{name}") for name, given in params.items() if name != WAVELENGTH}
    lengths = {len(array) for array in values.values()}
    if not values or len(lengths) != 1:
        raise UsageError("psfParams needs one list or more, all of one length: one value for each wavelength.")
    hdus: list[Any] = [_primary(exposure, {}, at=at)]
    columns = [
        fits.Column("name", f"{max(map(len, values))}A", array=np.array(list(values))),
        fits.Column("polyfit", f"{lengths.pop()}D", array=np.array(list(values.values()))),
    ]
    hdus.append(fits.BinTableHDU.from_columns(columns, name="PSFPARS"))
    if params.get(WAVELENGTH) is not None:
        hdus.append(_spectra(_numbers(params[WAVELENGTH], f"psfParams.{WAVELENGTH}")))
    return [_written(folder / f"{exposure}.prm.fits", hdus)]


def write_sources(folder: Path, exposure: str, sources: View, *, at: datetime) -> list[Path]:
    """Write the file of sources. Raises UsageError for a view that has another shape."""
    if not sources or not all(is_source(name) for name in sources):
        raise UsageError("sources needs an object for each source, by names such as PM_17.")
    tables = [_table(name, columns) for name, columns in sources.items()]
    return [_written(folder / f"{exposure}.psf.fits", [_primary(exposure, {}, at=at), *tables])]


def write_data(folder: Path, exposure: str, data: View, *, at: datetime) -> list[Path]:
    """Write the cube, without pixels, and where tables or headers of channels are given the raw file.

    Raises UsageError for a view that has another shape.
    """
    cards = data.get("PRIMARY")
    if not isinstance(cards, Mapping):
        raise UsageError("data needs the object PRIMARY: the cards of the reduced cube, DATE-OBS among them.")
    cards = {"INSTRUME": "MUSE", **cards}
    paths = [_written(folder / f"{exposure}.fits", [_primary(exposure, cards, at=at)])]
    further = {name: part for name, part in data.items() if name != "PRIMARY" and part is not None}
    if not further:
        return paths
    raw = next(iter(provenance(cards)), None)
    if raw is None:
        raise UsageError("PRIMARY needs PROV1, such as MUSE.2019-02-01T05:12:33.650.fits: it names the raw file.")
    start = {"INSTRUME": "MUSE", "DATE-OBS": raw.removeprefix("MUSE.")}
    hdus: list[Any] = [_primary(exposure, start, at=at)]
    hdus += [_table(name, part) if name.endswith("_DATA") else _channel(name, part) for name, part in further.items()]
    return [*paths, _written(folder / f"{raw}.fits", hdus)]


WRITERS: Mapping[str, Callable[..., list[Path]]] = {
    "data": write_data,
    "psfParams": write_fit,
    "sources": write_sources,
}


def _written(path: Path, hdus: Sequence[Any]) -> Path:
    fits.HDUList(list(hdus)).writeto(path, checksum=True)
    return path


def _primary(exposure: str, cards: View, *, at: datetime) -> fits.PrimaryHDU:
    made = {EXPOSURE_KEY: exposure, MADE_KEY: at.replace(tzinfo=None).isoformat()}
    return fits.PrimaryHDU(header=_header({**cards, **made}, "PRIMARY"))


def _channel(name: str, cards: object) -> fits.ImageHDU:
    if not isinstance(cards, Mapping):
        raise UsageError(f"data.{name} is no object: give cards, or columns of a table whose name ends in _DATA.")
    return fits.ImageHDU(header=_header(cards, name), name=name)


def _header(cards: View, where: str) -> fits.Header:
    header = fits.Header()
    for key, value in cards.items():
        if key in STRUCTURE:
            continue
        try:
            _add(header, key, value)
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageError(f"{where}[{key!r}] can stand in no FITS header: {error}") from error
    return header


def _add(header: fits.Header, key: str, value: Any) -> None:
    if key in COMMENTARY:
        for line in [value] if isinstance(value, str) else value:
            header.add_blank(line) if not key else header.append((key, line), end=True)
        return
    if value is not None and not isinstance(value, str | int | float | bool):
        raise ValueError("a card holds text, a number, true, false or null")
    card = fits.Card(key if len(key) <= 8 and " " not in key else f"HIERARCH {key}", _undefined(value))
    str(card)  # written now, so that what can not be written is told by its key
    header.append(card, end=True)


def _undefined(value: Any) -> Any:
    return fits.card.UNDEFINED if value is None else value


def _spectra(wavelength_nm: npt.NDArray[np.float64]) -> fits.ImageHDU:
    """The axis of the fit: its wavelengths have equal steps."""
    count = len(wavelength_nm)
    step = (wavelength_nm[-1] - wavelength_nm[0]) / max(count - 1, 1)
    told = np.round(wavelength_nm[0] + np.arange(count) * step, WAVELENGTH_DECIMALS)
    if not np.allclose(told, wavelength_nm, rtol=0, atol=10.0**-6):
        raise UsageError("psfParams.wavelength has no equal steps: give wavelengths in nm, one for each channel.")
    hdu = fits.ImageHDU(np.zeros((count, 1, 1), np.float32), name="SPECTRA")
    hdu.header["CRVAL3"], hdu.header["CDELT3"] = wavelength_nm[0] / METRES_TO_NM, step / METRES_TO_NM
    return hdu


def _table(name: str, columns: object) -> fits.BinTableHDU:
    if not isinstance(columns, Mapping) or not columns:
        raise UsageError(f"{name} is no object of columns: give lists by their names.")
    made = [_column(key, values, f"{name}.{key}") for key, values in columns.items()]
    if len({len(column.array) for column in made}) != 1:
        raise UsageError(f"the columns of {name} have several lengths: give each as many values.")
    return fits.BinTableHDU.from_columns(made, name=name)


def _column(name: str, values: object, where: str) -> fits.Column:
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return fits.Column(name, f"{max(1, *(len(value) for value in values))}A", array=np.array(values))
    if isinstance(values, list) and values and all(isinstance(value, bool) for value in values):
        return fits.Column(name, "L", array=np.array(values))
    numbers = _numbers(values, where)
    is_whole = isinstance(values, list) and all(isinstance(value, int) for value in values)
    return fits.Column(name, "K" if is_whole else "D", array=numbers.astype(np.int64) if is_whole else numbers)


def _numbers(values: object, where: str) -> npt.NDArray[np.float64]:
    """A list of numbers, null for one that is not known, as doubles."""
    if not isinstance(values, list) or not values:
        raise UsageError(f"{where} is no list of numbers: give one value for each row.")
    if not all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        raise UsageError(f"{where} holds something else than numbers and null.")
    try:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    except OverflowError as error:
        raise UsageError(f"{where} holds a number that is too large.") from error
