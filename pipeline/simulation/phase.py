"""Phase over the pupil: what turbulence leaves behind an adaptive mirror, and what the optics add to every image."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.simulation.optics import ARCSEC, Optics, pupil_of

Phase = NDArray[np.float32]

SEEING_WAVELENGTH_M = 500e-9
OUTER_SCALE_M = 25.0
ACTUATORS_ACROSS = 11
KOLMOGOROV = 0.0229  # of the power spectrum, over r0 ** (5/3)
STATIC_DEGREES = range(2, 5)  # of the polynomials in a static aberration: focus to spherical


@dataclass(frozen=True, slots=True)
class Residual:
    """Turbulence behind the mirror. A leak of 1 is no correction, but that tip and tilt are gone."""

    seeing_arcsec: float  # at 500 nm
    leak: float  # of the power of slow and large waves

    def r0_m(self, wavelength_m: float) -> float:
        r0_m = 0.98 * SEEING_WAVELENGTH_M / (self.seeing_arcsec * ARCSEC)
        return float(r0_m * (wavelength_m / SEEING_WAVELENGTH_M) ** 1.2)


def draw_phases(optics: Optics, residual: Residual, *, count: int, rng: np.random.Generator, n: int) -> Phase:
    """Draw `count` independent phases (count, m, m), rad, over the square of the pupil; no piston, tip or tilt in it.

    Von Karman's spectrum, filtered below the mirror's cut-off frequency (Robo-AO: 11 actuators across the primary).
    Outside the pupil the values mean nothing.
    """
    amplitude = _amplitude(optics, residual, n)
    m = pupil_of(optics, n).is_open.shape[0]
    phases = np.empty((count, m, m), dtype=np.float32)
    for first in range(0, count, 2):
        noise = rng.standard_normal((n, n, 2), dtype=np.float32).view(np.complex64)[..., 0]
        rows = fft.ifft(noise * amplitude, axis=0, norm="forward")[:m]
        screen = fft.ifft(rows, axis=1, norm="forward")[:, :m]
        phases[first : first + 2] = (screen.real, screen.imag)[: count - first]  # independent of each other
    return without_tilt(phases, optics, n)


def without_tilt(phases: Phase, optics: Optics, n: int) -> Phase:
    """Take the mean and the least-squares plane over the open pupil out of each phase (count, m, m)."""
    planes = _planes(optics, n)
    is_open = pupil_of(optics, n).is_open
    level = phases[:, is_open] @ planes[is_open] / is_open.sum()
    result: Phase = (phases - np.einsum("kj,yxj->kyx", level, planes)).astype(np.float32)
    return result


def static_phase(optics: Optics, *, rms_rad: float, rng: np.random.Generator, n: int = 512) -> Phase:
    """Draw an aberration of low order (m, m) of exactly `rms_rad` over the pupil, without piston, tip and tilt."""
    pupil = pupil_of(optics, n)
    y, x = pupil.y_m / optics.primary_m * 2, pupil.x_m / optics.primary_m * 2
    powers = [(degree - k, k) for degree in STATIC_DEGREES for k in range(degree + 1)]
    phase = sum(rng.normal() * y**in_y * x**in_x for in_y, in_x in powers)
    phase = without_tilt(np.asarray(phase, dtype=np.float32)[np.newaxis], optics, n)[0]
    scaled: Phase = (phase * (rms_rad / phase[pupil.is_open].std())).astype(np.float32)
    return scaled


@lru_cache(maxsize=16)
def _amplitude(optics: Optics, residual: Residual, n: int) -> Phase:
    spacing = optics.spacing_m(n)
    frequency = np.hypot(*np.meshgrid(fft.fftfreq(n, spacing), fft.fftfreq(n, spacing), indexing="ij"))
    cutoff = ACTUATORS_ACROSS / (2 * optics.primary_m)
    r0 = residual.r0_m(optics.wavelength_m)
    power = KOLMOGOROV * r0 ** (-5 / 3) * (frequency**2 + OUTER_SCALE_M**-2) ** (-11 / 6)
    passed = residual.leak + (1 - residual.leak) * 0.5 * (frequency / cutoff) ** 2
    power *= np.where(frequency < cutoff, passed, 1)
    amplitude: Phase = (np.sqrt(power) / (n * spacing)).astype(np.float32)
    return amplitude


@lru_cache(maxsize=32)
def _planes(optics: Optics, n: int) -> Phase:
    """(m, m, 3): piston, tip and tilt, orthogonal over the open pupil, mean square 1."""
    pupil = pupil_of(optics, n)
    everywhere = np.stack([np.ones_like(pupil.y_m), pupil.y_m, pupil.x_m], axis=-1)
    _, triangle = np.linalg.qr(everywhere[pupil.is_open])
    planes = everywhere @ np.linalg.inv(triangle) * np.sqrt(pupil.is_open.sum())
    result: Phase = planes.astype(np.float32)
    return result
