"""A JPEG of any size to a small one.

Runs in the child of `ingest.sandbox`; call `Inspector.shrink_picture` for a file that comes from outside.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from archive.errors import UsageError

QUALITY = 80
MOST_PIXELS = 400_000_000
WIDEST_PX = 4096

Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is the limit here, and a refusal, not a warning


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A JPEG with its size, px."""

    jpeg: bytes
    width_px: int
    height_px: int


def shrink_picture(path: Path, *, height_px: int) -> SmallPicture:
    """The picture at this height and in its own proportions; lower only where it would be wider than WIDEST_PX.

    Raises UsageError when the file is no JPEG that can be read to its end.
    """
    try:
        with Image.open(path, formats=["JPEG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UsageError(f"{path.name} has more than {MOST_PIXELS} pixels: send a smaller picture.")
            width_px, height_px = _fitted(picture.size, height_px)
            # The decoder itself halves the picture as often as leaves it larger than asked for: that costs least.
            picture.draft("L" if picture.mode == "L" else "RGB", (width_px, height_px))
            plain = picture if picture.mode in {"L", "RGB"} else picture.convert("RGB")
            small = plain.resize((width_px, height_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    except (OSError, SyntaxError, ValueError) as error:  # PIL's ways of saying that a file is broken
        raise UsageError(f"{path.name} is no JPEG that can be read to its end ({error}): send it again.") from error
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=QUALITY)
    return SmallPicture(stream.getvalue(), width_px, height_px)


def _fitted(size_px: tuple[int, int], height_px: int) -> tuple[int, int]:
    width, height = size_px
    if width * height_px > WIDEST_PX * height:
        return WIDEST_PX, max(1, round(height * WIDEST_PX / width))
    return max(1, round(width * height_px / height)), height_px
