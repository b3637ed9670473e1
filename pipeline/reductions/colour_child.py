"""The process that reads three foreign files and makes one picture of them, for `pipeline.reductions.colour`.

It has no secrets in its environment and is limited in memory, time and what it may write. Run as
`python -m pipeline.reductions.colour_child JOB`.
"""

import json
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from astropy import log as astropy_log
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from PIL import Image

from archive.errors import TransientError, UsageError
from ingest.one_job import do_job, limit_process
from pipeline.arrays.colour import Bands, Colours, coloured, common_bands, stretch_of
from pipeline.arrays.common_grid import Grid, Outlined, Plane, grid_for, resampled
from pipeline.arrays.planes import Pixels, planes_of
from pipeline.arrays.previews import is_spectrum, middle_plane, science_planes
from pipeline.reductions.colour_job import ColourJob, Shown
from pipeline.reductions.packed import readable

# What places pixels on the sky. Cards that lead to tables of distortions are left out: they name other parts of a file.
SKY_CARDS = re.compile(
    r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|PV[12]_\d{1,2}|LONPOLE|LATPOLE|RADESYS|EQUINOX"
    r"|(A|B|AP|BP)_(ORDER|\d_\d)"
)
QUALITY = 90
QUANTISATION = 16.0  # levels per noise of a packed plane
# What astropy raises for files that are none of its kind, or broken.
DAMAGE = (fits.VerifyError, OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError)


def main() -> None:
    job = ColourJob(**json.loads(sys.argv[1]))
    astropy_log.setLevel("ERROR")
    limit_process(memory_bytes=job.memory_bytes, file_bytes=job.file_bytes, cpu_s=job.cpu_s)
    do_job(lambda: asdict(make(job)))


def make(job: ColourJob) -> Shown:
    """Write the picture, its small one and its planes. Raises UsageError where the files hold no such picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)  # of odd cards; a file that is cut short fails when it is read
        return _make(job)


def _make(job: ColourJob) -> Shown:
    outlines = [_outline(Path(source)) for source in job.sources]
    # The frame in the middle of the colours leads: the picture stands as it stands.
    grid = grid_for([outlines[1], outlines[0], outlines[2]], longest_px=job.longest_px)
    planes = [_plane(Path(source), outline, grid) for source, outline in zip(job.sources, outlines, strict=True)]
    bands = common_bands(planes, exposures_s=job.exposures_s)
    picture = coloured(bands, stretch=stretch_of(bands))
    _write_pictures(picture, job)
    wcs = _cut(grid, bands)
    _write_cube(bands, wcs, job)
    height_px, width_px = picture.shape[:2]
    ra_deg, dec_deg = (float(place) for place in wcs.all_pix2world((width_px - 1) / 2, (height_px - 1) / 2, 0))
    return Shown(width_px, height_px, grid.pixel_arcsec, grid.up_deg, ra_deg % 360.0, dec_deg)


def _outline(source: Path) -> Outlined:
    pixels, cards = _image(source)
    return Outlined(_wcs_of(cards, source), (pixels.shape[0], pixels.shape[1]))


def _plane(source: Path, outline: Outlined, grid: Grid) -> Plane:
    pixels, _cards = _image(source)
    return resampled(pixels, outline, grid)


def _image(source: Path) -> tuple[Pixels, Mapping[str, Any]]:
    """The one science image of a file, and its cards."""
    try:
        with fits.open(readable(source)) as hdus:
            science = science_planes(list(planes_of(hdus)))
            if len(science) != 1 or science[0].pixels.ndim < 2 or is_spectrum(science[0].pixels):
                raise UsageError(f"{source.stem} does not hold one image, but {len(science)} or none of the sky.")
            return np.array(middle_plane(science[0].pixels)), science[0].cards
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's fault: astropy's have no number
            raise TransientError(f"a file could not be read ({error.strerror}).") from error
        raise UsageError(f"{source.stem} can not be read as FITS ({error}).") from error


def _wcs_of(cards: Mapping[str, Any], source: Path) -> WCS:
    header = fits.Header()
    try:
        for key, value in cards.items():
            if SKY_CARDS.fullmatch(key) and isinstance(value, int | float | str):
                header[key] = value
        wcs = WCS(header, naxis=2)
        is_sky = wcs.has_celestial
    except (ValueError, TypeError, KeyError, RuntimeError, AttributeError, MemoryError) as error:
        raise UsageError(f"the place of {source.stem} on the sky can not be read ({error}).") from error
    if not is_sky:
        raise UsageError(f"{source.stem} does not say where on the sky its pixels are.")
    return wcs


def _cut(grid: Grid, bands: Bands) -> WCS:
    """Where the pixels lie that are left."""
    wcs = grid.wcs.deepcopy()
    wcs.wcs.crpix = [wcs.wcs.crpix[0] - bands.cut_yx[1], wcs.wcs.crpix[1] - bands.cut_yx[0]]
    wcs.wcs.set()
    return wcs


def _write_pictures(picture: Colours, job: ColourJob) -> None:
    image = Image.fromarray(np.ascontiguousarray(picture[::-1]))  # row 0 is the bottom, as FITS has it
    image.save(job.picture, "JPEG", quality=QUALITY)
    image.thumbnail((job.thumbnail_px, job.thumbnail_px), Image.Resampling.LANCZOS)
    image.save(job.thumbnail, "JPEG", quality=QUALITY)


def _write_cube(bands: Bands, wcs: WCS, job: ColourJob) -> None:
    """The three planes in counts a second above the sky, red first, each a packed image with its place on the sky."""
    hdus = [fits.PrimaryHDU()]
    told = zip(("RED", "GREEN", "BLUE"), bands.planes, job.filters, job.names, job.exposures_s, strict=True)
    for extension, plane, filter_name, name, exposure_s in told:
        header = wcs.to_header()
        header["OBJECT"] = _plain(job.target_name)
        header["FILTER"] = _plain(filter_name)
        header["FRAME"] = (_plain(name), "frame that it was made of")
        header["EXPTIME"] = (exposure_s, "[s] of that frame")
        header["BUNIT"] = ("count/s", "above the sky")
        header["CREDIT"] = _plain(job.credit)
        hdus.append(
            fits.CompImageHDU(
                plane,
                header,
                name=extension,
                compression_type="RICE_1",
                quantize_level=QUANTISATION,
                quantize_method=1,
                dither_seed=1,
            )
        )
    fits.HDUList(hdus).writeto(job.cube, overwrite=True)


def _plain(text: str) -> str:
    """Text as a card can hold it."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)[:68]


if __name__ == "__main__":
    main()
