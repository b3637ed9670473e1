"""From a fine image to a frame: the pixel, where the star falls, the sky, and an electron-multiplying CCD."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.simulation.optics import SAMPLES_PER_PIXEL, Image

Transform = NDArray[np.complex64]

READ_NOISE_ELECTRON = 0.1  # after multiplication, which is why it is small


def through_pixels(fine: Image) -> Transform:
    """Transform (n, n//2 + 1) of a fine image as pixels two samples wide see it, wherever their centres lie."""
    n = fine.shape[0]
    transform: Transform = fft.rfft2(fft.ifftshift(fine)) * _pixel_sinc(n)
    return transform


def displaced(transform: Transform, *, by_px: tuple[float, float]) -> Transform:
    """The same image, moved by (y, x) detector pixels."""
    n = transform.shape[0]
    fine_y, fine_x = (SAMPLES_PER_PIXEL * value for value in by_px)
    wave_y = np.exp(-2j * np.pi * fft.fftfreq(n) * fine_y)[:, np.newaxis]
    wave_x = np.exp(-2j * np.pi * fft.rfftfreq(n) * fine_x)
    moved: Transform = transform * (wave_y * wave_x).astype(np.complex64)
    return moved


def sampled(transform: Transform) -> Image:
    """Every second sample: light in each pixel (n//2, n//2), the image's centre on pixel n//4.

    The sum of a fine image of flux 1 is 1 here too: a sample of a fine image is a quarter of the light of a pixel.
    """
    n = transform.shape[0]
    image = fft.irfft2(transform, s=(n, n))[::SAMPLES_PER_PIXEL, ::SAMPLES_PER_PIXEL]
    light: Image = (SAMPLES_PER_PIXEL**2 * fft.fftshift(image)).astype(np.float32)
    return light


def pixel_image(fine: Image, *, size_px: int, centre_yx: tuple[float, float]) -> Image:
    """Light in each pixel (size_px, size_px) of a fine image whose centre lies at `centre_yx`, pixels from zero."""
    return pasted(through_pixels(fine), size_px=size_px, centre_yx=centre_yx)


def pasted(transform: Transform, *, size_px: int, centre_yx: tuple[float, float]) -> Image:
    """The same, of a transform that `through_pixels` made.

    Fractions of a pixel are a phase of the transform; whole pixels only choose where the stamp of (n//2, n//2) pixels
    lies. A frame larger than the stamp is dark outside it. In one that is not, the stamp is rolled, as the transform
    itself would do: the halo that leaves on one side comes back on the other.
    """
    whole = [round(place) for place in centre_yx]
    rest = (centre_yx[0] - whole[0], centre_yx[1] - whole[1])
    stamp = sampled(displaced(transform, by_px=rest) if any(rest) else transform)
    middle = stamp.shape[0] // 2
    if size_px <= stamp.shape[0]:
        return np.roll(stamp, (whole[0] - middle, whole[1] - middle), axis=(0, 1))[:size_px, :size_px]
    frame = np.zeros((size_px, size_px), dtype=np.float32)
    (to_y, from_y), (to_x, from_x) = (_overlap(place - middle, stamp.shape[0], size_px) for place in whole)
    frame[to_y, to_x] = stamp[from_y, from_x]
    return frame


def exposed(light_electron: Image, *, rng: np.random.Generator, read_noise: float = READ_NOISE_ELECTRON) -> Image:
    """Electrons read of the light expected in each pixel: an EMCCD of high gain, its output divided by the gain.

    Photons arrive by Poisson; multiplication turns n of them into Gamma(n, 1), which doubles the variance (the excess
    noise factor is √2); reading adds Gaussian noise.
    """
    photons = rng.poisson(np.maximum(light_electron, 0)).astype(np.float32)
    electrons: Image = rng.standard_gamma(photons, dtype=np.float32)
    electrons += np.float32(read_noise) * rng.standard_normal(light_electron.shape, dtype=np.float32)
    return electrons


@lru_cache(maxsize=8)
def _pixel_sinc(n: int) -> NDArray[np.float32]:
    sinc = np.outer(np.sinc(SAMPLES_PER_PIXEL * fft.fftfreq(n)), np.sinc(SAMPLES_PER_PIXEL * fft.rfftfreq(n)))
    return sinc.astype(np.float32)


def _overlap(first: int, n_stamp: int, n_frame: int) -> tuple[slice, slice]:
    """Slices of a frame and of a stamp whose first pixel lies at `first`, where the two cover each other."""
    start, stop = max(first, 0), max(min(first + n_stamp, n_frame), first, 0)
    return slice(start, stop), slice(start - first, stop - first)
