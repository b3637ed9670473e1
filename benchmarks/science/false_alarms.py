"""What is found beside stars that have nothing beside them."""

from collections.abc import Iterator

import numpy as np

from benchmarks.science.figures import Figure, at_most
from benchmarks.science.library import FILTERS, FWHM_PX, N_STARS, SCALE_ARCSEC, library, setting
from pipeline.arrays.high_contrast.analysis import analyse
from pipeline.arrays.high_contrast.detection import standing
from pipeline.arrays.high_contrast.geometry import ring_count, ring_places
from pipeline.arrays.high_contrast.noise import ApertureSums

FROM_ARCSEC, TO_ARCSEC = 0.25, 1.3


def measure() -> Iterator[Figure]:
    stars, _ = library()
    radii = np.arange(FROM_ARCSEC / SCALE_ARCSEC, TO_ARCSEC / SCALE_ARCSEC, FWHM_PX)
    for highpass in FILTERS:
        shares, told = [], 0
        for number in range(N_STARS):
            found = analyse(stars[number], np.delete(stars, number, axis=0), setting(highpass))
            told += len(found.companions)
            sums = ApertureSums(found.residual, diameter_px=FWHM_PX)
            for radius in radii:
                places = ring_places(radius, ring_count(radius, FWHM_PX))
                shares += [standing(sums, (y, x), fwhm_px=FWHM_PX).share for y, x in places]
        name = f"{highpass}, {len(shares):,} apertures without a companion"
        yield Figure(f"{name}: above the threshold", float(np.sum(np.array(shares) >= 1)), "", at_most(1))
        yield Figure(f"{name}: highest over its threshold", float(max(shares)), "")
        yield Figure(f"{highpass}, companions told of in {N_STARS} whole images", float(told), "")
