"""Strehl ratios of stars behind a simulated adaptive mirror; truth is the peak of the noiseless mean image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.science.figures import Figure, Range, at_most, bias_and_scatter, within
from benchmarks.science.stars import BADLY_CORRECTED, CORRECTED, SKY_SHARE, Air, corrected, stars
from pipeline.arrays.strehl import StrehlRatio, StrehlWarning, strehl_ratio

REALISATIONS, REPEATS = 3, 8  # of the air; of noise and place in the pixel, in each
AIMS = {1e7: (within(3), at_most(2)), 1e6: (within(3), at_most(2)), 1e5: (within(5), at_most(8))}
AIMS_BADLY = {1e6: (within(6), at_most(4))}
LEGACY_AIM = Range(-7, 2)
WIDE_FIELD = 1024  # samples of the fine image: 18"


@dataclass(frozen=True, slots=True)
class Measured:
    """Many measurements of one star, each with its truth."""

    results: Sequence[StrehlRatio]
    truths: Sequence[float]

    @property
    def relative(self) -> list[float]:
        return [result.ratio / truth - 1 for result, truth in zip(self.results, self.truths, strict=True)]

    @property
    def quoted_error(self) -> float:
        """Mean of the errors that the results state, relative to their ratio."""
        return float(np.mean([result.error / result.ratio for result in self.results]))

    def share_with(self, warning: StrehlWarning) -> float:
        return float(np.mean([warning in result.warnings for result in self.results]))


def measured(
    air: Air, *, flux_electron: float, times: int = 2, n: int = 512, realisations: int = REALISATIONS
) -> Measured:
    results, truths = [], []
    for seed in range(realisations):
        psf = corrected(air, seed=seed, n=n)
        for star in stars(psf, flux_electron=flux_electron, count=REPEATS, seed=seed, times=times):
            results.append(strehl_ratio(star.image, star.setting, near_yx=star.at_yx))
            truths.append(psf.strehl)
    return Measured(results, truths)


def measure() -> Iterator[Figure]:
    for air in (*CORRECTED, BADLY_CORRECTED):
        aims = AIMS_BADLY if air is BADLY_CORRECTED else AIMS
        for flux_electron in (1e7, 1e6, 1e5, 3e4):
            yield from _row(air, flux_electron, *aims.get(flux_electron, (None, None)))
    for air in CORRECTED[1::2]:
        found = measured(air, flux_electron=1e6, times=1)
        name = f"S {air.about}, 1e+06 e-, detector's grid"
        yield from bias_and_scatter(name, found.relative, bias=within(3), scatter=at_most(2))
    for air in (CORRECTED[1], BADLY_CORRECTED):
        found = measured(air, flux_electron=1e6, n=WIDE_FIELD, realisations=1)
        yield bias_and_scatter(f'S {air.about}, 1e+06 e-, in a field of 18"', found.relative)[0]
    yield from _legacy()


def _row(air: Air, flux_electron: float, bias: Range | None, scatter: Range | None) -> Iterator[Figure]:
    found = measured(air, flux_electron=flux_electron)
    name = f"S {air.about}, {flux_electron:.0e} e-"
    note = f"true {np.mean(found.truths):.4f}, stated error {100 * found.quoted_error:.2g} %"
    if low := found.share_with(StrehlWarning.LOW_SIGNAL):
        note += f", low_signal in {100 * low:.0f} %"
    yield from bias_and_scatter(name, found.relative, bias=bias, scatter=scatter, note=note)
    pulls = [
        (result.ratio - (1 + np.mean(found.relative)) * truth) / result.error
        for result, truth in zip(found.results, found.truths, strict=True)
    ]
    yield Figure(f"{name}: scatter over stated error", float(np.std(pulls, ddof=1)), "", Range(0.5, 1.5))


def _legacy() -> Iterator[Figure]:
    """The original's formula on images without sky, and with 2 electrons of it a pixel where the star has 20,000.

    It takes the brightest pixel as it is, so that it matters where in its pixel the star lies.
    """
    cases = (
        ("on a pixel, without sky", 0.0, 0.0),
        ("anywhere, without sky", 0.0, 0.5),
        ("anywhere, sky left in", SKY_SHARE, 0.5),
    )
    for air in (*CORRECTED, BADLY_CORRECTED):
        psf = corrected(air, seed=0)
        for name, sky_share, off_px in cases:
            images = stars(psf, flux_electron=1e7, count=REPEATS, seed=0, sky_share=sky_share, off_px=off_px)
            ratios = [strehl_ratio(star.image, star.setting, near_yx=star.at_yx).legacy for star in images]
            relative = [ratio / psf.strehl - 1 for ratio in ratios if ratio is not None]
            aim = LEGACY_AIM if off_px == 0 and air in CORRECTED else None
            yield bias_and_scatter(f"legacy formula, S {air.about}, {name}", relative, bias=aim)[0]
