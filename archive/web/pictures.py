"""Where a page finds the pictures of frames."""

from archive.domain.access import Links
from archive.domain.rows import FrameRow


def picture_of(row: FrameRow, links: Links, *, size: str = "small") -> str:
    """Address of a frame's picture; empty where it has none."""
    found = next((each for each in row.thumbnails if each.size == size), None)
    return "" if found is None else links.to(found.store, found.path, found.version_id)
