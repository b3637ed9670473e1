"""Names of the files of Photon Ranch, such as `sro-kb001ms-20220629-00010442-EX01.fits.bz2`.

Files whose names agree up to the type are one family; the folder of the store tells its kind.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from archive.enums import ExposureKind, FileRole
from archive.errors import UsageError
from ingest.names import is_fits

MAX_EXTENSION = 20  # a column's length
LARGE_LEVELS = frozenset({0, 1})
MEDIUM_LEVELS = frozenset({10, 13})
THUMBNAIL_LEVEL = 11

# Which kind of family lies in which folder of the store.
KIND_OF_DIRECTORY = {
    "data": ExposureKind.PHOTON_RANCH,
    "allsky": ExposureKind.ALL_SKY,
    "test": ExposureKind.TEST,
    "info-images": ExposureKind.INFO_IMAGE,
}
DIRECTORY_OF_KIND = {kind: directory for directory, kind in KIND_OF_DIRECTORY.items()}

_SITE = re.compile(r"[A-Za-z0-9]{3,6}")
_INSTRUMENT = re.compile(r"[A-Za-z0-9_]{1,64}")
_DAY = re.compile(r"[0-9]{8}")
_COUNTER = re.compile(r"[0-9]{8}")
_TYPE = re.compile(r"([A-Za-z]{1,16})([0-9]{2})")
_EXTENSION = re.compile(r"\.[A-Za-z]+(?:\.[A-Za-z0-9]+)*")

ROLE_OF_WORD = {"txt": FileRole.HEADER, "fits": FileRole.FITS, "jpg": FileRole.PICTURE}


@dataclass(frozen=True, slots=True)
class FamilyName:
    """One file's name, taken apart."""

    site: str
    instrument: str
    night: date
    counter: str
    data_type: str
    level: int
    extension: str  # from the first dot on: ".fits.bz2"

    @property
    def base(self) -> str:
        """What the names of the family have in common."""
        return f"{self.site}-{self.instrument}-{self.night:%Y%m%d}-{self.counter}"

    @property
    def stem(self) -> str:
        """The name without its extension."""
        return f"{self.base}-{self.data_type}{self.level:02d}"

    @property
    def filename(self) -> str:
        return self.stem + self.extension

    @property
    def role(self) -> FileRole:
        return ROLE_OF_WORD.get(self.extension.split(".")[1].lower(), FileRole.OTHER)


def parse_path(path: str) -> tuple[ExposureKind, FamilyName]:
    """Kind and name of an object of the store.

    Raises UsageError, which says what is wrong, when no family has such a file.
    """
    directory, slash, filename = path.partition("/")
    kind = KIND_OF_DIRECTORY.get(directory)
    if kind is None or not slash:
        known = ", ".join(f"{name}/" for name in KIND_OF_DIRECTORY)
        raise UsageError(f"{path[:200]!r} lies in none of the folders {known}: put it in one of them.")
    name = parse_name(filename)
    if kind is not ExposureKind.INFO_IMAGE and name.role is FileRole.OTHER:
        raise UsageError(
            f"{filename}: {directory}/ takes .txt, .fits and .jpg files: name it so, or send it elsewhere."
        )
    return kind, name


def parse_name(filename: str) -> FamilyName:
    """Take a file's name apart. Raises UsageError, which says what is wrong, when it breaks a rule."""
    stem, dot, rest = filename.partition(".")
    parts = stem.split("-")
    if len(parts) != 5:
        raise _refusal(filename, "has not the five parts SITE-INSTRUMENT-YYYYMMDD-COUNTER-TYPE")
    site, instrument, day, counter, type_and_level = parts
    _require(_SITE, site, filename, "the site has three to six letters and digits")
    _require(_INSTRUMENT, instrument, filename, "the instrument has letters, digits and underscores")
    _require(_DAY, day, filename, "the day has eight digits")
    _require(_COUNTER, counter, filename, "the counter has eight digits")
    found = _require(_TYPE, type_and_level, filename, "the type is letters and then a level of exactly two digits")
    extension = dot + rest
    _require(_EXTENSION, extension, filename, "an extension begins with letters, such as .fits.bz2")
    name = FamilyName(site, instrument, _night_of(day, filename), counter, found[1], int(found[2]), extension)
    _check_extension(name)
    return name


def is_base(text: str) -> bool:
    """Whether a family could be called so."""
    try:
        return parse_name(f"{text}-EX01.fits").base == text
    except UsageError:
        return False


def _check_extension(name: FamilyName) -> None:
    if len(name.extension) > MAX_EXTENSION:
        raise _refusal(name.filename, f"has an extension of more than {MAX_EXTENSION} characters")
    plain = name.extension.count(".") == 1
    if name.role is FileRole.FITS and not is_fits(name.extension):
        raise _refusal(name.filename, "is packed in a way that the archive can not unpack: .fz, .bz2 and .gz it can")
    if name.role in {FileRole.HEADER, FileRole.PICTURE} and not plain:
        raise _refusal(name.filename, "is packed, and the archive reads headers and pictures only as they are")


def _night_of(day: str, filename: str) -> date:
    try:
        return datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a date alone has no zone
    except ValueError as error:
        raise _refusal(filename, f"has {day} for a day, and the calendar has no such day") from error


def _require(pattern: re.Pattern[str], text: str, filename: str, rule: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise _refusal(filename, f"has {text[:40]!r}, but {rule}")
    return found


def _refusal(filename: str, why: str) -> UsageError:
    return UsageError(f"The name {filename[:200]!r} {why}: rename the file.")
