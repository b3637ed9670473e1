"""Raw files as the instrument names and packs them: one frame a HDU, bzip2, further files when one is full."""

import bz2
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from astropy.io import fits

from pipeline.simulation.camera import Counts

BLOCK_BYTES = 2880  # of FITS
ZERO = 1 << 15  # FITS has no unsigned numbers: they are written less this
SUFFIX = ".fits.bz2"

Header = Sequence[tuple[str, str | int | float, str]]  # key, value, comment


def moment_token(at: datetime) -> str:
    """`yyyymmdd_HHMMSS.SSSSSS`."""
    return f"{at:%Y%m%d_%H%M%S}.{at.microsecond:06d}"


def observation_name(*, program: str, target: str, camera: str, filter_name: str, mark: str, at: datetime) -> str:
    return f"{program}_{target}_{camera}_{filter_name}_{mark}_{moment_token(at)}"


def file_names(stem: str, n_files: int) -> list[str]:
    """The first file has no number, the one after it 0."""
    return [f"{stem}{SUFFIX}", *(f"{stem}_{number}{SUFFIX}" for number in range(n_files - 1))]


def write_files(
    frames: Iterator[Counts],
    *,
    folder: Path,
    names: Sequence[str],
    frames_per_file: int,
    header: Header,
    frame_header: Callable[[int], Header],
) -> None:
    """Write all frames into the files `names`, `frames_per_file` in each but the last.

    Each file is written under another name first: a file that is there is whole, even if this was stopped. `header`
    stands in the first HDU of each file, `frame_header` in every one.
    """
    number = 0
    for name in names:
        partial = folder / f".{name}.partial"
        with bz2.open(partial, "wb") as stream:
            for position, counts in zip(range(frames_per_file), frames, strict=False):  # in this order: none is lost
                cards = [*(header if position == 0 else ()), *frame_header(number)]
                stream.write(_hdu(counts, cards, is_first=position == 0))
                number += 1
        partial.replace(folder / name)


def _hdu(counts: Counts, cards: Header, *, is_first: bool) -> bytes:
    ny, nx = counts.shape
    kind: Header = [("SIMPLE", True, "conforms to FITS")] if is_first else [("XTENSION", "IMAGE", "image extension")]
    shape: Header = [("BITPIX", 16, ""), ("NAXIS", 2, ""), ("NAXIS1", nx, ""), ("NAXIS2", ny, "")]
    rest: Header = [("EXTEND", True, "")] if is_first else [("PCOUNT", 0, ""), ("GCOUNT", 1, "")]
    scale: Header = [("BZERO", ZERO, "unsigned 16-bit"), ("BSCALE", 1, "")]
    text: str = fits.Header([*kind, *shape, *rest, *scale, *cards]).tostring()
    pixels = (counts.astype(np.int32) - ZERO).astype(">i2").tobytes()
    return text.encode("ascii") + pixels + bytes(-len(pixels) % BLOCK_BYTES)
