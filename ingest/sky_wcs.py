"""From the WCS keywords of one header to the directions of its corners, ICRS: whatever astropy reads but tables."""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import FK4, FK5, ICRS, FK4NoETerms, Galactic, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS, WcsError
from astropy.wcs.utils import wcs_to_celestial_frame

from archive.errors import UsageError
from ingest import sphere
from ingest.cards import CARD_BYTES
from ingest.fits_layout import MAX_AXES
from ingest.sphere import Vectors

Header = Mapping[str, Any]
Section = tuple[int, int, int, int]  # left, right, low, high edge, binned pixels from the detector's corner

MIN_AXIS_PX = 2  # corner centres of a single row or column enclose no area
MAX_TEXT = 30  # the name of a type, unit or frame is short, and fits its card with every quote doubled
KNOWN_FRAMES = (ICRS, FK5, FK4, FK4NoETerms, Galactic)

# Only these reach wcslib. Lookup-table distortions (CPDIS, D2IM) need the file's data and move a corner by pixels only.
# Distortions are defined on two axes, so of a cube of images the two axes of the sky are read as if they were alone.
_NUMBER_KEY, _NUMBER_KEY_OF_TWO = (
    re.compile(
        rf"CR(PIX|VAL){axis}|CDELT{axis}|CROTA{axis}|(PC|CD){axis}_{axis}|PV{axis}_\d{{1,2}}"
        r"|LONPOLE|LATPOLE|EQUINOX|EPOCH|[AB]_\d_\d"
    )
    for axis in ("[1-9]", "[12]")
)
_TEXT_KEY, _TEXT_KEY_OF_TWO = (re.compile(rf"C(TYPE|UNIT){axis}|RADESYS|RADECSYS") for axis in ("[1-9]", "[12]"))
_COUNT_KEY = re.compile(r"[AB]_ORDER")
_SKY_TYPE = re.compile(r"(RA--|DEC-|GLON|GLAT).*")
_SECTION = re.compile(r"\s*\[\s*(\d{1,6})\s*:\s*(\d{1,6})\s*,\s*(\d{1,6})\s*:\s*(\d{1,6})\s*\]\s*")
_BINNING = re.compile(r"\s*(\d{1,2})[\s,]+(\d{1,2})\s*")


def image_axes(header: Header) -> tuple[int, ...]:
    """Axes of the image in the order of FITS, as unpacked; none for a table or a header without a sound size."""
    if header.get("XTENSION") == "BINTABLE" and header.get("ZIMAGE") is True:
        prefix = "Z"
    elif header.get("XTENSION", "IMAGE") == "IMAGE":
        prefix = ""
    else:
        return (0,)
    count = header.get(f"{prefix}NAXIS")
    if not isinstance(count, int) or not 0 < count <= MAX_AXES:
        return (0,)
    axes = [header.get(f"{prefix}NAXIS{number}") for number in range(1, count + 1)]
    sound = [axis for axis in axes if isinstance(axis, int)]
    return tuple(sound) if len(sound) == len(axes) else (0,)


def outline_of_image(header: Header) -> Vectors | None:
    """Corners, (4, 3), of the image under `header`; None if it has no pixels or no place on the sky.

    Raises UsageError if its WCS can not be used.
    """
    axes = image_axes(header)
    if prod(axes) <= 0:
        return None
    wcs = wcs_of(header)
    return None if wcs is None else outline(wcs, axes=axes)


def wcs_of(header: Header) -> WCS | None:
    """Celestial WCS of a header, or None if it has none. Raises UsageError if astropy can not make sense of it."""
    types = [str(header.get(f"CTYPE{number}", "")) for number in range(1, 10)]
    sky_axes = [number for number, kind in enumerate(types, 1) if _SKY_TYPE.fullmatch(kind)]
    if len(sky_axes) < 2:
        return None
    if not all(_has_scale(header, axis) for axis in sky_axes):
        raise UsageError("its WCS gives no scale to an axis of the sky: write CDi_j or CDELTi.")
    cards = _cards(header, two_axes=sky_axes == [1, 2])
    if "-TAB'" in cards:
        raise UsageError("its WCS stands in a table, which is not read here: write it as a projection.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on the style of a foreign header
        try:
            wcs = WCS(fits.Header.fromstring(cards))
            is_celestial = wcs.has_celestial
        except (WcsError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"its WCS can not be read ({_first_line(error)}): correct it.") from error
    return wcs if is_celestial else None


def outline(wcs: WCS, *, axes: Sequence[int]) -> Vectors:
    """Corner pixels' centres on the sky, (4, 3), distortion included, in the order of the OCS interface.

    Raises UsageError if they do not lie about the image's centre as corners of a frame do.
    """
    first, second = sorted((wcs.wcs.lng, wcs.wcs.lat))
    if second >= len(axes) or min(axes[first], axes[second]) < MIN_AXIS_PX:
        raise UsageError("the image is not two pixels wide along both axes of the sky: it has no outline.")
    right, top = axes[first], axes[second]
    pixels = np.ones((5, wcs.naxis))
    pixels[:, first] = [1, 1, right, right, (1 + right) / 2]
    pixels[:, second] = [1, top, top, 1, (1 + top) / 2]
    points = _directions(wcs, pixels)
    corners, centre = points[:4], points[4]
    if not sphere.goes_once_around(corners, centre=centre):
        raise UsageError("the corners of the frame do not lie around its centre: correct its WCS.")
    return corners


def direction(ra_deg: float, dec_deg: float, header: Header) -> Vectors:
    """Unit vector, ICRS, of coordinates in the frame that `header` names. Raises UsageError if it is none."""
    keys = ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH")
    first = {"CTYPE1": "RA---TAN", "CRVAL1": ra_deg, "CRPIX1": 1, "CDELT1": 1}
    second = {"CTYPE2": "DEC--TAN", "CRVAL2": dec_deg, "CRPIX2": 1, "CDELT2": 1}
    wcs = wcs_of(first | second | {key: header[key] for key in keys if key in header})
    if wcs is None or not abs(dec_deg) <= 90:
        raise UsageError(f"RA {ra_deg}, DEC {dec_deg} is no place on the sky: correct the header.")
    return np.asarray(_directions(wcs, np.ones((1, 2)))[0])


def detector_section(header: Header) -> Section | None:
    """Part of the detector, in binned pixels, that an image without a WCS of its own shows; None if not told."""
    if prod(image_axes(header)) <= 0:
        return None
    place = _SECTION.fullmatch(str(header.get("DETSEC", "")))
    binning = _BINNING.fullmatch(str(header.get("CCDSUM", "1 1")))
    if place is None or binning is None:
        return None
    x_step, y_step = (max(int(step), 1) for step in binning.groups())
    x_from, x_to, y_from, y_to = (int(edge) for edge in place.groups())
    left, right = sorted((x_from, x_to))
    low, high = sorted((y_from, y_to))
    return (left - 1) // x_step, -(-right // x_step), (low - 1) // y_step, -(-high // y_step)


def mosaic_axes(sections: Iterable[Section]) -> tuple[int, int]:
    """Width and height, binned pixels, of the detector area that the sections make up together."""
    lefts, rights, lows, highs = zip(*sections, strict=True)
    return max(rights) - min(lefts), max(highs) - min(lows)


def _cards(header: Header, *, two_axes: bool) -> str:
    """Cards that matter here, written anew: astropy takes them so in half the time that a Header of values takes."""
    numbers, texts = (_NUMBER_KEY_OF_TWO, _TEXT_KEY_OF_TWO) if two_axes else (_NUMBER_KEY, _TEXT_KEY)
    cards = []
    for key, value in header.items():
        if isinstance(value, str):
            if len(value) <= MAX_TEXT and texts.fullmatch(key):
                quoted = value.replace("'", "''")
                cards.append(f"{key:8}= '{quoted:8}'".ljust(CARD_BYTES))
        elif _is_count(key, value) or (_is_number(value) and numbers.fullmatch(key)):
            cards.append(f"{key:8}= {value!r:>20}".upper().ljust(CARD_BYTES))
    return "".join(cards)


def _has_scale(header: Header, axis: int) -> bool:
    """Whether pixels have an extent along this axis. wcslib takes a degree where a careless header has zeros."""
    rows = {kind: [header.get(f"{kind}{axis}_{other}") for other in range(1, 10)] for kind in ("CD", "PC")}
    scales = rows["CD"] if any(map(_is_number, rows["CD"])) else [header.get(f"CDELT{axis}"), *rows["PC"]]
    return any(scale for scale in scales if _is_number(scale))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(key: str, value: object) -> bool:
    """Whether it is an order of a distortion: one digit, as its coefficients' keywords have."""
    return _COUNT_KEY.fullmatch(key) is not None and value in range(10)


def _directions(wcs: WCS, pixels: Vectors) -> Vectors:
    """(n, naxis) pixels, counted from one, to (n, 3) unit vectors, ICRS."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            world = wcs.all_pix2world(pixels, 1)
            lon, lat = world[:, wcs.wcs.lng], world[:, wcs.wcs.lat]
            if not bool(np.all(np.isfinite(world))):
                raise UsageError("a corner of the frame is not on the sky: correct its WCS.")
            frame = wcs_to_celestial_frame(wcs)
            if not isinstance(frame, KNOWN_FRAMES):
                raise UsageError(f"its WCS is in {frame.name}, which is not fixed to the sky: correct it.")
            if not isinstance(frame, ICRS):
                icrs = SkyCoord(lon * u.deg, lat * u.deg, frame=frame).icrs
                lon, lat = icrs.ra.deg, icrs.dec.deg
        except (WcsError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"its WCS can not be used ({_first_line(error)}): correct it.") from error
    return sphere.vectors(lon, lat)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
