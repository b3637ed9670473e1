"""The few limits of contrast by which curves are found and compared."""

import math
from collections.abc import Sequence

import numpy as np

TOLD_AT_ARCSEC = {"delta_mag_0p5": 0.5, "delta_mag_1p0": 1.0}  # columns of ContrastCurve


def limits_told(separations_arcsec: Sequence[float], limits_mag: Sequence[float | None]) -> dict[str, float | None]:
    """Limits at the distances that are told, on straight lines between those of a curve; None beyond it."""
    limits = [math.nan if limit is None else limit for limit in limits_mag]
    return {name: _at(arcsec, separations_arcsec, limits) for name, arcsec in TOLD_AT_ARCSEC.items()}


def _at(arcsec: float, separations_arcsec: Sequence[float], limits: Sequence[float]) -> float | None:
    found = float(np.interp(arcsec, separations_arcsec, limits, left=math.nan, right=math.nan))
    return found if math.isfinite(found) else None
