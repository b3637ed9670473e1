"""Core and halo: widths of corrected stars, and what the flag says of noise and of stars without correction."""

from collections.abc import Iterator

import numpy as np

from benchmarks.science.figures import Figure, Range, at_least, at_most
from benchmarks.science.stars import (
    AT_ONE_WAVELENGTH,
    BADLY_CORRECTED,
    CORRECTED,
    OPTICS,
    PIXEL_ARCSEC,
    TELESCOPE,
    corrected,
    finer,
    stars,
)
from pipeline.arrays.core_halo import CoreHalo, core_and_halo, narrowest_core_arcsec
from pipeline.simulation.detector import exposed
from pipeline.simulation.psf import FinePsf
from pipeline.simulation.seeing import seeing_image

REPEATS = 20
FLUXES_ELECTRON = (1e4, 1e5, 1e6)
# At S 0.18 to 0.30 the prototype had cores of 0.079" to 0.088" and halos of 0.22" to 0.37", down to 1e4 electrons.
CORE_AIM, HALO_AIM = Range(0.075, 0.095), Range(0.20, 0.40)
SEEING_ARCSEC = (1.2, 1.5, 2.2)
FRAME_PX = 256


def measure() -> Iterator[Figure]:
    for air in (*CORRECTED, BADLY_CORRECTED):
        psf = corrected(air, seed=0)
        aims = (CORE_AIM, HALO_AIM) if air in CORRECTED[1:3] else (None, None)
        for flux_electron in FLUXES_ELECTRON:
            for times in (2, 1):
                found = _widths(psf, flux_electron, times)
                name = f"S {air.about}, {flux_electron:.0e} e-, grid x{times}"
                cores, halos = ([getattr(each, part) for each in found] for part in ("core_arcsec", "halo_arcsec"))
                yield Figure(f"{name}: core", np.mean(cores), "arcsec", aims[0], f"scatter {np.std(cores):.4f}")
                yield Figure(f"{name}: halo", np.mean(halos), "arcsec", aims[1], f"scatter {np.std(halos):.4f}")
                yield Figure(f"{name}: flag OK", _share_ok(found), "%", at_least(100))
    for seeing_arcsec in SEEING_ARCSEC:
        image = seeing_image(OPTICS, seeing_arcsec=seeing_arcsec, n=512)
        found = _widths(FinePsf(image, 0.0), 1e6, 2)
        yield Figure(f'no correction, seeing {seeing_arcsec}", 1e+06 e-: flag OK', _share_ok(found), "%", at_most(0))
    for sky_electron in (1.0, 100.0):
        for times in (2, 1):
            name = f"highest pixel of a sky of {sky_electron:g} e-, grid x{times}: flag OK"
            yield Figure(name, _share_ok(_spikes(sky_electron, times)), "%", at_most(5))


def _widths(psf: FinePsf, flux_electron: float, times: int) -> list[CoreHalo]:
    return [
        _width(star.image, star.at_yx, times)
        for star in stars(psf, flux_electron=flux_electron, count=REPEATS, seed=11, times=times)
    ]


def _spikes(sky_electron: float, times: int) -> list[CoreHalo]:
    rng = np.random.default_rng([13, round(sky_electron)])
    found = []
    for _ in range(2 * REPEATS):
        frame = exposed(np.full((FRAME_PX, FRAME_PX), sky_electron, dtype=np.float32), rng=rng)
        image = finer(frame, times)
        y, x = np.unravel_index(int(image.argmax()), image.shape)
        found.append(_width(image, (float(y), float(x)), times))
    return found


def _width(image: np.ndarray, at_yx: tuple[float, float], times: int) -> CoreHalo:
    return core_and_halo(
        image,
        at_yx=at_yx,
        scale_arcsec=PIXEL_ARCSEC / times,
        sky_count_px=float(np.median(image)),
        core_min_arcsec=narrowest_core_arcsec(TELESCOPE, AT_ONE_WAVELENGTH),
    )


def _share_ok(found: list[CoreHalo]) -> float:
    return float(100 * np.mean([each.is_ok for each in found]))
