"""Frames to measure with: 1 MB of noise each, under a long header. The same number gives the same bytes."""

import os
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from tests.synthetic import write_frame

SHAPE = (724, 724)  # of 16 bits: 1.05 MB
# A raw frame of the Las Cumbres Observatory has some 250 cards; those that the archive asks for are 24.
OTHER_CARDS = {f"BENCH{number:03d}": number / 7 for number in range(226)}


def basename_of(number: int) -> str:
    return f"lsc1m005-fa15-20250309-{number:04d}-e00"


def write_frames(folder: Path, numbers: Iterable[int]) -> list[Path]:
    """Write the frames of these numbers and wait until the disk has them: what follows starts from rest."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        write_frame(folder / f"{basename_of(number)}.fits", seed=number, shape=SHAPE, **OTHER_CARDS)
        for number in tqdm(numbers, desc="writing frames", unit="file", disable=None, leave=False)
    ]
    os.sync()
    return paths
