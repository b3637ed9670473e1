"""Stars whose place and light are known, and the noise of an EMCCD."""

import numpy as np

SIGMA_PX = 1.3  # about what the optics leave: no frequency above the grid's


def star(shape, *, centre_yx, flux=1.0, sigma_px=SIGMA_PX):
    """A round Gaussian (ny, nx), its light `flux`."""
    y, x = np.indices(shape)
    squared = (y - centre_yx[0]) ** 2 + (x - centre_yx[1]) ** 2
    return (flux / (2 * np.pi * sigma_px**2) * np.exp(-squared / (2 * sigma_px**2))).astype(np.float32)


def stars(shape, *, shifts_yx, flux=1.0, sky=0.0, sigma_px=SIGMA_PX, centre_yx=None):
    """Frames (n, ny, nx) without noise; the star lies at the pixel (ny // 2, nx // 2) plus its shift."""
    centre = np.array(centre_yx if centre_yx is not None else (shape[0] // 2, shape[1] // 2))
    frames = [star(shape, centre_yx=centre + shift, flux=flux, sigma_px=sigma_px) + sky for shift in shifts_yx]
    return np.array(frames, dtype=np.float32)


def read(expected, *, rng, read_noise=0.1):
    """What an EMCCD reads of expected electrons."""
    electrons = rng.standard_gamma(rng.poisson(expected).astype(np.float64))
    return (electrons + rng.normal(0, read_noise, expected.shape)).astype(np.float32)
