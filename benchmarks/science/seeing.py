"""Seeing by stars behind Kolmogorov turbulence; truth is the noiseless image, and the air that made it."""

from collections.abc import Iterator

import numpy as np

from benchmarks.science.figures import Figure, Range, bias_and_scatter, within
from benchmarks.science.stars import OPTICS, PIXEL_ARCSEC, TELESCOPE, stars
from pipeline.arrays.seeing import measure_seeing
from pipeline.simulation.psf import FinePsf
from pipeline.simulation.seeing import fwhm_arcsec, seeing_image

SEEING_ARCSEC = (0.8, 1.2, 1.6, 2.2)
FLUXES_ELECTRON = (1e5, 1e6)
REPEATS = 20


def measure() -> Iterator[Figure]:
    for seeing_arcsec in SEEING_ARCSEC:
        image = seeing_image(OPTICS, seeing_arcsec=seeing_arcsec)
        seen_arcsec = fwhm_arcsec(image, OPTICS)
        for flux_electron in FLUXES_ELECTRON:
            found = [
                measure_seeing(
                    star.image,
                    near_yx=star.at_yx,
                    scale_arcsec=PIXEL_ARCSEC,
                    wavelength_nm=OPTICS.wavelength_nm,
                    telescope=TELESCOPE,
                    zenith_distance_deg=0.0,
                )
                for star in stars(FinePsf(image, 0.0), flux_electron=flux_electron, count=REPEATS, seed=17, times=1)
            ]
            name = f'seeing {seeing_arcsec}", {flux_electron:.0e} e-'
            moffat = [each.fwhm_arcsec / seen_arcsec - 1 for each in found]
            stated = np.mean([each.fwhm_error_arcsec / each.fwhm_arcsec for each in found])
            note = f'true {seen_arcsec:.4f}", stated error {100 * stated:.2g} %'
            yield from bias_and_scatter(f"{name}, Moffat as seen", moffat, bias=within(3), note=note)
            pull = np.std(moffat, ddof=1) / stated
            yield Figure(f"{name}, Moffat: scatter over stated error", float(pull), "", Range(0.5, 1.5))
            gaussian = [(each.gaussian_fwhm_arcsec or np.nan) / seen_arcsec - 1 for each in found]
            yield bias_and_scatter(f"{name}, Gaussian as seen", gaussian, bias=within(6))[0]
            air = [(each.zenith_500nm_arcsec or np.nan) / seeing_arcsec - 1 for each in found]
            yield bias_and_scatter(f"{name}, of the air at 500 nm", air, bias=within(3))[0]
