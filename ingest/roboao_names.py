"""Names of the adaptive-optics camera's files (Robo-AO): raw files, what is made of them, masters of a night.

    4_351_Yrsa_VIC_lp600_o_20160925_110427.040912.fits.bz2     observation
    4_351_Yrsa_VIC_lp600_o_20160925_110427.040912_0.fits.bz2   its second file
    4_351_Yrsa_VIC_lp600_o_20160925_110427.040912_100p.fits    made of both
    dark_14_20160925_022013.118274.fits.bz2                    raw dark of mode 1, sub-array
    dark_14_20160925.fits                                      master of the night

Programme and time hold a dot, so a name is no longer parted at its first one. The object may hold anything, underscores
too, and may be empty: all else is read from the right. What does not fit is refused, never guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from archive.enums import RawKind
from archive.errors import UsageError

# A token more or less in a name shifts all others: only a closed list of filters notices it.
FILTERS = ("Sg", "Sr", "Si", "Sz", "lp600", "c", "J", "H")
RAW_EXTENSIONS = (".fits.bz2", ".fits")

_CAMERA = r"(?P<camera>[A-Z][A-Z0-9]{1,7})"
_FILTER = rf"(?P<filter_name>{'|'.join(FILTERS)})"
_MARKER = r"(?P<marker>[A-Za-z0-9]{1,16})"
_MODE = r"(?P<mode>[0-9]{1,4})"
_DAY = r"(?P<day>[12][0-9]{7})"
_WHEN = rf"{_DAY}_(?P<time>[0-9]{{6}}\.[0-9]{{6}})"
_FILE = r"(?:_(?P<further>0|[1-9][0-9]{0,3}))?"

RAW_PATTERNS = {
    RawKind.SCIENCE: re.compile(
        rf"^(?P<programme>[0-9]+(?:\.[0-9]+)?)_(?P<target>.*)_{_CAMERA}_{_FILTER}_{_MARKER}_{_WHEN}{_FILE}$"
    ),
    RawKind.DARK: re.compile(rf"^dark(?:_{_CAMERA})?_{_MODE}_{_WHEN}{_FILE}$"),
    RawKind.BIAS: re.compile(rf"^bias(?:_{_CAMERA})?(?:_{_MODE})?_{_WHEN}{_FILE}$"),
    RawKind.FLAT: re.compile(rf"^flat(?:_{_CAMERA})?_{_FILTER}(?:_{_MARKER})?_{_WHEN}{_FILE}$"),
    RawKind.SEEING: re.compile(rf"^seeing(?:_{_CAMERA})?_{_FILTER}(?:_{_MARKER})?_{_WHEN}{_FILE}$"),
    RawKind.POINTING: re.compile(rf"^pointing(?:_(?P<label>.+))?_{_WHEN}{_FILE}$"),
}
MASTER_PATTERNS = {
    RawKind.DARK: re.compile(rf"^dark(?:_{_CAMERA})?_{_MODE}_{_DAY}$"),
    RawKind.BIAS: re.compile(rf"^bias(?:_{_CAMERA})?(?:_{_MODE})?_{_DAY}$"),
    RawKind.FLAT: re.compile(rf"^flat(?:_{_CAMERA})?_{_FILTER}_{_DAY}$"),
}
# A label has a letter: digits alone are the number of a further raw file.
PRODUCT_PATTERN = re.compile(
    r"^(?P<exposure>.*_[0-9]{6}\.[0-9]{6})_(?P<label>(?=[0-9_]*[a-z])[a-z0-9]+(?:_[a-z0-9]+)*)$"
)

FORMS = {
    RawKind.SCIENCE: "PROGRAMME_OBJECT_CAMERA_FILTER_MARK",
    RawKind.DARK: "dark_MODE",
    RawKind.BIAS: "bias_MODE",
    RawKind.FLAT: "flat_FILTER",
    RawKind.SEEING: "seeing_CAMERA_FILTER",
    RawKind.POINTING: "pointing",
}
FORM_OF_TIME = "YYYYMMDD_HHMMSS.SSSSSS"
TOKENS_OF_OBSERVATION = 7

# Begins as the camera's names do.
_BEGINNING = r"(?:[0-9]+.?[0-9]*|dark|bias|flat|seeing|pointing)_"
_CLAIMED = re.compile(rf"^{_BEGINNING}.*\.fits\.bz2$", re.IGNORECASE)
# Up to the time of day, and on to the next dot: `…_110427.040912_100p` and `.fits`, `…_110427.040912_full` and `.png`.
_EXPOSURE = re.compile(
    rf"^(?P<basename>{_BEGINNING}(?:.*_)?[0-9]{{8}}_[0-9]{{6}}\.[0-9]{{6}}[^.]*)(?P<extension>\..*|)$"
)
_FITS = re.compile(r"^\.fits(?:\.\w+)?$", re.IGNORECASE)
_ENDING = re.compile(r"\.fits(?:\.\w+)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawName:
    """Name of a raw file, taken apart. What a kind's names do not tell is empty."""

    kind: RawKind
    observed_at: datetime  # UTC
    file_number: int = 0  # 0 for the first file, k + 1 for the one that ends in _k: numbers, in whose order they follow
    programme: str = ""
    target: str = ""  # of science; empty where its token is
    camera: str = ""
    filter_name: str = ""
    marker: str = ""
    mode: str = ""  # of the detector, with 4 behind it for a sub-array
    label: str = ""  # of a pointing exposure: whatever stands before its time

    @property
    def night(self) -> date:
        """UTC date in the name."""
        return self.observed_at.date()

    @property
    def exposure(self) -> str:
        """What the names of all files of the observation, or of the calibration exposure, begin with."""
        moment = f"{self.observed_at:%Y%m%d_%H%M%S}.{self.observed_at.microsecond:06d}"
        if self.kind is RawKind.SCIENCE:
            tokens = [self.programme, self.target, self.camera, self.filter_name, self.marker]
        else:
            told = (self.camera, self.mode, self.filter_name, self.marker, self.label)
            tokens = [self.kind.value, *filter(None, told)]
        return "_".join([*tokens, moment])

    @property
    def basename(self) -> str:
        return f"{self.exposure}_{self.file_number - 1}" if self.file_number else self.exposure


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductName:
    """Name of a file that was made of an exposure."""

    raw: RawName  # its first file
    label: str  # what it is: 100p, summed …

    @property
    def basename(self) -> str:
        return f"{self.raw.exposure}_{self.label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterName:
    """Name of a night's master calibration."""

    kind: RawKind
    night: date
    camera: str = ""
    mode: str = ""
    filter_name: str = ""

    @property
    def basename(self) -> str:
        told = (self.camera, self.mode, self.filter_name)
        return "_".join([self.kind.value, *filter(None, told), f"{self.night:%Y%m%d}"])


CameraName = RawName | ProductName | MasterName


def raw_name(basename: str) -> RawName | None:
    """The name of a raw file, without its extension; None if it is no such name."""
    for kind, pattern in RAW_PATTERNS.items():
        found = pattern.fullmatch(basename)
        if found is not None:
            told = {name: text or "" for name, text in found.groupdict().items()}
            observed_at = _moment(told.pop("day"), told.pop("time"))
            further = told.pop("further")
            if observed_at is None:
                return None
            return RawName(kind=kind, observed_at=observed_at, file_number=int(further) + 1 if further else 0, **told)
    return None


def product_name(basename: str) -> ProductName | None:
    """The name of what was made of an exposure, without its extension; None if it is no such name."""
    found = PRODUCT_PATTERN.fullmatch(basename)
    raw = raw_name(found["exposure"]) if found else None
    return ProductName(raw=raw, label=found["label"]) if found and raw else None


def master_name(basename: str) -> MasterName | None:
    """The name of a night's master, without its extension; None if it is no such name."""
    for kind, pattern in MASTER_PATTERNS.items():
        found = pattern.fullmatch(basename)
        if found is not None:
            told = {name: text or "" for name, text in found.groupdict().items()}
            night = _moment(told.pop("day"), "000000.000000")
            return None if night is None else MasterName(kind=kind, night=night.date(), **told)
    return None


def split_exposure(filename: str) -> tuple[str, str] | None:
    """Base name and extension of a file whose name begins with an exposure of the camera; None of any other.

    The dots in programme, object and time part nothing.
    """
    found = _EXPOSURE.fullmatch(filename)
    return None if found is None else (found[1], found[2])


def is_claimed(filename: str) -> bool:
    """Whether a name looks like one of the camera's FITS files, right or wrong: no other translator may have it."""
    if _CLAIMED.fullmatch(filename):
        return True
    parts = split_exposure(filename)
    return parts is not None and _FITS.fullmatch(parts[1]) is not None


def read_name(filename: str) -> CameraName | None:
    """The name of one of the camera's FITS files; None for a file that is none of them.

    A master's name alone does not tell that it is the camera's: other instruments may call theirs so.

    Raises UsageError, which says what is wrong, when it looks like one and breaks a rule.
    """
    basename = _ENDING.sub("", filename)
    extension = filename[len(basename) :]
    if not is_claimed(filename):
        return master_name(basename) if extension.startswith(".fits") else None
    raw = raw_name(basename)
    if raw is not None and extension not in RAW_EXTENSIONS:
        raise UsageError(
            f"{filename} is a raw file of the camera, which ends in {' or '.join(RAW_EXTENSIONS)}: rename it."
        )
    name = raw or product_name(basename) or master_name(basename)
    if name is None:
        kind = _kind_of(basename)
        fault = next(_faults(basename, kind))
        raise UsageError(
            f"{filename} looks like a file of the adaptive-optics camera, but {fault}: "
            f"call it {FORMS[kind]}_{FORM_OF_TIME}.fits.bz2, a further file …_0.fits.bz2 and so on."
        )
    return name


def is_raw(filename: str) -> bool:
    """Whether this is a raw file of the camera. Raises as `read_name` does."""
    return isinstance(read_name(filename), RawName)


def _moment(day: str, time: str) -> datetime | None:
    try:
        return datetime.strptime(f"{day} {time}", "%Y%m%d %H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def _kind_of(basename: str) -> RawKind:
    first = basename.partition("_")[0].lower()
    calibrations = {kind.value: kind for kind in RAW_PATTERNS if kind is not RawKind.SCIENCE}
    return calibrations.get(first, RawKind.SCIENCE)


def _faults(basename: str, kind: RawKind) -> Iterator[str]:
    """What is wrong with a name that fits no pattern, read from the right as it is."""
    tokens = basename.split("_")
    while len(tokens) > 2 and "." not in tokens[-1] and re.fullmatch(r"[0-9]{8}", tokens[-2]) is None:
        tokens.pop()  # of a further file, or of a product
    day, time = tokens[-2:] if len(tokens) > 1 else ("", tokens[-1])
    if re.fullmatch(r"[0-9]{6}\.[0-9]{6}", time) is None:
        yield f"{time[:40]!r} is no time of six digits, a dot and six decimals"
    if re.fullmatch(r"[0-9]{8}", day) is None:
        yield f"{day[:40]!r} is no date of eight digits"
    if _moment(day, "000000.000000") is None:
        yield f"the calendar has no day {day}"
    if _moment(day, time) is None:
        yield f"no day has the time {time}"
    if kind is RawKind.SCIENCE:
        yield from _faults_of_science(tokens)
    yield f"its parts are not those of {FORMS[kind]!r}, or what follows the time is neither a number nor a label"


def _faults_of_science(tokens: list[str]) -> Iterator[str]:
    if len(tokens) < TOKENS_OF_OBSERVATION:
        yield f"it has {len(tokens)} parts between underscores up to the time, and an observation's name seven or more"
        return
    camera, filter_name, marker = tokens[-5:-2]
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", tokens[0]) is None:
        yield f"{tokens[0][:40]!r} is no number of a programme, such as 24 or 24.1"
    if re.fullmatch(_MARKER, marker) is None:
        yield f"{marker[:40]!r} is no mark of letters and digits"
    if filter_name not in FILTERS:
        yield f"{filter_name[:40]!r} is none of the filters {', '.join(FILTERS)}"
    if re.fullmatch(_CAMERA, camera) is None:
        yield f"{camera[:40]!r} is no camera, which is written in capitals, such as VIC"
