"""FITS files whose right record and right place on the sky are known."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

# What the archive asks of every header; M 51, a plain TAN projection with 1 arcmin pixels.
CARDS: dict[str, Any] = {
    "SITEID": "lsc",
    "TELID": "1m0a",
    "INSTRUME": "fa15",
    "OBSTYPE": "EXPOSE",
    "PROPID": "PROP001",
    "DATE-OBS": "2025-03-10T01:08:31.456",
    "DAY-OBS": "20250309",
    "BLKUID": "900000001",
    "REQNUM": "0002100001",
    "FILTER": "rp",
    "EXPTIME": 60.0,
    "OBJECT": "M 51",
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 202.4696,
    "CRVAL2": 47.1952,
    "CRPIX1": 16.5,
    "CRPIX2": 16.5,
    "CD1_1": -1 / 60,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": 1 / 60,
}


def write_frame(path: Path, *, seed: int = 1, shape: tuple[int, int] = (32, 32), **changes: Any) -> Path:
    """A frame of noise; `changes` are header cards, None to leave one out."""
    pixels = np.random.default_rng(seed).normal(1000, 10, shape).astype(np.int16)
    header = fits.Header()
    for key, value in {**CARDS, **{name.replace("__", "-"): value for name, value in changes.items()}}.items():
        if value is not None:
            header[key] = value
    if ".fz" in path.suffixes:
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, header=header)]).writeto(path)
    else:
        fits.PrimaryHDU(pixels, header=header).writeto(path)
    return path
