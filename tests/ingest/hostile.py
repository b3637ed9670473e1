"""Makes files that a careless or hostile sender could send, byte by byte, and sound ones to compare with."""

import bz2
import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

BLOCK = 2880
MIB = 1 << 20
Cards = Sequence[tuple[str, str]]

TAN = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRPIX1": 50.5,
    "CRPIX2": 40.5,
    "CRVAL1": 120.0,
    "CRVAL2": -30.0,
    "CD1_1": -1e-3,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": 1e-3,
    "RADESYS": "ICRS",
}


def header_bytes(cards: Cards, *, end: str = "END") -> bytes:
    """Cards as they are given, right or wrong: keyword and the text behind its equals sign."""
    lines = [f"{key:8}= {value}"[:80].ljust(80) for key, value in cards]
    text = "".join([*lines, end.ljust(80)])
    return text.encode("latin-1").ljust(-(-len(text) // BLOCK) * BLOCK, b" ")


def primary(*axes: int, bitpix: int = 16, more: Cards = ()) -> bytes:
    return header_bytes(
        [
            ("SIMPLE", "T"),
            ("BITPIX", str(bitpix)),
            ("NAXIS", str(len(axes))),
            *((f"NAXIS{number}", str(axis)) for number, axis in enumerate(axes, 1)),
            *more,
        ]
    )


def compressed(*, axes: Sequence[int], rows: int, tile: Sequence[int] = (), width: int = 8) -> bytes:
    """A tile-compressed image that declares `axes` and holds `rows` empty tiles."""
    table = header_bytes(
        [
            ("XTENSION", "'BINTABLE'"),
            ("BITPIX", "8"),
            ("NAXIS", "2"),
            ("NAXIS1", str(width)),
            ("NAXIS2", str(rows)),
            ("PCOUNT", "0"),
            ("GCOUNT", "1"),
            ("TFIELDS", "1"),
            ("TTYPE1", "'COMPRESSED_DATA'"),
            ("TFORM1", "'1PB(0)'"),
            ("ZIMAGE", "T"),
            ("ZCMPTYPE", "'RICE_1'"),
            ("ZBITPIX", "16"),
            ("ZNAXIS", str(len(axes))),
            *((f"ZNAXIS{number}", str(axis)) for number, axis in enumerate(axes, 1)),
            *((f"ZTILE{number}", str(length)) for number, length in enumerate(tile, 1)),
        ]
    )
    data = bytes(-(-rows * width // BLOCK) * BLOCK)
    return primary() + table + data


def image_file(path: Path, *, header: Mapping[str, object] = TAN, shape: tuple[int, ...] = (80, 100)) -> Path:
    """A sound FITS image with DATASUM and CHECKSUM, written by astropy."""
    data = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    fits.PrimaryHDU(data, fits.Header(dict(header))).writeto(path, checksum=True)
    return path


def compressed_file(path: Path, *, header: Mapping[str, object] = TAN) -> Path:
    data = np.arange(8000, dtype=np.int16).reshape(80, 100)
    image = fits.CompImageHDU(data, fits.Header(dict(header)), name="SCI", compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path, checksum=True)
    return path


def gzip_bomb(unpacked_bytes: int, *, start: bytes = b"") -> bytes:
    """A gzip that begins with `start` and goes on with zeros, made of many small members."""
    piece = gzip.compress(bytes(16 * MIB), 9)
    return gzip.compress(start) + piece * (unpacked_bytes // (16 * MIB))


def bzip2_bomb(unpacked_bytes: int, *, start: bytes = b"") -> bytes:
    piece = bz2.compress(bytes(16 * MIB))
    return bz2.compress(start) + piece * (unpacked_bytes // (16 * MIB))


def tar_gz(path: Path, members: Sequence[tuple[str, bytes]], *, links: Mapping[str, str] | None = None) -> Path:
    """A tar of the links first, then the members, whatever their names."""
    with tarfile.open(path, "w:gz") as archive:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def sparse_tar_gz(path: Path, name: str, *, real_bytes: int) -> Path:
    """A tar of a few bytes with one GNU sparse member that reads as `real_bytes` zeros."""
    member = tarfile.TarInfo(name)
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 0
    raw = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    raw[386:398] = b"%011o\0" % real_bytes  # one piece of no bytes at the very end
    raw[398:410] = b"%011o\0" % 0
    raw[483:495] = b"%011o\0" % real_bytes
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    path.write_bytes(gzip.compress(bytes(raw) + bytes(1024)))
    return path
