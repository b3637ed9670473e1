"""Sources in an image, and which of them is the star that was pointed at."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.stats import sigma_clipped_stats
from photutils.segmentation import SourceCatalog, detect_sources
from photutils.utils.exceptions import NoDetectionsWarning

from archive.errors import UsageError
from pipeline.arrays.planes import Pixels

THRESHOLD_SIGMA = 5.0
MIN_AREA_PX = 8
TOO_MANY = 30
WIDEST = 10
CENTRE_SIGMA_PX = 512.0
LOG_LOG_FWHM, LOG_LOG_SIGMA = 1.27, 0.17  # a width of 35 px is likeliest


@dataclass(frozen=True, slots=True)
class Source:
    """Pixels above the sky that touch each other. Axes are one sigma of their light, widths full at half maximum."""

    y_px: float
    x_px: float
    flux_count: float
    fwhm_px: float
    semimajor_px: float
    semiminor_px: float
    area_px: int

    @property
    def at_yx(self) -> tuple[float, float]:
        return self.y_px, self.x_px


def find_sources(
    image: Pixels, *, threshold_sigma: float = THRESHOLD_SIGMA, min_area_px: int = MIN_AREA_PX
) -> tuple[Source, ...]:
    """Find what stands `threshold_sigma` above the sky of (ny, nx) in at least `min_area_px` touching pixels.

    Sky and sigma are those of the whole image, clipped at 3 sigma. Brightest first; equal ones by place. Pixels that
    are not finite are left out; saturated ones belong to their star.
    """
    blank = ~np.isfinite(image)
    if blank.all():
        return ()
    pixels = np.where(blank, 0.0, image)
    _, sky, sigma = sigma_clipped_stats(pixels, mask=blank, sigma=3.0, maxiters=10)
    above = pixels - sky
    threshold = max(threshold_sigma * sigma, np.finfo(np.float64).tiny)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDetectionsWarning)  # to find nothing is an answer
        segments = detect_sources(above, threshold, min_area_px, mask=blank)
    return () if segments is None else _listed(SourceCatalog(above, segments, mask=blank))


def score(source: Source, *, among: Sequence[Source], centre_yx: tuple[float, float]) -> float:
    """How likely a source is the target, 0 to 1, by the original archive's rule.

    Mean of three: exp(-(ln ln FWHM - 1.27)² / (2 · 0.17²)); exp(-r² / (2 · 512²)), r px from `centre_yx`; the mean of
    both axes over the longest of those `among` which it is. 0 for a width of 1 px or less. The original had r from
    pixel (1024, 1024) whatever the image: here the caller says where the middle is.
    """
    if source.fwhm_px <= 1:
        return 0.0
    by_width = np.exp(-((np.log(np.log(source.fwhm_px)) - LOG_LOG_FWHM) ** 2) / (2 * LOG_LOG_SIGMA**2))
    distance = np.hypot(source.y_px - centre_yx[0], source.x_px - centre_yx[1])
    by_place = np.exp(-(distance**2) / (2 * CENTRE_SIGMA_PX**2))
    by_axes = (
        source.semimajor_px / max(other.semimajor_px for other in among)
        + source.semiminor_px / max(other.semiminor_px for other in among)
    ) / 2
    return float(np.mean([by_width, by_place, by_axes]))


def target_of(image: Pixels, *, centre_yx: tuple[float, float], min_area_px: int = MIN_AREA_PX) -> tuple[float, float]:
    """Place of the target in (ny, nx), px from zero: the best of the ten widest sources by `score`.

    Where there is no source, or 30 and more (noise), it is the brightest pixel. The faint pipeline of the original took
    a `min_area_px` of 10. Raises UsageError if no pixel has a value.
    """
    found = find_sources(image, min_area_px=min_area_px)
    if not found or len(found) >= TOO_MANY:
        return brightest_pixel(image)
    widest = sorted(found, key=lambda source: -source.fwhm_px)[:WIDEST]
    return max(widest, key=lambda source: score(source, among=widest, centre_yx=centre_yx)).at_yx


def brightest_pixel(image: Pixels) -> tuple[float, float]:
    """Place of the highest finite value, the first of equal ones. Raises UsageError if there is none."""
    finite = np.isfinite(image)
    if not finite.any():
        raise UsageError("No pixel of the image has a value.")
    y, x = np.unravel_index(int(np.where(finite, image, -np.inf).argmax()), image.shape)
    return float(y), float(x)


def _listed(catalogue: SourceCatalog) -> tuple[Source, ...]:
    columns = (
        catalogue.y_centroid,
        catalogue.x_centroid,
        catalogue.segment_flux,
        catalogue.fwhm.value,
        catalogue.semimajor_axis.value,
        catalogue.semiminor_axis.value,
        catalogue.segment_area.value,
    )
    rows = zip(*(np.atleast_1d(column).tolist() for column in columns), strict=True)
    found = (Source(y, x, flux, fwhm, major, minor, int(area)) for y, x, flux, fwhm, major, minor, area in rows)
    return tuple(sorted(found, key=lambda source: (-source.flux_count, source.at_yx)))
