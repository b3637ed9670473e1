"""What a header declares of the bytes behind it: sizes in exact integers, each checked before it is used."""

import re
from collections.abc import Mapping
from math import prod
from typing import Any

from archive.errors import UsageError

BLOCK_BYTES = 2880
MAX_AXES = 999  # of the FITS standard
MAX_DATA_BYTES = 1 << 62  # nothing larger has a place on any disk
BITS = frozenset({8, 16, 32, 64, -32, -64})

# A compressed image is a table. These keywords describe that table and its packing,
TABLE_KEY = re.compile(
    r"XTENSION|BITPIX|NAXIS\d{0,3}|[PG]COUNT|CHECKSUM|DATASUM|TFIELDS|THEAP|T(TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM)\d+"
    r"|Z(IMAGE|TENSION|SIMPLE|EXTEND|BLOCKED|BITPIX|NAXIS\d{0,3}|[PG]COUNT|HECKSUM|DATASUM)"
    r"|Z(CMPTYPE|MASKCMP|QUANTIZ|DITHER0|BLANK|SCALE|ZERO)|Z(TILE|NAME|VAL)\d+"
)
# and these are the image's own, set aside under other names.
IMAGE_KEY = re.compile(r"Z(TENSION|SIMPLE|EXTEND|BLOCKED|BITPIX|NAXIS\d{0,3}|[PG]COUNT|HECKSUM|DATASUM)")
OTHER_NAMES = {"ZTENSION": "XTENSION", "ZHECKSUM": "CHECKSUM"}
UNNAMED_COMPRESSED = "COMPRESSED_IMAGE"

Header = Mapping[str, Any]


def padded(data_bytes: int) -> int:
    return -(-data_bytes // BLOCK_BYTES) * BLOCK_BYTES


def data_bytes(header: Header, *, is_primary: bool, where: str) -> int:
    """Bytes of the data unit without its padding.

    Raises UsageError if the required keywords are not there or make no sense.
    """
    if is_primary and header.get("SIMPLE") is not True:
        raise UsageError(f"{where} has no SIMPLE = T: it says itself that it is no FITS, write it again.")
    bits = _bits(header, "BITPIX", where)
    axes = axes_of(header, where=where)
    extra = _whole(header, "PCOUNT", where, default=0)
    groups = _whole(header, "GCOUNT", where, default=1)
    if is_primary and header.get("GROUPS") is True and axes and axes[0] == 0:
        elements = groups * (extra + prod(axes[1:]))
    elif is_primary:
        elements = prod(axes) if axes else 0
    else:
        elements = groups * (extra + (prod(axes) if axes else 0))
    return _possible(abs(bits) // 8 * elements, where)


def axes_of(header: Header, *, where: str, prefix: str = "") -> tuple[int, ...]:
    """NAXIS1, NAXIS2, … (ZNAXISn with prefix "Z") in the order of FITS: the fastest first."""
    count = _whole(header, f"{prefix}NAXIS", where)
    if count > MAX_AXES:
        raise UsageError(f"{where} says {prefix}NAXIS = {count}, more than {MAX_AXES}: correct the header.")
    return tuple(_whole(header, f"{prefix}NAXIS{number}", where) for number in range(1, count + 1))


def is_compressed_image(header: Header) -> bool:
    return header.get("XTENSION") == "BINTABLE" and header.get("ZIMAGE") is True


def image_header(header: Header) -> dict[str, Any]:
    """Header of the image that `header` stands for: without the table that holds a compressed one."""
    if not is_compressed_image(header):
        return dict(header)
    own = {key: value for key, value in header.items() if not TABLE_KEY.fullmatch(key)}
    if own.get("EXTNAME") == UNNAMED_COMPRESSED:
        del own["EXTNAME"]
    packed = {key: value for key, value in header.items() if IMAGE_KEY.fullmatch(key)}
    restored = {OTHER_NAMES.get(key, key[1:]): value for key, value in packed.items()}
    required = {} if "SIMPLE" in restored else {"XTENSION": "IMAGE", "PCOUNT": 0, "GCOUNT": 1}
    return required | restored | own


def image_shape(header: Header, *, where: str) -> tuple[int, ...] | None:
    """Shape of the image as arrays have it, slowest axis first; None for tables and for images without a pixel."""
    if is_compressed_image(header):
        axes = axes_of(header, where=where, prefix="Z")
    elif header.get("XTENSION", "IMAGE") == "IMAGE":
        axes = axes_of(header, where=where)
    else:
        return None
    return axes[::-1] if axes and all(axes) else None


def unpacked_bytes(header: Header, *, where: str) -> int | None:
    """Bytes that a tile-compressed image or table becomes; None for an HDU that is not compressed.

    Raises UsageError if its tiles can not make up the image.
    """
    if is_compressed_image(header):
        axes = axes_of(header, where=where, prefix="Z")
        size = _possible(abs(_bits(header, "ZBITPIX", where)) // 8 * prod(axes), where)
        _require_tiles(header, axes, where)
        return size
    if header.get("XTENSION") == "BINTABLE" and header.get("ZTABLE") is True:
        width, rows = _whole(header, "ZNAXIS1", where), _whole(header, "ZNAXIS2", where)
        return _possible(width * rows + _whole(header, "ZPCOUNT", where, default=0), where)
    return None


def _require_tiles(header: Header, axes: tuple[int, ...], where: str) -> None:
    """Each row of the table is one tile, and together they cover the image; a tile is no larger than the image."""
    default = [axes[0] if axes else 1, *([1] * (len(axes) - 1))]
    tiles = [_whole(header, f"ZTILE{number + 1}", where, default=default[number]) for number in range(len(axes))]
    if 0 in tiles:
        raise UsageError(f"{where} has tiles without a pixel: the header is damaged, compress the image again.")
    expected = prod(-(-axis // tile) for axis, tile in zip(axes, tiles, strict=True)) if axes else 0
    rows = _whole(header, "NAXIS2", where)
    if rows != expected:
        raise UsageError(
            f"{where} declares an image of {expected} tiles and holds {rows}: it is damaged, compress it again."
        )


def _possible(size: int, where: str) -> int:
    if size > MAX_DATA_BYTES:
        raise UsageError(f"{where} declares more data than any disk can hold: the header is damaged, write it again.")
    return size


def _bits(header: Header, key: str, where: str) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value not in BITS:
        raise UsageError(f"{where} says {key} = {value!r}, which FITS does not know: write the file again.")
    return value


def _whole(header: Header, key: str, where: str, *, default: int | None = None) -> int:
    value = header.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{where} needs {key} as a whole number and has {value!r}: write the file again.")
    return value
