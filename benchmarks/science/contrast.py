"""Five-sigma limits beside stars of a library of forty, each told by the others."""

from collections.abc import Iterator

import numpy as np

from benchmarks.science.figures import Figure, Range
from benchmarks.science.library import FILTERS, SCALE_ARCSEC, library, setting
from pipeline.arrays.high_contrast.analysis import analyse

SPECIFIED_MAG = {0.2: 2.9, 0.3: 3.8, 0.5: 4.7, 0.75: 5.9, 1.0: 6.7, 1.3: 7.4}
MAY_DIFFER_MAG = 0.3
N_TARGETS = 20


def measure() -> Iterator[Figure]:
    stars, strehl = library()
    for highpass in FILTERS:
        found = [
            analyse(stars[number], np.delete(stars, number, axis=0), setting(highpass)) for number in range(N_TARGETS)
        ]
        note = f"{N_TARGETS} stars, S {strehl:.2f}, K {np.median([each.components for each in found]):.0f}"
        for separation, specified in SPECIFIED_MAG.items():
            limits = [each.curve.delta_mag_at(separation / SCALE_ARCSEC) for each in found]
            name = f'{highpass}, limit at {separation}" (specified {specified})'
            aim = Range(specified - MAY_DIFFER_MAG, specified + MAY_DIFFER_MAG)
            yield Figure(name, float(np.median(limits)), "mag", aim, f"{min(limits):.2f} to {max(limits):.2f}; {note}")
