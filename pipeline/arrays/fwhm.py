"""Width of a star: a Gaussian or a Moffat function of two axes, with the sky, fitted to its pixels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from archive.errors import UsageError
from pipeline.arrays.planes import Pixels
from pipeline.arrays.stamp import stamp_of

Floats = NDArray[np.float64]
Model = Literal["gaussian", "moffat"]

BOX_PX = 100
WANDER_PX = 5.0  # of the centre, to each side
NARROWEST_PX = 0.1
BETA_START, LEAST_BETA, MOST_BETA = 3.0, 1.0, 10.0
MOST_EVALUATIONS = 200
AT_BOUND = 1e-3  # of the way between two bounds


@dataclass(frozen=True, slots=True)
class Profile:
    """A fitted star. Widths are full at half maximum, errors one standard deviation.

    `fwhm_px` is the mean of both axes; `beta` is the exponent of a Moffat function, None for a Gaussian.
    """

    model: Model
    at_yx: tuple[float, float]  # px from zero
    fwhm_px: float
    fwhm_error_px: float
    fwhm_y_px: float
    fwhm_x_px: float
    peak_count: float
    sky_count_px: float
    beta: float | None


def fit_profile(
    image: Pixels,
    *,
    model: Model,
    near_yx: tuple[float, float],
    box_px: int = BOX_PX,
    saturation_count: float | None = None,
) -> Profile:
    """Fit a star and its sky to the pixels of a box of (ny, nx) about `near_yx`.

    With q = (2y/w_y)² + (2x/w_x)² and the widths w, the star is A 2^-q, a Gaussian, or A [1 + (2^(1/β) - 1) q]^-β, a
    Moffat function with β from 1 to 10. The axes are those of the image; the centre lies within 5 px of `near_yx`, each
    width within 0.6 of the box. Least squares, all pixels alike. The error follows from the residual of each
    pixel at its place, as the noise of a star lies where its light is; that a star is no such function adds to it.

    Pixels that are not finite, and those at or above `saturation_count`, are left out. Raises UsageError if too few are
    left, or the fit ends at a bound of width or place: there is no star.

    References
    ----------
    Moffat 1969, A&A 3, 455. White 1980, Econometrica 48, 817 (errors).
    """
    box = _box(image, near_yx, box_px, saturation_count)
    start, low, high = _bounds(box, model, box_px)

    def residuals(parameters: Floats) -> Floats:
        return _model(parameters, box) - box.count

    found = optimize.least_squares(
        residuals,
        start,
        bounds=(low, high),
        x_scale=np.maximum(np.abs(start), 1.0),
        max_nfev=MOST_EVALUATIONS,
    )
    of_star = slice(1, 5)
    way = (found.x[of_star] - low[of_star]) / (high[of_star] - low[of_star])
    ends_at_bound = bool(((way < AT_BOUND) | (way > 1 - AT_BOUND)).any())
    if not found.success or ends_at_bound or not found.x[0] > 0:
        raise UsageError(f"No {model} fits what is at y={near_yx[0]:.1f}, x={near_yx[1]:.1f}: no star is there.")
    amplitude, y, x, fwhm_y, fwhm_x, sky = (float(value) for value in found.x[:6])
    try:
        fwhm_error_px = _error_of_mean_width(np.asarray(found.jac), found.fun)
    except np.linalg.LinAlgError as error:
        raise UsageError(f"Any {model} fits what is at y={near_yx[0]:.1f}, x={near_yx[1]:.1f}: it is flat.") from error
    return Profile(
        model=model,
        at_yx=(y, x),
        fwhm_px=(fwhm_y + fwhm_x) / 2,
        fwhm_error_px=fwhm_error_px,
        fwhm_y_px=fwhm_y,
        fwhm_x_px=fwhm_x,
        peak_count=amplitude,
        sky_count_px=sky,
        beta=float(found.x[6]) if model == "moffat" else None,
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Pixels that are used, in a row, and their places in the image."""

    count: Floats
    y: Floats
    x: Floats
    near_yx: tuple[float, float]


def _box(image: Pixels, near_yx: tuple[float, float], box_px: int, saturation_count: float | None) -> _Box:
    stamp = stamp_of(image, at_yx=near_yx, half_px=box_px // 2)
    used = stamp.has_value
    if saturation_count is not None:
        used &= stamp.values < saturation_count
    if used.sum() < used.size / 4:
        raise UsageError(f"Less than a quarter of the box about y={near_yx[0]:.1f}, x={near_yx[1]:.1f} has values.")
    y, x = (along + float(corner) for along, corner in zip(np.nonzero(used), stamp.corner_yx, strict=True))
    return _Box(stamp.values[used], y.astype(np.float64), x.astype(np.float64), near_yx)


def _bounds(box: _Box, model: Model, box_px: int) -> tuple[Floats, Floats, Floats]:
    """Start and limits of amplitude, place, widths, sky and exponent."""
    sky = float(np.median(box.count))
    height = max(float(box.count.max()) - sky, np.finfo(np.float64).tiny)
    # As wide as a disc of what is above half the height.
    width = float(np.clip(2 * np.sqrt((box.count - sky > height / 2).sum() / np.pi), 1.5, box_px / 4))
    y, x = box.near_yx
    start = [height, y, x, width, width, sky, BETA_START]
    low = [0.0, y - WANDER_PX, x - WANDER_PX, NARROWEST_PX, NARROWEST_PX, -np.inf, LEAST_BETA]
    high = [np.inf, y + WANDER_PX, x + WANDER_PX, 0.6 * box_px, 0.6 * box_px, np.inf, MOST_BETA]
    n_parameters = 7 if model == "moffat" else 6
    begun, lowest, highest = (np.array(values[:n_parameters]) for values in (start, low, high))
    return begun, lowest, highest


def _model(parameters: Floats, box: _Box) -> Floats:
    amplitude, y, x, fwhm_y, fwhm_x, sky = parameters[:6]
    q = (2 * (box.y - y) / fwhm_y) ** 2 + (2 * (box.x - x) / fwhm_x) ** 2
    if len(parameters) == 6:
        star = np.exp2(-q)
    else:
        beta = parameters[6]
        star = (1 + (2 ** (1 / beta) - 1) * q) ** -beta
    light: Floats = sky + amplitude * star
    return light


def _error_of_mean_width(jacobian: Floats, residual: Floats) -> float:
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    scattered = jacobian * residual[:, np.newaxis]
    covariance = inverse @ (scattered.T @ scattered) @ inverse
    return float(np.sqrt(covariance[3:5, 3:5].sum()) / 2)
