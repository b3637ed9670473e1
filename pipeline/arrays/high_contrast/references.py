"""Which references are like the star, and how many patterns of them help.

Whoever calls leaves out the target itself and stars that are known to have companions: what a reference shows in its
zone is taken for the star's own light.
"""

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.high_contrast.geometry import Mask
from pipeline.arrays.high_contrast.pca import LEAST_SHARE, unit_rows

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]

FEWEST = 3


def likeness(star: Floats, references: Floats, mask: Mask) -> Floats:
    """Pearson correlation (n,) of a star's image (ny, nx) with each of a cube (n, ny, nx) in a zone, -1 to 1."""
    correlation: Floats = unit_rows(references[..., mask]) @ unit_rows(star[np.newaxis, mask])[0]
    return correlation


def most_alike(star: Floats, references: Floats, mask: Mask, *, at_most: int) -> Indexes:
    """Numbers of the references that are most like the star, the most alike first; equal ones in their order."""
    return np.argsort(-likeness(star, references, mask), kind="stable")[:at_most]


def components_by_cross_validation(references: Floats, mask: Mask, *, at_most: int) -> int:
    """How many patterns tell a star that is not among the references best, 1 to `at_most`.

    Each reference (n, ny, nx) is left out in turn and told by the patterns of the others; of the numbers of patterns
    whose unexplained share of light, averaged over the references, is within one standard error of the least, the
    smallest is taken: every further pattern also tells a part of a companion. Raises UsageError with fewer than three
    references.

    References
    ----------
    Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, 7.10 (the one-standard-error rule).
    """
    count = len(references)
    if count < FEWEST:
        raise UsageError(
            f"{count} references are too few: at least {FEWEST} are needed to see how well they tell a star."
        )
    products = (rows := unit_rows(references[..., mask])) @ rows.T
    limit = max(1, min(at_most, count - 1))
    left = np.array([_unexplained(products, number, limit) for number in range(count)])
    mean, error = left.mean(axis=0), left.std(axis=0, ddof=1) / np.sqrt(count)
    best = int(mean.argmin())
    return int(np.flatnonzero(mean <= mean[best] + error[best])[0]) + 1


def _unexplained(products: Floats, number: int, limit: int) -> Floats:
    """Share (limit,) of a reference's light that 1, 2 … patterns of the others leave, by all inner products (n, n)."""
    others = np.delete(np.arange(len(products)), number)
    power, mixed = np.linalg.eigh(products[np.ix_(others, others)])
    power, mixed = power[::-1], mixed[:, ::-1]
    along = mixed.T @ products[others, number]
    is_pattern = power > LEAST_SHARE * power[0]
    explained = np.where(is_pattern, along**2 / np.where(is_pattern, power, 1.0), 0.0)
    shares: Floats = products[number, number] - np.cumsum(explained)[:limit]
    return shares
