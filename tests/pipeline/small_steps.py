"""A graph of the machine's own tests: the kinds of the real one, whose steps only say what they were given."""

import json
import os
from dataclasses import replace
from typing import Any

import numpy as np
from astropy.io import fits
from celery.exceptions import SoftTimeLimitExceeded

from archive.enums import ProductKind, SignalClass
from archive.errors import TransientError, UsageError
from pipeline.graph import GRAPH as REAL
from pipeline.reductions.files import bytes_file
from pipeline.reductions.job import Job, Made, MadeFile, NothingToMake
from pipeline.reductions.strehl import legacy_text
from tests.pipeline.orders import die_if_told, note, noted, told
from tests.processes import until

_MAKE = f"{__name__}.make"
WITHOUT_STAR = (ProductKind.BRIGHT_PCA, ProductKind.FAINT_PCA)
OF_LIBRARY = (ProductKind.BRIGHT_PSF, *WITHOUT_STAR)
LIBRARY_GRAPH = {kind: replace(step, make=_MAKE, algorithm=f"small-{kind}", version="1") for kind, step in REAL.items()}
GRAPH = {kind: step for kind, step in LIBRARY_GRAPH.items() if kind not in OF_LIBRARY}
# A bright star alone, as far as images of others take its light out.
COMPARED_GRAPH = {
    kind: LIBRARY_GRAPH[kind]
    for kind in (
        ProductKind.DARK,
        ProductKind.FLAT,
        ProductKind.BRIGHT,
        ProductKind.BRIGHT_STREHL,
        ProductKind.BRIGHT_PSF,
        ProductKind.BRIGHT_PCA,
    )
}
# Plots of nights may be made once more while others are made: where products are counted, there are none.
WITHOUT_NIGHTS = {kind: step for kind, step in GRAPH.items() if not step.measured}
NEWER_GRAPH = {kind: replace(step, version="2") for kind, step in GRAPH.items()}

LABELS = {
    ProductKind.BRIGHT: {"stack": "100p"},
    ProductKind.FAINT: {"stack": "summed", "stack2x": "summed_2x", "simple_sum": "simple_sum"},
    ProductKind.PLANETARY: {"stack": "planetary"},
    ProductKind.BRIGHT_PSF: {"psf": "psf"},
    ProductKind.BRIGHT_PCA: {"residual": "pca"},
    ProductKind.FAINT_PCA: {"residual": "faint_pca"},
}
STREHLS = (ProductKind.BRIGHT_STREHL, ProductKind.FAINT_STREHL)
WIDTHS_UNKNOWN = dict.fromkeys(("core_arcsec", "halo_arcsec", "fwhm_arcsec"))
PREVIEWS = (ProductKind.BRIGHT_PREVIEW, ProductKind.FAINT_PREVIEW, ProductKind.PLANETARY_PREVIEW)
FAULTS = {
    "passes": TransientError("The store is away."),
    "never": UsageError("These pixels can never pass."),
    "breaks": RuntimeError("out of range"),
    "nothing": NothingToMake("There is no star."),
    "slow": SoftTimeLimitExceeded(),
    "large": MemoryError(),
    "die-quietly": KeyboardInterrupt(),  # where the process itself must live on
}


def make(job: Job) -> Made:
    """Write what the job says into files of the kinds that reductions write."""
    die_if_told("computing")
    if told("hold"):
        note("held")
        until(lambda: told("go"), what="leave to go on")
    if told("meet"):
        note(f"here-{os.getpid()}")
        until(lambda: len(noted("here-*")) > 1, what="another worker at the same time")
    for what, fault in FAULTS.items():
        if told(f"{what}-{job.kind}") or told(what):
            raise fault
    files = [*_fits_files(job), *_other_files(job)]
    return Made(
        files=tuple(files),
        values={"inputs": [each.name for each in job.inputs], "kind": job.kind},
        signal_class=_class_of(job) if job.kind is ProductKind.BRIGHT else None,
        strehl=_strehl(job) if job.kind in STREHLS else None,
        seeing=_seeing(job) if job.kind is ProductKind.SEEING else None,
        contrast=_contrast(job) if job.kind in WITHOUT_STAR else None,
        companions=[_companion()] if job.kind in WITHOUT_STAR and "Double" in job.subject else [],
    )


def _fits_files(job: Job) -> list[MadeFile]:
    if job.kind in (ProductKind.DARK, ProductKind.FLAT):
        night = job.inputs[0].values["observed_at"][:10].replace("-", "")
        return [_fits_file(job, "master", f"{job.subject}_{night}.fits")]
    labels = LABELS.get(job.kind, {})
    return [_fits_file(job, role, f"{job.subject}_{label}.fits") for role, label in labels.items()]


def _fits_file(job: Job, role: str, filename: str) -> MadeFile:
    header = fits.Header({"INSTRUME": "Robo-AO", "RLEVEL": 91, "FINGERPR": job.fingerprint, "ROLE": role})
    path = job.folder / filename
    fits.PrimaryHDU(np.arange(64, dtype=np.float32).reshape(8, 8), header=header).writeto(path)
    return MadeFile(role, filename, path)


def _other_files(job: Job) -> list[MadeFile]:
    if job.kind in (ProductKind.BRIGHT, ProductKind.FAINT):
        return [_text_file(job, "frames", "frames.csv")]
    if job.kind in STREHLS:
        text = legacy_text(WIDTHS_UNKNOWN | _strehl(job), lock_yx=(4.0, 4.0))
        return [bytes_file(job, "legacy", f"{job.subject}_strehl.txt", text)]
    if job.kind in PREVIEWS:
        return [
            _text_file(job, "full", f"{job.subject}_full.png"),
            _text_file(job, "cropped", f"{job.subject}_cropped.png"),
        ]
    return []


def _text_file(job: Job, role: str, filename: str) -> MadeFile:
    path = job.folder / filename
    path.write_text(json.dumps([role, *(each.sha256 for each in job.inputs)]), encoding="utf-8")
    return MadeFile(role, filename, path)


def _class_of(job: Job) -> SignalClass:
    return SignalClass.ZERO_FLUX if "Empty" in job.subject else SignalClass.HIGH_FLUX


def _strehl(job: Job) -> dict[str, Any]:
    return {"strehl_ratio": 0.2, "strehl_error": 0.01, "flag": "OK", "y_px": 4.0, "x_px": 4.0}


def _contrast(job: Job) -> dict[str, Any]:
    return {
        "separations_arcsec": [0.2, 0.5],
        "delta_mags": [2.5, None],
        "throughputs": [0.8, None],
        "thresholds": [6.7, 5.6],
        "sigma": 5.0,
        "fwhm_arcsec": 0.08,
        "component_count": 1,
        "reference_count": len([each for each in job.inputs if each.role == "reference"]),
        "library_version": job.parameters["library_version"],
    }


def _companion() -> dict[str, Any]:
    return {
        "number": 1,
        "separation_arcsec": 0.9,
        "separation_error_arcsec": 0.002,
        "position_angle_deg": 128.0,
        "position_angle_error_deg": 0.2,
        "delta_mag": 2.5,
        "delta_mag_error": 0.05,
        "t": 40.0,
        "threshold": 5.5,
        "y_px": -30.0,
        "x_px": -40.0,
    }


def _seeing(job: Job) -> dict[str, object]:
    raw = job.inputs[0]
    return {
        "observed_at": raw.values["observed_at"],
        "primary_optical_element": raw.values["primary_optical_element"],
        "fwhm_arcsec": 1.2,
        "fwhm_error_arcsec": 0.1,
        "fwhm_y_arcsec": 1.2,
        "fwhm_x_arcsec": 1.2,
        "model": "moffat",
    }
