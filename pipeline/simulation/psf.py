"""Images of a point through what is left of the turbulence, and how sharp they truly are."""

from dataclasses import dataclass

import numpy as np

from pipeline.simulation.optics import Image, Optics, ideal_image, images_of, pupil_of
from pipeline.simulation.phase import Phase, Residual, draw_phases

BATCH = 8  # phases that are held at once
PEAK_STEPS = 8  # a sample, where the peak is looked for between samples


@dataclass(frozen=True, slots=True)
class FinePsf:
    """Two samples a pixel, total flux 1, centre at n // 2; `strehl` is its peak over the ideal image's."""

    array: Image  # (n, n)
    strehl: float


def fine_psf(
    optics: Optics,
    *,
    seeing_arcsec: float,
    leak: float,
    n_speckle: int,
    rng: np.random.Generator,
    n: int = 512,
    static_rad: Phase | None = None,
) -> FinePsf:
    """Mean of `n_speckle` short exposures (n, n): the image before pixels, sky and noise.

    `static_rad` is a phase (m, m) that all of them share, as `static_phase` with the same `n` draws it.
    """
    residual = Residual(seeing_arcsec, leak)
    return psf_of(mean_image(optics, residual, n_speckle=n_speckle, rng=rng, n=n, static_rad=static_rad), optics)


def mean_image(
    optics: Optics,
    residual: Residual,
    *,
    n_speckle: int,
    rng: np.random.Generator,
    n: int = 512,
    static_rad: Phase | None = None,
) -> Image:
    """Mean (n, n) of short exposures alone, its Strehl ratio not measured."""
    is_open = pupil_of(optics, n).is_open
    total = np.zeros((n, n), dtype=np.float32)
    for first in range(0, n_speckle, BATCH):
        phases = draw_phases(optics, residual, count=min(BATCH, n_speckle - first), rng=rng, n=n)
        if static_rad is not None:
            phases += static_rad
        fields = np.where(is_open, np.exp(1j * phases), 0).astype(np.complex64)
        total += images_of(fields, n).sum(axis=0)
    return total / np.float32(n_speckle)


def psf_of(image: Image, optics: Optics) -> FinePsf:
    """Measure a noiseless fine image's Strehl ratio."""
    return FinePsf(image, peak_between_samples(image) / peak_between_samples(ideal_image(optics, image.shape[0])))


def peak_between_samples(image: Image) -> float:
    """Highest value within a sample of the highest sample of a noiseless image (n, n), by the transform itself."""
    n = image.shape[0]
    highest = np.unravel_index(np.argmax(image), image.shape)
    steps = np.arange(-PEAK_STEPS, PEAK_STEPS + 1) / PEAK_STEPS
    frequencies = np.fft.fftfreq(n)
    waves_y, waves_x = (np.exp(2j * np.pi * np.outer(place + steps, frequencies)) for place in highest)
    transform = np.fft.fft2(image.astype(np.float64))
    return float((waves_y @ transform @ waves_x.T).real.max() / n**2)
