"""Going through all folders of the local store in the order in which S3 lists its keys."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def walk(folder: Path, versions_in: Callable[[Path, str], list[Found]], *, above: str = "") -> Iterator[Found]:
    """What `versions_in` finds in each folder below `folder`, by their paths in the order of bytes.

    The folder `a` holds the versions of the path `a`, and the paths that begin with `a/`: between the two stand others
    such as `a.fits`, so each folder has two places in the order. Names of one folder are held at a time, not more.
    """
    names: list[str] = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:  # deleted since
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name[0] != "."]
    for place in sorted([*names, *(f"{name}/" for name in names)]):
        below = folder / place
        if place.endswith("/"):
            yield from walk(below, versions_in, above=above + place)
        else:
            yield from versions_in(below, above + place)
