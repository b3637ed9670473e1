"""Strehl ratio of a star: how high its peak is beside that of a perfect telescope's image with as much light."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from archive.errors import UsageError
from pipeline.arrays.companions import has_companion
from pipeline.arrays.filters import Filter
from pipeline.arrays.halo import ZONE_ARCSEC, Halo, fit_halo
from pipeline.arrays.peak import SIDE_PX, Peak, peak_of
from pipeline.arrays.planes import Pixels
from pipeline.arrays.psf_model import (
    Sampling,
    Telescope,
    core_fwhm_arcsec,
    legacy_half_width,
    peak_per_flux,
    reference_factor,
    share_outside,
)
from pipeline.arrays.stamp import Stamp, stamp_of

APERTURE_ARCSEC = 3.0
APERTURES_ARCSEC = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)  # over which the light is compared
SEARCH_ARCSEC = 0.3
CORE_ARCSEC = 0.1  # about the peak: no pixel here may be blank, none saturated
LOW_SIGNAL = 0.08  # relative error above which a ratio is told to be uncertain
LEAST_SIGMA = 5.0  # of the peak: of the fifty places where it is looked for, noise is as high once in 70,000 images
ROUNDING = 1e-6  # of the sky: an image without noise has none of its own
MANY_BLANKS = 0.01  # of the aperture


class StrehlWarning(StrEnum):
    """What speaks against a measurement."""

    SATURATED = "saturated"  # the true ratio is higher
    NEAR_EDGE = "near_edge"  # part of the aperture lies outside the image; its light is taken from the other side
    BLANK_PIXELS = "blank_pixels"  # more than 1 % of the aperture has no value
    LOW_SIGNAL = "low_signal"  # the error is more than 8 % of the ratio
    COMPANION = "companion"  # another star in the aperture: its light makes the ratio too low


@dataclass(frozen=True, slots=True)
class Setting:
    """What an image was taken with.

    `variance_per_count` is the noise of light: variance of a pixel over its count. It is 1 for photons counted one by
    one, 2 for those that an EMCCD multiplied, and that over n for the mean of n frames.
    """

    telescope: Telescope
    passband: Filter
    sampling: Sampling
    variance_per_count: float
    saturation_count: float | None = None

    @property
    def at_points(self) -> Sampling:
        return Sampling(self.sampling.scale_arcsec, 0.0)

    def px(self, arcsec: float) -> float:
        return arcsec / self.sampling.scale_arcsec

    @property
    def cutoff_per_rad(self) -> float:
        """Finest wave that light of the passband can make."""
        return self.telescope.primary_m / (1e-9 * min(self.passband.wavelengths_nm))


@dataclass(frozen=True, slots=True)
class StrehlRatio:
    """A ratio, 1 for a perfect image, and what it is made of. Errors are one standard deviation, of the ratio.

    `error` is the root of the squares of the three beside it: `photon_error` of the light in peak and aperture and of
    the sky's noise, `halo_error` of sky and halo as they were fitted, `spread_error` of the light found in apertures of
    1.5" to 4", which all ought to give the same. That a halo follows another law is not in it (docs/science.md).
    `legacy` is the ratio by the original archive's formula, None where its box leaves the image.
    """

    ratio: float
    error: float
    photon_error: float
    halo_error: float
    spread_error: float
    legacy: float | None
    signal_to_noise: float  # of the peak
    at_yx: tuple[float, float]  # px from zero
    flux_count: float  # of the whole star
    sky_count_px: float
    warnings: tuple[StrehlWarning, ...]


@dataclass(frozen=True, slots=True)
class _Errors:
    """Of peak and light, relative to them."""

    peak: float
    light: float
    halo: float
    spread: float

    @property
    def total(self) -> float:
        return math.hypot(self.peak, self.light, self.halo, self.spread)


def strehl_ratio(image: Pixels, setting: Setting, *, near_yx: tuple[float, float]) -> StrehlRatio:
    """Measure the Strehl ratio of the star whose peak lies within 0.3" of a place.

    The height of the peak over the star's whole light is compared with the same of a perfect telescope:
    ratio = height / light / (A Ω / λ²), A the open area and Ω the solid angle of a pixel, 1/λ² as its mean over the
    photons of the passband. The height is that of the image before the detector's pixels (`peak.peak_of`). The light
    is the sum within 3" less the sky, and outside it that of a halo which falls as r ** -11/3 (`halo.fit_halo`) and of
    what the edges of the aperture diffract.

    Parameters
    ----------
    image : (ny, nx), count; with or without its sky. At least to 4.3" from the star on most sides.
    setting : telescope, passband, sampling and noise; the scale may be the detector's or any other.
    near_yx : place to look at, px from zero.

    Returns
    -------
    Ratio and error, above 1 only by noise. A pixel that is not finite is blank: its ring about the star stands for it.
    Saturated pixels are used as they are and told of.

    Raises
    ------
    UsageError : a pixel within 0.1" of the peak is blank; the peak is not five standard deviations above the sky, or
        there is no light; too little sky.

    References
    ----------
    Roberts et al. 2004, Proc. SPIE 5490, 504. Law et al. 2014, ApJ 791, 35 (the instrument).
    """
    stamp, peak = _found(image, setting, near_yx)
    edge_share_px = share_outside(setting.telescope, setting.passband, setting.sampling.scale_arcsec)
    halo = fit_halo(
        stamp,
        scale_arcsec=setting.sampling.scale_arcsec,
        aperture_px=setting.px(APERTURE_ARCSEC),
        edge_share_px=edge_share_px,
    )
    flux = halo.total(stamp, setting.px(APERTURE_ARCSEC))
    height = peak.height - halo.sky
    peak_sigma = _sigma_of(peak, stamp, halo, setting)
    if not (flux > 0 and height > max(LEAST_SIGMA * peak_sigma, ROUNDING * abs(halo.sky))):
        raise UsageError(f"There is no star at y={near_yx[0]:.1f}, x={near_yx[1]:.1f}: no light above the sky.")
    ratio = height / flux / peak_per_flux(setting.telescope, setting.passband, setting.at_points)
    errors = _errors(stamp, halo, setting, flux=flux, of_peak=peak_sigma / height)
    return StrehlRatio(
        ratio=ratio,
        error=ratio * errors.total,
        photon_error=ratio * math.hypot(errors.peak, errors.light),
        halo_error=ratio * errors.halo,
        spread_error=ratio * errors.spread,
        legacy=strehl_legacy(image, setting, near_yx=stamp.at_yx),
        signal_to_noise=1 / errors.peak,
        at_yx=stamp.at_yx,
        flux_count=flux,
        sky_count_px=halo.sky,
        warnings=_warnings(stamp, setting, relative_error=errors.total),
    )


def strehl_legacy(image: Pixels, setting: Setting, *, near_yx: tuple[float, float]) -> float | None:
    """Strehl ratio as the original archive computed it, for comparison with papers that used it.

    The brightest pixel over the sum of a box of 3", over the same of a perfect image sampled at points
    (`psf_model.reference_factor`). Sky, the pixel and the halo outside the box are left out, so that it is -7 to +2 %
    off where the sky is gone, and half the truth where it is not. None where the box leaves the image, holds a blank
    pixel, or no light.
    """
    scale_arcsec = setting.sampling.scale_arcsec
    half = legacy_half_width(scale_arcsec)
    search = stamp_of(image, at_yx=near_yx, half_px=math.ceil(setting.px(SEARCH_ARCSEC)))
    brightest = np.unravel_index(int(np.where(search.has_value, search.values, -np.inf).argmax()), search.values.shape)
    y, x = (int(place) + corner for place, corner in zip(brightest, search.corner_yx, strict=True))
    box = image[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1].astype(np.float64)
    if box.shape != (2 * half + 1, 2 * half + 1) or not np.isfinite(box).all() or not box.sum() > 0:
        return None
    factor = reference_factor(setting.telescope, setting.passband, scale_arcsec)
    return float(image[y, x] / box.sum() / factor)


def _found(image: Pixels, setting: Setting, near_yx: tuple[float, float]) -> tuple[Stamp, Peak]:
    """The star's peak, and a stamp about it as far as the halo is fitted.

    The place to look at may be some pixels off, and with it the rings that fill blanks: the second look is at the peak.
    """
    stamp, first = _look(image, setting, near_yx, search_arcsec=SEARCH_ARCSEC)
    at_yx = (first.at_yx[0] + stamp.corner_yx[0], first.at_yx[1] + stamp.corner_yx[1])
    stamp, peak = _look(image, setting, at_yx, search_arcsec=CORE_ARCSEC)
    core = stamp.radius_px <= setting.px(CORE_ARCSEC)
    if not stamp.has_value[core].all():
        raise UsageError(f"A pixel of the star's core at y={at_yx[0]:.1f}, x={at_yx[1]:.1f} has no value.")
    return stamp, peak


def _look(image: Pixels, setting: Setting, at_yx: tuple[float, float], *, search_arcsec: float) -> tuple[Stamp, Peak]:
    half_px = max(math.ceil(setting.px(ZONE_ARCSEC[1])) + 1, SIDE_PX // 2)
    stamp = stamp_of(image, at_yx=at_yx, half_px=half_px)
    peak = peak_of(
        stamp.values,
        near_yx=stamp.centre_yx,
        search_px=setting.px(search_arcsec),
        sampling=setting.sampling,
        cutoff_per_rad=setting.cutoff_per_rad,
    )
    return stamp, peak


def _sigma_of(peak: Peak, stamp: Stamp, halo: Halo, setting: Setting) -> float:
    """Standard deviation of the peak's height."""
    light = stamp.values - halo.sky
    return math.sqrt(peak.variance(light, per_count=setting.variance_per_count, of_sky=halo.pixel_variance))


def _errors(stamp: Stamp, halo: Halo, setting: Setting, *, flux: float, of_peak: float) -> _Errors:
    per_count = setting.variance_per_count
    light, fitted = halo.variance(stamp, setting.px(APERTURE_ARCSEC), variance_per_count=per_count)
    totals = [halo.total(stamp, setting.px(aperture)) for aperture in APERTURES_ARCSEC]
    return _Errors(
        peak=of_peak,
        light=math.sqrt(light) / flux,
        halo=math.sqrt(fitted) / flux,
        spread=float(np.std(totals)) / flux,
    )


def _warnings(stamp: Stamp, setting: Setting, *, relative_error: float) -> tuple[StrehlWarning, ...]:
    radius = stamp.radius_px
    aperture, core = radius <= setting.px(APERTURE_ARCSEC), radius <= setting.px(CORE_ARCSEC)
    blank = stamp.inside & ~stamp.has_value
    full = setting.saturation_count is not None and (stamp.values[core] >= setting.saturation_count).any()
    found = {
        StrehlWarning.SATURATED: bool(full),
        StrehlWarning.NEAR_EDGE: not stamp.inside[aperture].all(),
        StrehlWarning.BLANK_PIXELS: blank[aperture].mean() > MANY_BLANKS,
        StrehlWarning.LOW_SIGNAL: relative_error > LOW_SIGNAL,
        StrehlWarning.COMPANION: has_companion(
            stamp,
            scale_arcsec=setting.sampling.scale_arcsec,
            core_fwhm_arcsec=core_fwhm_arcsec(setting.telescope, setting.passband),
        ),
    }
    return tuple(warning for warning, holds in found.items() if holds)
