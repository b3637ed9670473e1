"""Companions put in at the five-sigma limit: every second one ought to be found."""

from collections.abc import Iterator

import numpy as np

from benchmarks.science.figures import Figure, Range
from benchmarks.science.library import FILTERS, SCALE_ARCSEC, library, setting
from pipeline.arrays.high_contrast.analysis import analyse
from pipeline.arrays.high_contrast.injection import inject_and_recover

AT_ARCSEC = (0.3, 0.5, 0.8, 1.1)
N_ANGLES = 12
N_STARS = 3


def measure() -> Iterator[Figure]:
    stars, _ = library()
    for highpass in FILTERS:
        shares = []
        for number in range(N_STARS):
            references = np.delete(stars, number, axis=0)
            curve = analyse(stars[number], references, setting(highpass)).curve
            for separation in AT_ARCSEC:
                flux = 10 ** (-0.4 * curve.delta_mag_at(separation / SCALE_ARCSEC))
                recovered = inject_and_recover(
                    stars[number],
                    references,
                    setting(highpass),
                    separation_px=separation / SCALE_ARCSEC,
                    flux=flux,
                    angles_deg=np.arange(N_ANGLES) * 360 / N_ANGLES,
                )
                shares += [each.share for each in recovered]
        name = f"{highpass}, {len(shares)} companions at the limit"
        found = float(np.mean(np.array(shares) >= 1))
        yield Figure(f"{name}: found", found, "", Range(0.35, 0.65))
        yield Figure(f"{name}: median t over its threshold", float(np.median(shares)), "", Range(0.9, 1.1))
