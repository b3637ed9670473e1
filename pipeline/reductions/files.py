"""Files that reductions write, with the same bytes for the same content."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from pipeline.arrays.frame_table import COLUMNS, FrameTable
from pipeline.reductions.job import Job, MadeFile

CHECKSUM_COMMENT = "of this HDU"  # astropy would write the date
FRAMES = "frames.csv"


def fits_file(job: Job, role: str, filename: str, pixels: NDArray[Any], header: fits.Header) -> MadeFile:
    """Write an image of 32-bit floats, with its checksums."""
    hdu = fits.PrimaryHDU(np.ascontiguousarray(pixels, dtype=np.float32), header=header)
    hdu.verify("silentfix+ignore")  # of odd cards, which leave as they came
    hdu.add_datasum(when=CHECKSUM_COMMENT)
    hdu.add_checksum(when=CHECKSUM_COMMENT)
    path = job.folder / filename
    hdu.writeto(path, output_verify="ignore")
    return MadeFile(role, filename, path)


def bytes_file(job: Job, role: str, filename: str, content: bytes) -> MadeFile:
    path = job.folder / filename
    path.write_bytes(content)
    return MadeFile(role, filename, path)


def frames_file(job: Job, table: FrameTable) -> MadeFile:
    """Write what became of each frame; a value that is not known is an empty field."""
    return bytes_file(job, "frames", FRAMES, csv_of(COLUMNS, table.rows()))


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as comma-separated values with a line of names before them.

    Floats have fourteen digits: of a time that is a tenth of a millisecond.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_field(value) for value in row] for row in rows)
    return text.getvalue().encode()


def number_or_none(value: float | None) -> float | None:
    """A number that JSON and a column take, or nothing."""
    return None if value is None or not math.isfinite(value) else float(value)


def _field(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:.14g}" if math.isfinite(value) else ""
    return str(value)
