"""The first look at a cube: where its star is, its windows, and what each pixel usually shows."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.bad_pixels import without_gaps
from pipeline.arrays.cosmic_rays import Usual, UsualPixels
from pipeline.arrays.frames import Frames, Image, disc, shape_of
from pipeline.arrays.windows import HALF_PX, LEAST_HALF_PX, RawWindows, Windows, window_around

SAMPLE_FRAMES = 64  # enough to find a star by
STAR_PX, SURROUNDINGS_PX = 4.0, 20.0  # sigmas of the Gaussians whose difference shows stars, and no slopes


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a cube gives.

    mean : (ny, nx), electron, of all frames as they lie, the sky in it. usual : None for less than eight frames.
    """

    windows: Windows
    mean: Image
    usual: Usual | None


def survey(frames: Frames, *, lock_yx: tuple[float, float], half_px: int = HALF_PX) -> Survey:
    """Read each frame (electron) once. Raises UsageError if there is none, or the lock is too near to the edge."""
    shape = shape_of(frames)
    cut = RawWindows(window_around(shape, lock_yx=lock_yx, half_px=half_px), len(frames))
    pixels = UsualPixels(shape)
    for number in range(len(frames)):
        frame = frames[number]
        cut.add(number, frame)
        pixels.add(frame)
    usual = pixels.usual()
    return Survey(cut.finished(usual), pixels.mean(), usual)


def find_lock(
    frames: Frames, *, near_yx: tuple[float, float] | None = None, radius_px: float | None = None
) -> tuple[float, float]:
    """Find the brightest star (y, x) in the mean of up to 64 frames (electron), spread evenly over the cube.

    With `near_yx` and `radius_px`, only there. Whether it is more than noise, registration tells.
    Raises UsageError if no pixel has a value, all frames being saturated, or the search lies outside the frame.
    """
    mean = sample_mean(frames)
    shape = (mean.shape[0], mean.shape[1])
    sky = np.float32(np.nanmedian(mean))
    filled = without_gaps(mean - sky)
    shown = ndimage.gaussian_filter(filled, STAR_PX) - ndimage.gaussian_filter(filled, SURROUNDINGS_PX)
    is_searched = np.zeros(shape, dtype=bool)
    is_searched[LEAST_HALF_PX:-LEAST_HALF_PX, LEAST_HALF_PX:-LEAST_HALF_PX] = True
    if near_yx is not None and radius_px is not None:
        is_searched &= disc(shape, centre_yx=near_yx, radius_px=radius_px)
    if not is_searched.any():
        raise UsageError(
            f"A frame of {shape} pixels has nothing to search that is {LEAST_HALF_PX} pixels from its edges, "
            f"within {radius_px} pixels of {near_yx}: give another place."
        )
    y, x = np.unravel_index(np.argmax(np.where(is_searched, shown, -np.inf)), shape)
    return float(y), float(x)


def sample_mean(frames: Frames) -> Image:
    """Mean (ny, nx) of up to 64 frames, electron, each pixel without its brightest value: that may be a cosmic ray.

    Raises UsageError if no pixel has a value.
    """
    pixels = UsualPixels(shape_of(frames))
    for number in np.unique(np.linspace(0, len(frames) - 1, min(len(frames), SAMPLE_FRAMES)).round().astype(int)):
        pixels.add(frames[int(number)])
    usual = pixels.usual()
    mean = pixels.mean() if usual is None else usual.mean
    if not np.isfinite(mean).any():
        raise UsageError("No pixel of any frame has a value: all are saturated. Expose for a shorter time.")
    return mean
