"""Where an object stands in a store, and what its name says about it.

Clients that store bytes themselves follow the same rules and never tell the path, so these must not change.
"""

import re
from datetime import date
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import quote

from archive.errors import UsageError
from ingest.ao_maps import MUSE_ID
from ingest.headers.record import FrameRecord
from ingest.muse_names import is_fit

ARCHIVE_PREFIX = "archive/"  # what the archive makes itself; a listener for object events ignores it

REDUCTIONS_PREFIX = "archive/reductions/"
ROWS_PREFIX = "archive/rows/"  # documents of science rows, which have no row themselves

# The original's folders by kind of product; of observations the first part of a kind tells the way it was reduced.
WAYS = {"bright": "automated"}
OF_CALIBRATIONS = frozenset({"dark", "flat"})
OF_NIGHTS = {"seeing": "seeing"}
PSF_CANDIDATE = "bright-psf"  # of an observation, and yet among what is of its night
PLOTS_OF_NIGHTS = "night-"  # what the names of kinds that show a whole night begin with

BAD_PIXEL_MASK = "BPM"
MASK_EXTENSIONS = frozenset({".fits.fz"})  # clients give masks their folder only where they repair LCO's files
PATH_MAX_BYTES = 1024  # the limit of S3
PART_MAX_BYTES = 255  # the limit of file systems
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SURROGATE = re.compile(r"[\ud800-\udfff]")

CONTENT_TYPES = (  # the first ending that fits
    ((".fits", ".fits.fz", ".fits.gz", ".fit", ".fts"), "image/fits"),
    ((".jpg", ".jpeg"), "image/jpeg"),
    ((".png",), "image/png"),
    ((".tif", ".tiff"), "image/tiff"),
    ((".pdf",), "application/pdf"),
    ((".gz", ".tgz"), "application/gzip"),
    ((".json",), "application/json"),
    ((".csv",), "text/csv; charset=utf-8"),
    ((".txt",), "text/plain; charset=utf-8"),
)
OTHER_CONTENT_TYPE = "application/octet-stream"
# The letters of a token (RFC 9110): a file name of these alone needs no quotes in a header.
TOKEN_PUNCTUATION = frozenset("!#$%&'*+-.^_`|~")


class Placed(Protocol):
    """What a folder is made of; a FrameRecord and a Frame both are such."""

    @property
    def site_id(self) -> str: ...
    @property
    def instrument_id(self) -> str: ...
    @property
    def observation_day(self) -> date | None: ...


def key_for(record: FrameRecord, *, day: str = "") -> str:
    """Path of a frame's bytes; `day` is the night as a client wrote it, which is how its path has it.

    Raises UsageError if the header does not say where they belong.
    """
    if record.extension in MASK_EXTENSIONS and is_bad_pixel_mask(record):
        parts = [*_instrument_parts(record), "bpm"]
    elif record.instrument_id == MUSE_ID and is_fit(record.filename):
        # A fit may come before its cube, and then nobody knows its night.
        parts = [*_instrument_parts(record), "analysis"]
    else:
        parts = [*_night_parts(record, day), "raw" if record.reduction_level == 0 else "processed"]
    return _joined(*parts, record.filename)


def thumbnail_key_for(placed: Placed, *, basename: str, extension: str, day: str = "") -> str:
    """Path of a small image that a client sent, by the image's own metadata; `day` as for `key_for`."""
    return _joined(*_night_parts(placed, day), "thumbnails", basename + extension)


def preview_key_for(placed: Placed, *, basename: str) -> str:
    """Path of a small image that the archive makes itself; `basename` is the image's own."""
    return _joined("archive", "previews", *_night_parts(placed, ""), f"{basename}.jpg")


def family_thumbnail_key_for(directory: str, *, site: str, day: str, level: str, filename: str) -> str:
    """Path of a small picture of a family that the archive makes itself.

    `directory` and `level` are those of the picture that it shows: a family may have two, and each its small one.
    """
    return _joined("archive", "families", directory, site, day, f"of-{level}", filename)


def cached_image_key_for(md5: str, *, name: str) -> str:
    """Path of what was made of the bytes with this MD5 for readers to fetch; `name` tells what it is."""
    return _joined("archive", "cache", md5[:2], md5, name)


def colour_picture_key_for(picture_id: int, *, name: str) -> str:
    """Path of a file of a picture in colour."""
    return _joined("archive", "colour", str(picture_id), name)


def product_key_for(night: date, subject: str, kind: str, fingerprint: str, *, filename: str) -> str:
    """Path of a file that a reduction made: all files of one product lie together, and nothing else with them.

    The folders are those of the original's tree, below which the beginning of the fingerprint keeps products of the
    same kind apart; a plot of a night takes the place of the one before. Before, the kind's name stood in place of its
    folder; rows name such paths whole, and they stay.
    """
    own = kind if kind.startswith(PLOTS_OF_NIGHTS) else fingerprint[:16]
    return _joined("archive", "reductions", *tree_folder(night, subject, kind), own, filename)


def tree_folder(night: date, subject: str, kind: str) -> tuple[str, ...]:
    """Folder of a kind of product in the original's tree: night, observation, way of reduction, and part of it."""
    day = f"{night:%Y%m%d}"
    if kind in OF_CALIBRATIONS:
        return day, "calib", subject
    if kind == PSF_CANDIDATE:
        return day, "summary", "psflib", subject
    if kind in OF_NIGHTS:
        return day, "summary", OF_NIGHTS[kind], subject
    if kind.startswith(PLOTS_OF_NIGHTS):
        return day, "summary"
    way, _, part = kind.partition("-")
    return (day, subject, WAYS.get(way, way), *filter(None, [part]))


def is_bad_pixel_mask(record: FrameRecord) -> bool:
    """Whether the record's type, its extension's name or its own name says so."""
    name = record.basename.replace("_", "-")
    return (
        record.configuration_type == BAD_PIXEL_MASK
        or record.headers.get("EXTNAME") == BAD_PIXEL_MASK
        or name.startswith("bpm-")
        or name.endswith("-bpm")
        or "-bpm-" in name
    )


def check_path(path: str) -> None:
    """Raise UsageError if no store should ever hold `path`: it could leave its folder, or name nothing."""
    for part in path.split("/"):
        _check_part(part, path)
    if len(path.encode()) > PATH_MAX_BYTES:
        raise UsageError(f"The path {path[:80]!r}… has more than {PATH_MAX_BYTES} bytes: choose shorter names.")


def content_type_for(filename: str) -> str:
    name = filename.lower()
    for endings, content_type in CONTENT_TYPES:
        if name.endswith(endings):
            return content_type
    return OTHER_CONTENT_TYPE


def content_disposition_for(path: str) -> str:
    """Header value with which a browser saves the file under its own name, whatever letters that has."""
    name = PurePosixPath(path).name
    if name.isascii() and all(letter.isalnum() or letter in TOKEN_PUNCTUATION for letter in name):
        return f"attachment; filename={name}"
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _instrument_parts(placed: Placed) -> list[str]:
    return [_given(placed.site_id, "site"), _given(placed.instrument_id, "instrument")]


def _night_parts(placed: Placed, day: str) -> list[str]:
    if not day and placed.observation_day:
        day = placed.observation_day.isoformat().replace("-", "")
    return [*_instrument_parts(placed), _given(day, "observation day")]


def _given(value: str, what: str) -> str:
    if not value:
        raise UsageError(f"The header gives no {what}, and the file's path is made from it: add it and send again.")
    return value


def _joined(*parts: str) -> str:
    for part in parts:
        if "/" in part:
            raise UsageError(f"{part!r} can not be part of a path: take the slash out of the header value or name.")
    path = "/".join(parts)
    check_path(path)
    return path


def _check_part(part: str, path: str) -> None:
    if not part:
        raise UsageError(f"The path {path!r} is empty or has an empty part: give every part a name.")
    if part.startswith("."):
        raise UsageError(f"The part {part!r} of a path begins with a dot: choose another name.")
    if CONTROL.search(part):
        raise UsageError(f"The part {part!r} of a path holds a control character: choose another name.")
    if SURROGATE.search(part):
        raise UsageError(f"The part {part!r} of a path is not valid text: choose another name.")
    if len(part.encode()) > PART_MAX_BYTES:
        raise UsageError(
            f"The part {part[:80]!r}… of a path has more than {PART_MAX_BYTES} bytes: choose another name."
        )
