"""Light in apertures, the sky around a star, and where its middle is."""

from dataclasses import dataclass

import numpy as np
from astropy.stats import sigma_clip
from numpy.typing import NDArray
from photutils.aperture import CircularAnnulus, CircularAperture

from archive.errors import UsageError
from pipeline.arrays.planes import Pixels

Mask = NDArray[np.bool_]

CLIP_SIGMA = 3.0
MEDIAN_TO_MEAN = np.pi / 2  # variance of the median of normal values over that of their mean
CENTROID_PASSES = 20
STILL_PX = 1e-3


@dataclass(frozen=True, slots=True)
class Sum:
    """Counts in an aperture, and how many pixels of it have a value (a pixel that it cuts counts by its share)."""

    count: float
    area_px: float


@dataclass(frozen=True, slots=True)
class Sky:
    """Counts a pixel around a star: median, scatter of single pixels, and error of the median."""

    level: float
    sigma: float
    level_error: float
    n_px: int


@dataclass(frozen=True, slots=True)
class Flux:
    """Counts of a star above its sky, one standard deviation, and the sky."""

    count: float
    error: float
    sky: Sky


def aperture_sum(image: Pixels, *, at_yx: tuple[float, float], radius_px: float) -> Sum:
    """Sum of (ny, nx) in a circle, pixels that its edge cuts by their share of area.

    Pixels that are not finite, and what lies outside the image, are left out of sum and area. Saturated ones are used.
    """
    aperture = CircularAperture((at_yx[1], at_yx[0]), radius_px)
    blank = ~np.isfinite(image)
    # Blanks are zeroes: photutils would multiply their NaN by the mask.
    (count,), _ = aperture.do_photometry(np.where(blank, 0.0, image))
    (area,), _ = aperture.do_photometry((~blank).astype(np.float64))
    return Sum(float(count), float(area))


def sky_annulus(image: Pixels, *, at_yx: tuple[float, float], inner_px: float, outer_px: float) -> Sky:
    """Sky in a ring of (ny, nx) about a star, by the pixels whose middle lies in it.

    Values more than 3 sigma from the median are clipped until none is. Pixels that are not finite are left out.
    Raises UsageError if no pixel is left. The error holds for pixels that are independent of each other.
    """
    ring = CircularAnnulus((at_yx[1], at_yx[0]), inner_px, outer_px).to_mask(method="center")
    values = ring.get_values(image.astype(np.float64))
    values = values[np.isfinite(values)]
    if values.size == 0:
        raise UsageError(f"There is no sky with a value {inner_px:.0f} to {outer_px:.0f} px from the star.")
    kept = sigma_clip(values, sigma=CLIP_SIGMA, maxiters=None, masked=False)
    sigma = float(np.std(kept))
    return Sky(float(np.median(kept)), sigma, sigma * float(np.sqrt(MEDIAN_TO_MEAN / kept.size)), int(kept.size))


def star_flux(
    image: Pixels,
    *,
    at_yx: tuple[float, float],
    radius_px: float,
    sky_px: tuple[float, float],
    variance_per_count: float,
) -> Flux:
    """Light of a star in a circle less its sky, of a ring from `sky_px[0]` to `sky_px[1]`.

    `variance_per_count` is the variance of a pixel's light over its count: 1 for photons, 2 behind an EMCCD.
    Of an aperture that is partly blank or outside the image the part with values is given, without completing it.
    """
    sky = sky_annulus(image, at_yx=at_yx, inner_px=sky_px[0], outer_px=sky_px[1])
    held = aperture_sum(image, at_yx=at_yx, radius_px=radius_px)
    count = held.count - sky.level * held.area_px
    variance = variance_per_count * max(count, 0.0) + held.area_px * sky.sigma**2
    variance += (held.area_px * sky.level_error) ** 2
    return Flux(count, float(np.sqrt(variance)), sky)


def centroid(image: Pixels, *, near_yx: tuple[float, float], radius_px: float, sky: float = 0.0) -> tuple[float, float]:
    """Middle of the light within a circle that follows it, px from zero.

    The circle starts at `near_yx` and moves to the mean place of the light in it until it stays. Pixels that are not
    finite, and those below the sky, weigh nothing. Raises UsageError if there is no light, or the circle leaves the
    image. Saturated pixels are used: a flat top has its middle where the star has.
    """
    light = np.where(np.isfinite(image), image - sky, 0.0)
    light = np.maximum(light, 0.0)
    at_y, at_x = near_yx
    for _ in range(CENTROID_PASSES):
        weights, y, x = _in_circle(light, (at_y, at_x), radius_px)
        total = weights.sum()
        if not total > 0:
            raise UsageError(f"There is no light within {radius_px:.0f} px of y={near_yx[0]:.1f}, x={near_yx[1]:.1f}.")
        new_y, new_x = float((weights * y).sum() / total), float((weights * x).sum() / total)
        moved = np.hypot(new_y - at_y, new_x - at_x)
        at_y, at_x = new_y, new_x
        if moved < STILL_PX:
            break
    return at_y, at_x


def _in_circle(
    light: NDArray[np.float64], at_yx: tuple[float, float], radius_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Weights of the pixels in a circle, by their share in it, and their places."""
    mask = CircularAperture((at_yx[1], at_yx[0]), radius_px).to_mask()
    slices, of_mask = mask.get_overlap_slices(light.shape)
    if slices is None:
        raise UsageError(f"The circle about y={at_yx[0]:.1f}, x={at_yx[1]:.1f} lies outside the image.")
    y, x = np.mgrid[slices].astype(np.float64)
    return light[slices] * mask.data[of_mask], y, x
