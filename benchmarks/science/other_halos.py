"""Strehl ratios where the halo is not what the fit takes it for: other laws, a wide filter, another star near."""

from collections.abc import Iterator

import numpy as np

from benchmarks.science.figures import Figure, bias_and_scatter, within
from benchmarks.science.stars import AT_ONE_WAVELENGTH, CORRECTED, OPTICS, corrected, stars
from pipeline.arrays.filters import Filter
from pipeline.arrays.strehl import StrehlRatio, StrehlWarning, strehl_ratio
from pipeline.simulation.halo import exponential_halo_psf, moffat_halo_psf
from pipeline.simulation.phase import Residual
from pipeline.simulation.polychromatic import LP600_NM, wide_psf
from pipeline.simulation.psf import FinePsf
from pipeline.simulation.star import Companion

FLUX_ELECTRON = 1e6
REPEATS = 20
CORE_SHARE = 0.2
# Wider ones are seeing halos, not those of a corrected star: their error is told all the same.
EXPONENTIAL_ARCSEC = (0.2, 0.3, 0.5)
MOFFAT_FWHM_ARCSEC = (0.6, 1.2)
COMPANIONS = ((0.5, 1.0), (0.5, 3.0), (1.0, 3.0), (1.0, 4.0))  # arcsec, magnitudes


def measure() -> Iterator[Figure]:
    for scale_arcsec in EXPONENTIAL_ARCSEC:
        psf = exponential_halo_psf(OPTICS, core_share=CORE_SHARE, scale_arcsec=scale_arcsec)
        yield from _row(f'exponential halo of scale {scale_arcsec}"', psf)
    for fwhm_arcsec in MOFFAT_FWHM_ARCSEC:
        psf = moffat_halo_psf(OPTICS, core_share=CORE_SHARE, fwhm_arcsec=fwhm_arcsec)
        yield from _row(f'Moffat halo, beta 2.5, {fwhm_arcsec}" wide', psf)
    yield from _wide_filter()
    yield from _companions()


def _row(name: str, psf: FinePsf) -> Iterator[Figure]:
    found = _ratios(psf)
    relative = [result.ratio / psf.strehl - 1 for result in found]
    yield from bias_and_scatter(name, relative, note=f"true {psf.strehl:.4f}, {_stated(found)}")


def _wide_filter() -> Iterator[Figure]:
    """Five wavelengths alike, as they are simulated, are the filter that the estimator is given."""
    share = 1 / len(LP600_NM)
    passband = Filter("lp600, flat", float(np.mean(LP600_NM)), LP600_NM, (share,) * len(LP600_NM))
    air = CORRECTED[1]
    wide = wide_psf(OPTICS, Residual(air.seeing_arcsec, air.leak), n_speckle=60, rng=np.random.default_rng(1))
    found = _ratios(wide.psf, passband=passband)
    relative = [result.ratio / wide.psf.strehl - 1 for result in found]
    yield from bias_and_scatter(
        "lp600, 600 to 1000 nm at once", relative, bias=within(3), note=f"true {wide.psf.strehl:.4f}, {_stated(found)}"
    )


def _companions() -> Iterator[Figure]:
    psf = corrected(CORRECTED[2], seed=0)
    for separation_arcsec, delta_mag in COMPANIONS:
        found = _ratios(psf, companions=(Companion(separation_arcsec, 40.0, delta_mag),))
        warned = np.mean([StrehlWarning.COMPANION in result.warnings for result in found])
        yield bias_and_scatter(
            f'companion at {separation_arcsec}", {delta_mag:g} mag fainter',
            [result.ratio / psf.strehl - 1 for result in found],
            note=f"its light is {100 * 10 ** (-0.4 * delta_mag):.1f} %; warned of in {100 * warned:.0f} %",
        )[0]


def _ratios(
    psf: FinePsf, *, passband: Filter = AT_ONE_WAVELENGTH, companions: tuple[Companion, ...] = ()
) -> list[StrehlRatio]:
    images = stars(psf, flux_electron=FLUX_ELECTRON, count=REPEATS, seed=7, passband=passband, companions=companions)
    return [strehl_ratio(star.image, star.setting, near_yx=star.at_yx) for star in images]


def _stated(found: list[StrehlRatio]) -> str:
    return f"stated error {100 * np.mean([result.error / result.ratio for result in found]):.2g} %"
