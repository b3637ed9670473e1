"""From a star's image and its references to a residual, limits and companions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.high_contrast.companion_fit import Companion, fit_companion
from pipeline.arrays.high_contrast.contrast import ContrastCurve, contrast_curve
from pipeline.arrays.high_contrast.detection import Map, brightest, signal_to_noise_map, standing
from pipeline.arrays.high_contrast.geometry import Zone, disc_at
from pipeline.arrays.high_contrast.highpass import HighPass, high_passed
from pipeline.arrays.high_contrast.model import TEMPLATE_FWHM, CompanionModel, template_of
from pipeline.arrays.high_contrast.noise import SIGMA, ApertureSums
from pipeline.arrays.high_contrast.pca import basis_of
from pipeline.arrays.high_contrast.references import FEWEST, components_by_cross_validation, most_alike

Floats = NDArray[np.float64]

MOST_COMPANIONS = 5


@dataclass(frozen=True, slots=True)
class Setting:
    """How a star's light is taken out.

    `zone` None: from one width to 85 px, or as far as the image goes. `components` None: by cross-validation, at most
    `most_components`.
    """

    fwhm_px: float
    highpass: HighPass = "gaussian"
    zone: Zone | None = None
    most_references: int = 40
    components: int | None = None
    most_components: int = 20
    sigma: float = SIGMA

    def zone_of(self, shape: tuple[int, ...]) -> Zone:
        if self.zone is not None:
            return self.zone
        return Zone(self.fwhm_px, min(85.0, *(length // 2 for length in shape[-2:])))


@dataclass(frozen=True, slots=True)
class Found:
    """A companion, and how far it stands out of its ring."""

    companion: Companion
    t: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is left of a star's image, and what that says.

    residual : (ny, nx), with the companions in it; NaN outside the zone.
    signal : t of every pixel of `residual`, and the threshold of its ring.
    curve : limits of the residual without the companions.
    companions : the brightest first.
    components : patterns that were taken out.
    references : numbers of the references used, the most alike first.
    """

    residual: Floats
    signal: Map
    curve: ContrastCurve
    companions: tuple[Found, ...]
    components: int
    references: tuple[int, ...]


def analyse(star: NDArray[np.floating[Any]], references: NDArray[np.floating[Any]], setting: Setting) -> Analysis:
    """Take the light of the star in the middle of an image (ny, nx) out by references (n, ny, nx) of the same shape.

    Neither the star itself nor stars with companions of their own may be among the references. Raises UsageError with
    fewer than three references, with images of other shapes, and for a star without light.
    """
    if references.ndim != 3 or references.shape[1:] != star.shape:
        raise UsageError(f"References of shape {references.shape[1:]} do not fit an image of shape {star.shape}.")
    if len(references) < FEWEST:
        raise UsageError(f"{len(references)} references are too few: at least {FEWEST} are needed.")
    zone = setting.zone_of(star.shape)
    mask = zone.mask(star.shape)
    image = high_passed(star, setting.highpass)
    others = np.array([high_passed(reference, setting.highpass) for reference in references])
    used = most_alike(image, others, mask, at_most=setting.most_references)
    chosen = others[used]
    components = setting.components or components_by_cross_validation(chosen, mask, at_most=setting.most_components)
    basis = basis_of(chosen, mask).first(components)
    model = CompanionModel(template_of(image, fwhm_px=setting.fwhm_px), basis, setting.fwhm_px)
    residual = basis.residual(np.where(np.isfinite(star), image, np.nan))
    signal = signal_to_noise_map(residual, zone, fwhm_px=setting.fwhm_px, sigma=setting.sigma)
    companions, left = _found(residual, signal, model, zone, sigma=setting.sigma)
    return Analysis(
        residual=residual,
        signal=signal,
        curve=contrast_curve(left, model, zone, sigma=setting.sigma),
        companions=companions,
        components=len(basis.patterns),
        references=tuple(int(number) for number in used),
    )


def _found(
    residual: Floats, signal: Map, model: CompanionModel, zone: Zone, *, sigma: float
) -> tuple[tuple[Found, ...], Floats]:
    """Companions one after the other, each taken out before the next is looked for; and what is left without them.

    What lies within a template's radius of one that was found is not told as another: it may be the template's error.
    """
    found: list[Found] = []
    left, taken = residual, np.zeros(residual.shape, dtype=bool)
    while len(found) < MOST_COMPANIONS and (place := brightest(signal, without=taken)) is not None:
        taken = taken | disc_at(residual.shape, place, radius_px=TEMPLATE_FWHM * model.fwhm_px)
        try:
            companion = fit_companion(left, model, place)
        except UsageError:  # a ridge or an edge: nothing of a companion's shape
            continue
        sums = ApertureSums(left, diameter_px=model.fwhm_px)
        stands = standing(sums, companion.offset_yx, fwhm_px=model.fwhm_px, sigma=sigma)
        if stands.share < 1:  # only the map's pixel did, not where the light is
            continue
        found.append(Found(companion, stands.t, stands.threshold))
        left = left - companion.flux * model.at(companion.offset_yx)
        signal = signal_to_noise_map(left, zone, fwhm_px=model.fwhm_px, sigma=sigma)
    return tuple(found), left
