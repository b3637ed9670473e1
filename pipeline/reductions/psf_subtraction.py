"""A star's light taken out of its stack by images of other stars: what is left, what is there, how faint one sees."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.enums import ProductKind
from pipeline.arrays.high_contrast.analysis import Analysis, Found, Setting, analyse
from pipeline.arrays.high_contrast.companion_fit import position_error_px
from pipeline.figures.canvas import Compass
from pipeline.figures.companions import Mark, Subtracted, subtraction_picture
from pipeline.figures.contrast import contrast_plot
from pipeline.limits import TOLD_AT_ARCSEC, limits_told
from pipeline.provenance import north_and_east
from pipeline.reductions.files import bytes_file, fits_file, number_or_none
from pipeline.reductions.job import Job, Made, MadeFile
from pipeline.reductions.raw_frames import image_of, inputs_of
from pipeline.reductions.star_cut import StarCut, cut_star, strehl_of

YX = tuple[float, float]
Points = tuple[YX, YX]  # unit vectors to north and east

LABELS = {ProductKind.BRIGHT_PCA: "pca", ProductKind.FAINT_PCA: "faint_pca"}  # frames need names of their own


def make(job: Job) -> Made:
    """Residual and signal to noise as `_pca.fits` and `_pca_snr.fits` (faint: `_faint_pca…`), two pictures, the curve.

    The references are the PSF library's images that planning chose; of these the most alike are used, which the values
    name by checksum. Raises UsageError for references of other shapes.
    """
    star, given = cut_star(job), inputs_of(job, "reference")
    parameters = job.parameters
    setting = Setting(
        fwhm_px=star.fwhm_px,
        highpass=parameters["highpass"],
        most_references=parameters["most_references"],
        sigma=parameters["sigma"],
    )
    found = analyse(star.pixels, np.array([image_of(each)[0] for each in given]), setting)
    told = _Told(job, star, found, companions=_companions(found, star), contrast=_contrast(found, star, job))
    values = {
        "library_version": parameters["library_version"],
        "references": [given[number].sha256 for number in found.references],
        "component_count": found.components,
        "fwhm_arcsec": star.fwhm_arcsec,
        "companion_count": len(told.companions),
        "texts": told.texts,
    }
    return Made((*_images(told), *_pictures(told)), values, contrast=told.contrast, companions=told.companions)


@dataclass(frozen=True, slots=True)
class _Told:
    """A subtraction and what its rows say of it."""

    job: Job
    star: StarCut
    found: Analysis
    _: KW_ONLY
    companions: Sequence[dict[str, Any]]
    contrast: dict[str, Any]

    @property
    def texts(self) -> dict[str, str]:
        """For those who can not see the pictures."""
        told = [
            f"{each['separation_arcsec']:.2f} arcsec from it, {each['delta_mag']:.1f} magnitudes fainter"
            for each in self.companions
        ]
        seen = f"Something stands out {'; '.join(told)}." if told else "Nothing stands out."
        limits = [
            f"{self.contrast[name]:.1f} magnitudes at {arcsec:g} arcsec"
            for name, arcsec in TOLD_AT_ARCSEC.items()
            if self.contrast[name] is not None
        ]
        name = self.job.subject
        return {
            "picture": f"{name} before and after the star's light was taken out. {seen}",
            "curve": f"Limit of contrast of {name} by distance from the star: {', '.join(limits) or 'not known'}.",
        }


def curve_text(contrast: dict[str, Any], *, lock_yx: tuple[float, float]) -> bytes:
    """The original archive's `_contrast_curve.txt`: a comment that ends in the lock, then separation and limit."""
    y, x = (round(place) for place in lock_yx)
    lines = [f'# separation ("), limit (mag); lock x, y (px): {x:d} {y:d}']
    for separation, limit in zip(contrast["separations_arcsec"], contrast["delta_mags"], strict=True):
        lines.append(f"{separation:.3f} {np.nan if limit is None else limit:.3f}")
    return ("\n".join(lines) + "\n").encode()


def _contrast(found: Analysis, star: StarCut, job: Job) -> dict[str, Any]:
    curve = found.curve
    separations, limits = [float(px * star.scale_arcsec) for px in curve.separation_px], _numbers(curve.delta_mag)
    return {
        "separations_arcsec": separations,
        "delta_mags": limits,
        "throughputs": _numbers(curve.throughput),
        "thresholds": [float(value) for value in curve.threshold],
        "sigma": curve.sigma,
        "fwhm_arcsec": star.fwhm_arcsec,
        **limits_told(separations, limits),
        "component_count": found.components,
        "reference_count": len(found.references),
        "library_version": job.parameters["library_version"],
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [number_or_none(float(value)) for value in values]


def _companions(found: Analysis, star: StarCut) -> list[dict[str, Any]]:
    points = north_and_east(star.header)
    return [
        {"number": number, **_place(each, star, points), **_brightness(each)}
        for number, each in enumerate(found.companions, start=1)
    ]


def _place(found: Found, star: StarCut, points: Points | None) -> dict[str, Any]:
    companion = found.companion
    error_px = position_error_px(companion, star.fwhm_px)
    angle = None if points is None else position_angle_deg(companion.offset_yx, *points)
    return {
        "separation_arcsec": companion.separation_px * star.scale_arcsec,
        "separation_error_arcsec": error_px * star.scale_arcsec,
        "position_angle_deg": angle,
        "position_angle_error_deg": None if angle is None else float(np.degrees(error_px / companion.separation_px)),
        "y_px": companion.offset_yx[0],
        "x_px": companion.offset_yx[1],
    }


def _brightness(found: Found) -> dict[str, Any]:
    return {
        "delta_mag": found.companion.delta_mag,
        "delta_mag_error": found.companion.delta_mag_error,
        "t": found.t,
        "threshold": found.threshold,
    }


def position_angle_deg(offset_yx: YX, north_yx: YX, east_yx: YX) -> float:
    """Angle of an offset (y, x) from north through east, [0, 360); unit vectors tell where these are in the image."""
    angle = float(np.degrees(np.arctan2(np.dot(offset_yx, east_yx), np.dot(offset_yx, north_yx))))
    return angle % 360.0


def _images(told: _Told) -> Sequence[MadeFile]:
    job, found, label = told.job, told.found, LABELS[told.job.kind]
    residual = told.star.header.copy()
    residual["PSFLIB"] = job.parameters["library_version"]
    residual["NPSFREF"] = (len(found.references), "images of it that were used")
    residual["NPSFCOMP"] = (found.components, "patterns of them that were taken out")
    residual["COREFWHM"] = (told.star.fwhm_px, "[pixel] full width of the star's core")
    signal = residual.copy()
    signal["BUNIT"] = ("", "Student's t of an aperture against its ring")
    return (
        fits_file(job, "residual", f"{job.subject}_{label}.fits", found.residual, residual),
        fits_file(job, "snr", f"{job.subject}_{label}_snr.fits", found.signal.t, signal),
    )


def _pictures(told: _Told) -> Sequence[MadeFile]:
    job, contrast, texts = told.job, told.contrast, told.texts
    plot = contrast_plot(
        np.array(contrast["separations_arcsec"]),
        np.array([np.nan if limit is None else limit for limit in contrast["delta_mags"]]),
        companions=[(each["separation_arcsec"], each["delta_mag"]) for each in told.companions],
        title=job.subject,
        description=texts["curve"],
    )
    lock = strehl_of(job)
    curve = curve_text(contrast, lock_yx=(lock["y_px"], lock["x_px"]))
    picture = subtraction_picture(_shown(told), description=texts["picture"])
    return (
        bytes_file(job, "picture", f"{job.subject}_pca.png", picture),
        bytes_file(job, "curve", f"{job.subject}_contrast_curve.png", plot),
        bytes_file(job, "legacy", f"{job.subject}_contrast_curve.txt", curve),
    )


def _shown(told: _Told) -> Subtracted:
    points = north_and_east(told.star.header)
    observation = told.job.observation
    what = (observation.target_name, observation.primary_optical_element) if observation else (told.job.subject,)
    return Subtracted(
        star=told.star.pixels,
        signal=told.found.signal.t,
        scale_arcsec=told.star.scale_arcsec,
        points=None if points is None else Compass(*points),
        caption="  ·  ".join(what),
        remark=f"{len(told.found.references)} other stars, {_counted(told.found.components, 'pattern')}",
        marks=tuple(
            Mark((each["y_px"], each["x_px"]), f"{each['delta_mag']:.2f} ± {each['delta_mag_error']:.2f} mag")
            for each in told.companions
        ),
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
