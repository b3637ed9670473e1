"""File names: what the archive takes from them, and which it refuses."""

from archive.errors import UsageError

MAX_NAME_BYTES = 200  # a file system's limit is 255; suffixes of previews and temporary files need room
FITS_EXTENSIONS = frozenset({".fits", ".fits.fz", ".fits.gz", ".fits.bz2", ".fit", ".fts"})
TAR_EXTENSIONS = frozenset({".tar.gz", ".tgz"})


def split_name(filename: str) -> tuple[str, str]:
    """Base name up to the first dot, and extension from that dot on.

    Raises UsageError when the name is none that the archive can keep.
    """
    basename, dot, rest = filename.partition(".")
    check_name(basename)
    check_name(filename)
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
