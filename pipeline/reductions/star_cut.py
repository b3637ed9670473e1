"""The star of a stack, cut out with the star on the middle pixel: as the PSF library holds it, and what is compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from archive.enums import ProductKind
from archive.errors import UsageError
from pipeline.arrays.high_contrast.crop import crop_star
from pipeline.arrays.psf_model import Telescope, core_fwhm_arcsec
from pipeline.provenance import Stacked, part_header, stacked_of
from pipeline.reductions.job import Job, NothingToMake
from pipeline.reductions.raw_frames import image_of, passband_of, stack_of, values_of

STREHL_OF = {
    ProductKind.BRIGHT_PSF: ProductKind.BRIGHT_STREHL,
    ProductKind.BRIGHT_PCA: ProductKind.BRIGHT_STREHL,
    ProductKind.FAINT_PCA: ProductKind.FAINT_STREHL,
}
CORE_LIMITS = (0.7, 2.0)  # of a perfect core: a fit beyond is of noise or of the halo


@dataclass(frozen=True, slots=True)
class StarCut:
    """A star's image (2 half_px + 1 squared), the star on its middle pixel; its core's full width, px and arcsec."""

    pixels: NDArray[np.float64]
    header: fits.Header
    stacked: Stacked
    fwhm_px: float

    @property
    def scale_arcsec(self) -> float:
        return self.stacked.scale_arcsec

    @property
    def fwhm_arcsec(self) -> float:
        return self.fwhm_px * self.scale_arcsec


def cut_star(job: Job) -> StarCut:
    """Cut a job's star out of its stack where the Strehl ratio was measured.

    Raises NothingToMake for one that is too near the edge, or is not there.
    """
    pixels, header = image_of(stack_of(job))
    stacked = stacked_of(header)
    measured, half_px = strehl_of(job), job.parameters["half_px"]
    at_yx = (measured["y_px"], measured["x_px"])
    fwhm_px = _core_arcsec(job, measured["core_arcsec"]) / stacked.scale_arcsec
    try:
        cut = crop_star(pixels, near_yx=at_yx, half_px=half_px, fwhm_px=fwhm_px)
    except UsageError as error:
        raise NothingToMake(str(error)) from error
    own = part_header(header, job, origin_yx=(at_yx[0] - half_px, at_yx[1] - half_px))
    return StarCut(cut, own, stacked, fwhm_px)


def strehl_of(job: Job) -> dict[str, Any]:
    """What was measured of a job's star."""
    return dict(values_of(job, STREHL_OF[job.kind]))


def _core_arcsec(job: Job, measured_arcsec: float | None) -> float:
    """Width of the core; that of a perfect telescope where none that is plausible was measured."""
    optics = job.installation
    perfect = core_fwhm_arcsec(Telescope(optics.primary_m, optics.obstruction_m), passband_of(job))
    low, high = (limit * perfect for limit in CORE_LIMITS)
    return measured_arcsec if measured_arcsec is not None and low <= measured_arcsec <= high else perfect
