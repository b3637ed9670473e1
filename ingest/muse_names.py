"""Files of one MUSE exposure: which is which, and which belong together.

    single/NGC3201_a.fits                        reduced cube; its PROV1, PROV2 … name the raw files
    raw/MUSE.2019-02-01T05:12:33.650.fits.fz     raw; some disks write its time with dashes
    analysis/NGC3201_a.prm.fits                  fitted parameters of the PSF
    analysis/NGC3201_a.psf.fits                  the PSF of each source

Dots in these names part nothing but the extension. A name is matched, never guessed: what is not there is told as
missing, and no other exposure's file takes its place.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

_RAW = re.compile(
    r"MUSE\.(?P<day>\d{4}-\d\d-\d\d)T(?P<h>\d\d)[:-](?P<m>\d\d)[:-](?P<s>\d\d(?:\.\d+)?)(?P<extension>\.fits(?:\.fz)?)?"
)
TARGET_KEYS = ("ESO OBS TARG NAME", "OBJECT")  # cards that name the target: the first that a header has

# As ESO calls its files, MUSE's and others: instrument, time, perhaps more, extension.
_ESO = re.compile(
    r"(?P<hour>[A-Z][A-Z0-9_]*\.\d{4}-\d\d-\d\dT\d\d)[:-](?P<m>\d\d)[:-](?P<s>\d\d(?:\.\d{1,9})?[^.]*)(?P<extension>\..*|)"
)
_FIT = re.compile(r"(?P<basename>.+\.(?:prm|psf).*)(?P<extension>\.fits)")
_PRM = re.compile(r"(?P<stem>.+)\.prm(?P<mark>.*)\.fits")
_PSF = re.compile(r"(?P<stem>.+)\.psf(?P<mark>.*)\.fits")
_PROVENANCE = re.compile(r"PROV([1-9]\d{0,3})")
_SOURCE = re.compile(r"PM_\d+")
_CHANNEL = re.compile(r"CHAN\d\d")


class MuseKind(StrEnum):
    """What a file is to its exposure."""

    RAW = "raw"
    REDUCED = "reduced"
    PRM = "prm"
    PSF = "psf"


def split_muse(filename: str) -> tuple[str, str] | None:
    """Base name and extension of a file that is called as ESO's are, or as those of a fit; None of any other.

    The times in ESO's names have their colons back: one file has one name, from whichever disk it comes.
    """
    found = _FIT.fullmatch(filename)
    if found is not None:
        return found["basename"], found["extension"]
    found = _ESO.fullmatch(filename)
    return None if found is None else (f"{found['hour']}:{found['m']}:{found['s']}", found["extension"])


def is_fit(filename: str) -> bool:
    """Whether a file is called as those of a fit are: parameters, or the PSF of each source."""
    return _FIT.fullmatch(filename) is not None


def is_source(hdu_name: str) -> bool:
    """Whether a table is that of one source of a fit."""
    return _SOURCE.fullmatch(hdu_name) is not None


def exposure_names(filename: str) -> tuple[str, ...]:
    """What the exposure of a fit is called, and then what its reduced cube may be called too; without extension.

    `a.prm_v2.fits` is of the exposure `a_v2`, whose cube is `a_v2.fits`, or where that is not there `a.fits`.
    """
    found = _PRM.fullmatch(filename) or _PSF.fullmatch(filename)
    return () if found is None else tuple(dict.fromkeys((found["stem"] + found["mark"], found["stem"])))


def kind_of(filename: str, *, hdu_names: Collection[str], primary: Mapping[str, Any]) -> MuseKind | None:
    """What a file is: by its name where that tells, else by what is in it; None for none of MUSE's files."""
    for kind, pattern in ((MuseKind.PRM, _PRM), (MuseKind.PSF, _PSF), (MuseKind.RAW, _RAW)):
        if pattern.fullmatch(filename):
            return kind
    if "PSFPARS" in hdu_names:
        return MuseKind.PRM
    if any(map(is_source, hdu_names)):
        return MuseKind.PSF
    if any(_CHANNEL.fullmatch(name) for name in hdu_names):
        return MuseKind.RAW
    is_muse = str(primary.get("INSTRUME") or "").strip().upper() == "MUSE"
    product = str(primary.get("ESO PRO CATG") or "CUBE")  # the pipeline also makes images, tables and calibrations
    return MuseKind.REDUCED if is_muse and "CUBE" in product else None


def raw_key(filename: str) -> str | None:
    """One name for a raw file however its time and its packing are written: `MUSE.2019-02-01T05:12:33.650`."""
    found = _RAW.fullmatch(filename.strip())
    return None if found is None else f"MUSE.{found['day']}T{found['h']}:{found['m']}:{found['s']}"


def provenance(primary: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the raw files that a reduced cube was made of, in the order of its PROV1, PROV2 and on."""
    numbered = sorted(
        (int(found[1]), value)
        for key, value in primary.items()
        if (found := _PROVENANCE.fullmatch(key)) is not None
        if isinstance(value, str)
    )
    return tuple(dict.fromkeys(key for _, value in numbered if (key := raw_key(value)) is not None))


def missing_of(
    exposure: str, *, raws: Mapping[str, bool] | None, has_prm: bool, has_psfpars: bool, has_psf: bool
) -> list[str]:
    """Files and keywords that were looked for and are not there, as they are told.

    `raws` says of each raw file that the cube names whether it is there; None where there is no cube.
    """
    return [
        *([f"{exposure}.fits"] if raws is None else []),
        *(["PROV1"] if raws == {} else []),
        *(f"{key}.fits.fz" for key, is_there in (raws or {}).items() if not is_there),
        *([] if has_prm else [f"{exposure}.prm.fits"]),
        *(["PSFPARS"] if has_prm and not has_psfpars else []),
        *([] if has_psf else [f"{exposure}.psf.fits"]),
    ]


def fit_names(exposure: str, other_cube: str, kind: MuseKind) -> tuple[str, ...]:
    """Base names that a file of the exposure's fit may have, where its cube may be called `other_cube` too."""
    names = [f"{exposure}.{kind.value}"]
    if other_cube and exposure.startswith(other_cube):
        names.append(f"{other_cube}.{kind.value}{exposure.removeprefix(other_cube)}")
    return tuple(names)
