"""File names: what the archive takes from them, and which it refuses."""

from archive.errors import UsageError
from ingest import muse_names, roboao_names

MAX_NAME_BYTES = 200  # a file system's limit is 255; suffixes of previews and temporary files need room
FITS_EXTENSIONS = frozenset({".fits", ".fits.fz", ".fits.gz", ".fits.bz2", ".fit", ".fts"})
TAR_EXTENSIONS = frozenset({".tar.gz", ".tgz"})


def split_name(filename: str) -> tuple[str, str]:
    """Base name and extension, parted as `parted` does.

    Raises UsageError when the name is none that the archive can keep, or looks like the adaptive-optics camera's and
    is none of its names.
    """
    basename, extension = parted(filename)
    check_name(basename)
    check_name(filename)
    roboao_names.read_name(filename)
    return basename, extension


def parted(filename: str) -> tuple[str, str]:
    """Base name up to the first dot, and extension from that dot on, whatever the name.

    Some names hold dots: those of the adaptive-optics camera and of ESO are parted behind the time of day, those of a
    fit of MUSE's PSF before `.fits`.
    """
    known = roboao_names.split_exposure(filename) or muse_names.split_muse(filename)
    if known is not None:
        return known
    basename, dot, rest = filename.partition(".")
    return basename, dot + rest


def check_name(name: str) -> None:
    """Raise UsageError for an empty or overlong name, and for one that a path or a terminal would misread."""
    if not name.strip():
        raise UsageError("the file has no name before its first dot: rename it.")
    if "/" in name or "\\" in name or not name.isprintable():
        raise UsageError(f"the name {name!r} holds a slash or a character that can not be printed: rename the file.")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise UsageError(f"the name {name[:40]}… is longer than {MAX_NAME_BYTES} bytes: shorten it.")


def is_fits(extension: str) -> bool:
    """Whether such a file is FITS itself, packed or not. These are unique by their bytes in the whole archive."""
    return extension.lower() in FITS_EXTENSIONS


def has_header(extension: str) -> bool:
    """Whether such a file is, or holds, a FITS whose header describes it."""
    return is_fits(extension) or extension.lower() in TAR_EXTENSIONS
