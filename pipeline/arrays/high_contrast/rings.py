"""The star's light in one ring of many frames, each told by those in which the field has turned far enough.

References
----------
Soummer, Pueyo & Larkin 2012, ApJ 755, L28 (KLIP); Marois et al. 2006, ApJ 641, 556 (angular differential imaging);
Pueyo 2016, ApJ 824, 117 (what a companion changes of the patterns themselves).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.high_contrast.geometry import Mask, Zone
from pipeline.arrays.high_contrast.pca import LEAST_SHARE, centred
from pipeline.arrays.high_contrast.references import FEWEST

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Basis:
    """What tells one frame: the frames it is told by, and all eigenvectors (columns) of their products."""

    frames: NDArray[np.intp]  # (r,)
    power: Floats  # (r,), the strongest first
    mixed: Floats  # (r, r)
    components: int

    @property
    def inverse(self) -> Floats:
        """One over the powers (r,) of the patterns that are used, zero of the others."""
        inverse = np.zeros(len(self.power))
        inverse[: self.components] = 1 / self.power[: self.components]
        return inverse

    @property
    def differences(self) -> Floats:
        """Divided differences (r, r) of `inverse` over the powers; of a used pattern with itself its derivative."""
        inverse, power, k = self.inverse, self.power, self.components
        apart = power[:, np.newaxis] - power[np.newaxis]
        divided = np.divide(
            inverse[:, np.newaxis] - inverse[np.newaxis], apart, out=np.zeros_like(apart), where=apart != 0
        )
        divided[:k, :k] = -np.outer(inverse[:k], inverse[:k])
        return divided


def enough_rotation(angles_deg: Floats, radius_px: float, *, least_px: float) -> NDArray[np.bool_]:
    """Which frames (n, n) show a companion at a distance from the star so far from where another one shows it."""
    between = np.radians(angles_deg[:, np.newaxis] - angles_deg[np.newaxis])
    far: NDArray[np.bool_] = 2 * radius_px * np.abs(np.sin(between / 2)) >= least_px
    return far


class Ring:
    """One ring of a cube (n, ny, nx) whose frames are told by `components` patterns of others.

    `may_tell` (n, n) says of each frame (row) which others may tell it. Frames that fewer than three may tell are left
    out, and so are their pixels. The residual is linear in what is added to a frame only as far as it does not change
    the patterns; `response` follows both, to first order.
    """

    def __init__(self, cube: Floats, zone: Zone, may_tell: NDArray[np.bool_], *, components: int) -> None:
        self.zone = zone
        self.mask: Mask = zone.mask(cube.shape)
        self._blank = ~np.isfinite(cube[:, self.mask])
        self._values = centred(cube[:, self.mask])
        self._products = self._values @ self._values.T
        self._bases = [self._basis(np.flatnonzero(row), components) for row in may_tell]

    @property
    def is_told(self) -> NDArray[np.bool_]:
        """Which frames (n,) have a residual."""
        return np.array([basis is not None for basis in self._bases])

    def residual(self) -> Floats:
        """What is left (n, m) of each frame's m pixels; NaN of frames that are not told, and where they are blank."""
        left = np.full(self._values.shape, np.nan)
        for number, basis in enumerate(self._bases):
            if basis is not None:
                along = basis.mixed.T @ self._products[basis.frames, number]
                weights = basis.mixed @ (basis.inverse * along)
                left[number] = self._values[number] - weights @ self._values[basis.frames]
        left[self._blank] = np.nan
        return left

    def response(self, added: Floats) -> Floats:
        """What the residual (n, m) gains by a small unit of a cube (n, ny, nx) that is added to the frames.

        The patterns' own light of it is followed too: a companion takes from itself through the frames in which it
        stands elsewhere.
        """
        gained = np.where(self._blank, 0.0, added[:, self.mask])
        gained = np.where(self._blank, 0.0, gained - gained.sum(axis=1, keepdims=True) / self._n_seen())
        products = gained @ self._values.T
        products = products + products.T
        result = np.full(gained.shape, np.nan)
        for number, basis in enumerate(self._bases):
            if basis is not None:
                weights, change = self._weights_of(number, basis, products)
                frames = basis.frames
                result[number] = gained[number] - weights @ gained[frames] - change @ self._values[frames]
        return result

    def _weights_of(self, number: int, basis: _Basis, products: Floats) -> tuple[Floats, Floats]:
        """Weights (r,) of the frames that tell one, and their change with the change of all inner products (n, n).

        The change of a cut inverse is the divided difference of what it makes of each pair of eigenvalues.
        """
        frames, mixed = basis.frames, basis.mixed
        along = mixed.T @ self._products[frames, number]
        mixture = mixed.T @ products[np.ix_(frames, frames)] @ mixed
        change = (basis.differences * mixture) @ along + basis.inverse * (mixed.T @ products[frames, number])
        return mixed @ (basis.inverse * along), mixed @ change

    def _basis(self, frames: NDArray[np.intp], components: int) -> _Basis | None:
        if len(frames) < FEWEST:
            return None
        power, mixed = np.linalg.eigh(self._products[np.ix_(frames, frames)])
        power, mixed = power[::-1], mixed[:, ::-1]
        strong = int(np.count_nonzero(power > LEAST_SHARE * power.max(initial=0.0)))
        return _Basis(frames, power, mixed, min(components, strong)) if strong else None

    def _n_seen(self) -> Floats:
        seen: Floats = np.maximum((~self._blank).sum(axis=1, keepdims=True), 1).astype(np.float64)
        return seen
