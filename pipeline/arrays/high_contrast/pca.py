"""The star's light as a sum of few patterns, those that its references have most in common.

References
----------
Soummer, Pueyo & Larkin 2012, ApJ 755, L28 (KLIP); Amara & Quanz 2012, MNRAS 427, 948.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.high_contrast.geometry import Mask

Floats = NDArray[np.float64]

LEAST_SHARE = 1e-10  # of the strongest pattern's power: what is weaker is rounding, and no pattern


@dataclass(frozen=True, slots=True)
class Basis:
    """Patterns (k, m) of the m pixels of a zone, the strongest first: of length 1, at right angles to each other."""

    patterns: Floats
    mask: Mask  # (ny, nx), m of them

    def first(self, components: int) -> "Basis":
        """The same with the first patterns only."""
        return Basis(self.patterns[:components], self.mask)

    def residual(self, image: Floats) -> Floats:
        """What of an image (ny, nx), or of each of a cube (n, ny, nx), no pattern tells; NaN outside the zone.

        Its mean over the zone goes too. Linear: the residual of a sum is the sum of the residuals.
        """
        values = centred(image[..., self.mask])
        left = np.full(image.shape, np.nan)
        left[..., self.mask] = values - (values @ self.patterns.T) @ self.patterns
        return left


def basis_of(references: Floats, mask: Mask) -> Basis:
    """All patterns of a cube (n, ny, nx) of references in the zone `mask`: at most n.

    Each reference counts the same, however bright it is: its mean is taken out, then its length is made 1. One without
    any light in the zone counts for nothing. Raises UsageError when none is left.
    """
    values = unit_rows(references[..., mask])
    power, mixed = np.linalg.eigh(values @ values.T)  # of n x n, where n is much less than the pixels
    strong = np.flatnonzero(power > LEAST_SHARE * power.max(initial=0.0))[::-1]
    if strong.size == 0:
        raise UsageError("No reference has light beside its star: give other references, or a larger zone.")
    return Basis((mixed[:, strong] / np.sqrt(power[strong])).T @ values, mask)


def centred(values: Floats) -> Floats:
    """Rows (…, m) less their mean; blanks become zero, which is then their mean."""
    has_value = np.isfinite(values)
    filled = np.where(has_value, values, 0.0)
    mean = filled.sum(axis=-1, keepdims=True) / np.maximum(has_value.sum(axis=-1, keepdims=True), 1)
    result: Floats = np.where(has_value, filled - mean, 0.0)
    return result


def unit_rows(values: Floats) -> Floats:
    """Rows (n, m) less their mean, of length 1, or 0 where there is nothing."""
    rows = centred(values)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Floats = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit
