"""One star in many colours at once: the same air and the same mirror, seen at each wavelength of a wide filter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.simulation.optics import Image, Optics, ideal_image, images_of, pupil_of
from pipeline.simulation.phase import Residual, draw_phases
from pipeline.simulation.psf import BATCH, FinePsf, peak_between_samples

LP600_NM = (600.0, 700.0, 800.0, 900.0, 1000.0)
REFERENCE_NM = 800.0  # at which phases are drawn
REFERENCE_N = 768  # samples of the fine image there; an even number of them at each wavelength above


@dataclass(frozen=True, slots=True)
class WidePsf:
    """A star in a wide filter, all wavelengths alike in photons."""

    psf: FinePsf
    ideal: Image  # (n, n): the same without air


def wide_psf(
    optics: Optics,
    residual: Residual,
    *,
    n_speckle: int,
    rng: np.random.Generator,
    wavelengths_nm: Sequence[float] = LP600_NM,
    n: int = 512,
) -> WidePsf:
    """Mean image (n, n) of a star over wavelengths. Of `optics` only telescope and pixel count.

    The phase is the same path length at all wavelengths. For one and the same pupil sampling, the transform's size is
    in proportion to the wavelength; the images are then cut to the same field. Flux is 1 before that cut.
    """
    colours = [_Colour(replace(optics, wavelength_nm=wavelength), n) for wavelength in wavelengths_nm]
    reference = replace(optics, wavelength_nm=REFERENCE_NM)
    image, ideal = np.zeros((n, n)), np.zeros((n, n))
    for colour in colours:
        ideal += colour.cut(ideal_image(colour.optics, colour.n_transform)) / len(colours)
    for first in range(0, n_speckle, BATCH):
        phases = draw_phases(reference, residual, count=min(BATCH, n_speckle - first), rng=rng, n=REFERENCE_N)
        for colour in colours:
            image += colour.seen(phases) / len(colours) / n_speckle
    strehl = peak_between_samples(image.astype(np.float32)) / peak_between_samples(ideal.astype(np.float32))
    return WidePsf(FinePsf(image.astype(np.float32), strehl), ideal.astype(np.float32))


class _Colour:
    """One wavelength of the filter."""

    def __init__(self, optics: Optics, n: int) -> None:
        self.optics = optics
        self.n_transform = round(REFERENCE_N * optics.wavelength_nm / REFERENCE_NM)
        self._n = n

    def seen(self, phases: NDArray[np.float32]) -> Image:
        """(n, n): sum of the images through phases (k, m, m), rad at the reference wavelength."""
        is_open = pupil_of(self.optics, self.n_transform).is_open
        fields = np.where(is_open, np.exp(1j * phases * (REFERENCE_NM / self.optics.wavelength_nm)), 0)
        return self.cut(images_of(fields.astype(np.complex64), self.n_transform).sum(axis=0))

    def cut(self, image: Image) -> Image:
        first = self.n_transform // 2 - self._n // 2
        return image[first : first + self._n, first : first + self._n]
