"""The perfect image by formula, beside the original archive's published factors (its public configuration file)."""

from collections.abc import Iterator

from benchmarks.science.figures import Figure, Range, within
from pipeline.arrays.filters import KNOWN_FILTERS
from pipeline.arrays.psf_model import Telescope, pixel_loss, reference_factor

KITT_PEAK, PALOMAR = Telescope(1.85, 0.879), Telescope(1.524, 0.578)
SCALES_2X_ARCSEC = {KITT_PEAK: 0.0175797, PALOMAR: 0.0215}
PIXEL_ARCSEC = 0.0351594
PUBLISHED = {
    "Sg": {KITT_PEAK: 0.06504, PALOMAR: 0.07516},
    "Sr": {KITT_PEAK: 0.03938, PALOMAR: 0.04489},
    "Si": {KITT_PEAK: 0.02660, PALOMAR: 0.03013},
    "Sz": {KITT_PEAK: 0.01950, PALOMAR: 0.02201},
    "lp600": {KITT_PEAK: 0.02990, PALOMAR: 0.03394},
}
NAMES = {KITT_PEAK: "Kitt Peak", PALOMAR: "Palomar"}


def measure() -> Iterator[Figure]:
    for filter_name, factors in PUBLISHED.items():
        for telescope, published in factors.items():
            ours = reference_factor(telescope, KNOWN_FILTERS[filter_name], SCALES_2X_ARCSEC[telescope])
            yield Figure(
                f"reference factor {filter_name}, {NAMES[telescope]}: off the published one",
                100 * (ours / published - 1),
                "%",
                within(2 if filter_name == "Sg" else 1),
                f"{ours:.5f}, published {published:.5f}",
            )
    loss = 100 * pixel_loss(KITT_PEAK, KNOWN_FILTERS["Si"], PIXEL_ARCSEC)
    yield Figure("peak lost to the pixel, Kitt Peak Si", loss, "%", Range(7.8, 8.4))
