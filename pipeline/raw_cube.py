"""Raw cubes: files of one frame a HDU, unpacked once to disk and mapped, so that any frame can be read at any time.

The files of an observation are one cube, in the order of their numbers: the one without, `_0`, …, `_9`, `_10`.
"""

import bz2
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from archive.errors import UsageError

BLOCK_BYTES = 1 << 20
MOST_UNPACKED_BYTES = 32 << 30  # of one observation: eight thousand frames of 1024² and 32 bits
PART_LEFT_OUT = "File may have been truncated|Error validating header"
TIME_KEY = "FRAMEUTC"  # start of the frame, UTC
TYPES = {8: "u1", 16: ">i2", 32: ">i4", -32: ">f4", -64: ">f8"}  # of pixels, by BITPIX


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where the pixels of one frame lie."""

    path: Path
    offset: int
    bitpix: int
    zero: float
    scale: float
    shape: tuple[int, int]

    def read(self) -> NDArray[np.float32]:
        mapped = np.memmap(self.path, dtype=TYPES[self.bitpix], mode="r", offset=self.offset, shape=self.shape)
        counts: NDArray[np.float32] = mapped.astype(np.float32)
        if self.scale != 1.0:
            counts *= np.float32(self.scale)
        if self.zero:
            counts += np.float32(self.zero)
        return counts


@dataclass(frozen=True, slots=True)
class RawCube:
    """Raw counts, frame by frame: `cube[number]` is (ny, nx), float32.

    headers : of the first HDU of each file. time_mjd : (n_frames,), UTC, start of each frame; NaN where none is stated.
    """

    headers: tuple[fits.Header, ...]
    time_mjd: NDArray[np.float64]
    _planes: tuple[_Plane, ...]

    def __len__(self) -> int:
        return len(self._planes)

    def __getitem__(self, number: int, /) -> NDArray[np.float32]:
        return self._planes[number].read()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        return (len(self._planes), *self._planes[0].shape)


def open_cube(paths: Sequence[Path], *, folder: Path, most_bytes: int = MOST_UNPACKED_BYTES) -> RawCube:
    """The cube of these files, in whatever order they come. What is unpacked is left in `folder`.

    Raises UsageError for a file that can not be unpacked or is no FITS, for frames of different shapes or none at all,
    and for more than `most_bytes` of unpacked files.
    """
    headers: list[fits.Header] = []
    times: list[str] = []
    planes: list[_Plane] = []
    left = most_bytes
    for path in in_order(paths):
        plain = _unpacked(path, folder / f"unpacked-{path.stem}", most_bytes=left)
        left -= plain.stat().st_size
        with _told_of(path), plain.open("rb") as stream, fits.open(stream, lazy_load_hdus=False) as hdus:
            headers.append(hdus[0].header.copy())
            for hdu in hdus:
                if hdu.header.get("NAXIS"):
                    planes.append(_plane_of(hdu, plain, path))
                    times.append(str(hdu.header.get(TIME_KEY, "")))
    _require_one_shape(planes)
    return RawCube(tuple(headers), _mjd_of(times), tuple(planes))


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Files of exposures, continuation files by their number: sorted as text, `_10` would come before `_2`."""
    return sorted(paths, key=_place_of)


def _place_of(path: Path) -> tuple[str, int]:
    stem = path.name.split(".fits", 1)[0]
    first, _, number = stem.rpartition("_")
    is_continued = number.isascii() and number.isdecimal()  # a first file ends in a time, with a point in it
    return (first, int(number)) if first and is_continued else (stem, -1)


def _unpacked(path: Path, plain: Path, *, most_bytes: int) -> Path:
    if path.suffix != ".bz2":
        return path
    written = 0
    try:
        with bz2.open(path, "rb") as packed, plain.open("wb") as target:
            while block := packed.read(BLOCK_BYTES):
                written += len(block)
                if written > most_bytes:
                    raise UsageError(
                        f"{path.name} unpacks to more than {most_bytes >> 30} GiB with the files before it."
                    )
                target.write(block)
    except (EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, not the file
        raise UsageError(f"{path.name} can not be unpacked ({error}): it is damaged, send it again.") from error
    return plain


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Say which file it was that astropy could not read, or of which it left a part out with a warning."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=PART_LEFT_OUT, category=AstropyUserWarning)
            yield
    except (fits.VerifyError, AstropyUserWarning, ValueError, TypeError, KeyError, OSError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path.name} is no FITS file of frames ({error}): send it again.") from error


def _plane_of(hdu: Any, plain: Path, path: Path) -> _Plane:
    header = hdu.header
    if header["NAXIS"] != 2 or header["BITPIX"] not in TYPES:
        raise UsageError(f"{path.name} has a HDU of {header['NAXIS']} axes: each HDU is to be one frame.")
    shape = (int(header["NAXIS2"]), int(header["NAXIS1"]))
    offset = int(hdu.fileinfo()["datLoc"])
    bitpix = int(header["BITPIX"])
    if offset + abs(bitpix) // 8 * shape[0] * shape[1] > plain.stat().st_size:
        raise UsageError(f"{path.name} ends within a frame: it was cut off, send it again.")
    zero, scale = float(header.get("BZERO", 0.0)), float(header.get("BSCALE", 1.0))
    return _Plane(plain, offset, bitpix, zero, scale, shape)


def _require_one_shape(planes: Sequence[_Plane]) -> None:
    if not planes:
        raise UsageError("There is no frame in the files: check that they were all sent.")
    if len(shapes := {plane.shape for plane in planes}) > 1:
        raise UsageError(f"The frames have different shapes ({sorted(shapes)}): the files are of different modes.")


def _mjd_of(times: Sequence[str]) -> NDArray[np.float64]:
    """Modified Julian dates, NaN where there is no time."""
    mjd = np.full(len(times), np.nan)
    known = [number for number, text in enumerate(times) if text]
    if known:
        try:
            mjd[known] = Time([times[number] for number in known], format="isot", scale="utc").mjd
        except ValueError as error:
            raise UsageError(
                f"{TIME_KEY} is no time of the form 2026-11-01T05:13:10.9 ({error}): correct it."
            ) from error
    return mjd
