"""From pixels to the sky and back, by astropy, in the child process that reads foreign headers (decision 0004)."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archive.downloads.cutout_region import Region, SkyBox
from archive.errors import UsageError
from ingest.intake import the_inspector

SMALLEST_ARCSEC = 1e-6


def grid_of(cards: str, region: Region) -> dict[str, Any] | None:
    """Directions of a region's pixels on a coarse grid, as `ingest.sky_grid` tells them; None without a WCS.

    Raises UsageError if the WCS can not be used.
    """
    with _as_file(cards) as path:
        return the_inspector().sky_grid(path, x0=region.x0, y0=region.y0, width=region.width, height=region.height)


def box_of(cards: str, asked: SkyBox) -> tuple[int, int, int, int]:
    """x0, y0, width and height, px, of a square on the sky: by the size that pixels have at its centre.

    Raises UsageError if the image has no WCS, or the place is not on it.
    """
    with _as_file(cards) as path:
        spot = the_inspector().sky_spot(path, ra_deg=asked.ra_deg, dec_deg=asked.dec_deg)
    side = asked.side_arcsec / max(spot.scale_arcsec, SMALLEST_ARCSEC)
    if side > 1e9:
        raise UsageError(f"size={asked.side_arcsec} arcsec is more than any image has: ask for a smaller one.")
    side_px = max(math.ceil(side), 1)
    return round(spot.x - (side_px - 1) / 2), round(spot.y - (side_px - 1) / 2), side_px, side_px


@contextmanager
def _as_file(cards: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="cards-") as file:
        file.write(cards.encode("ascii"))
        file.flush()
        yield Path(file.name)
