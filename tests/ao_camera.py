"""Raw files of the adaptive-optics camera, small, as its instrument computer writes them."""

import bz2
import io
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

OBSERVATION = "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"
CARDS: dict[str, Any] = {
    "INSTRUME": "Robo-AO",
    "OBJECT": "351 Yrsa",
    "EXPOSURE": 119.3,
    "MAGNITUD": 12.5,
    "TELRA": "01:02:03.00",
    "TELDEC": "-00:12:30.0",
    "OBJRA": "01:02:03.10",
    "OBJDEC": "-00:12:31.0",
    "EQUINOX": 2000.0,
    "AZIMUTH": "120.5",
    "ELVATION": "63.25",
    "MODE_NUM": 1,
    "DETSIZE": "[1:1024,1:1024]",
    "UTSHUT": "2016-09-25T11:04:27.040912",
}


def cube(*, n_frames: int = 3, side_px: int = 16, seed: int = 1, **changes: Any) -> bytes:
    """A cube unpacked: one frame in each HDU, the first one too. `changes` are header cards, None to leave one out."""
    rng = np.random.default_rng(seed)
    cards = {key: value for key, value in {**CARDS, **changes}.items() if value is not None}
    header = fits.Header()
    for key, value in cards.items():
        header[key] = value
    frames = [rng.normal(1000, 10, (side_px, side_px)).astype(np.int16) for _ in range(n_frames)]
    hdus = fits.HDUList([fits.PrimaryHDU(frames[0], header=header), *(fits.ImageHDU(frame) for frame in frames[1:])])
    written = io.BytesIO()
    hdus.writeto(written)
    return written.getvalue()


def write_raw(folder: Path, name: str = f"{OBSERVATION}.fits.bz2", **more: Any) -> Path:
    """A raw file under a name, packed as its ending says."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    content = cube(**more)
    path.write_bytes(bz2.compress(content) if name.endswith(".bz2") else content)
    return path
