"""Packed FITS files, read forwards only as far as somebody looks."""

import bz2
import io
from pathlib import Path


class StepsWhenRead(bz2.BZ2File):
    """A file packed by bzip2 in which a step is taken when something is read, not before.

    astropy steps over the pixels of each HDU and back to them. A file that unpacks what it is stepped over, and begins
    anew to step back, unpacks the first frames of a cube again for each further one.
    """

    _place = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            self._place = super().seek(offset, whence)
        else:
            self._place = offset + (self._place if whence == io.SEEK_CUR else 0)
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        if super().tell() != self._place:
            super().seek(self._place)
        block = super().read(-1 if size is None else size)
        self._place = super().tell()
        return block


def readable(path: Path) -> Path | StepsWhenRead:
    """What `fits.open` is to be given for this file."""
    return StepsWhenRead(path) if path.suffix == ".bz2" else path
