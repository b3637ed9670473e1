"""What is made of raw files: each kind of product, what it needs, and by which algorithm, version and parameters.

A pure table. A new version or other parameters make the products of before stale: `manage.py reductions plan` has them
made anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from archive.enums import OF_REFERENCES, ProductKind, RawKind, SignalClass

BRIGHT_ENOUGH = frozenset({SignalClass.HIGH_FLUX, SignalClass.FAINT})


@dataclass(frozen=True, slots=True)
class Master:
    """A master calibration of the nearest night, by the detector mode or the filter of the raw files."""

    kind: ProductKind  # DARK or FLAT; its role among the inputs has the same name
    is_required: bool = True  # False: the product is made without one where there is none


@dataclass(frozen=True, slots=True)
class Upstream:
    """Another product of the same subject."""

    kind: ProductKind
    roles: tuple[str, ...] = ()  # of its files that are handed on; its values always are
    is_required: bool = True  # False: it only has to be settled; what it gives, if it is done, is handed on
    classes: frozenset[SignalClass] = frozenset()  # goes on only with these; empty: with any


@dataclass(frozen=True, slots=True)
class Step:
    """How one kind of product is made."""

    kind: ProductKind
    make: str  # dotted path of `def make(job: Job) -> Made`
    algorithm: str
    version: str
    takes_raws: bool = True  # the raw files of its subject are among its inputs
    masters: tuple[Master, ...] = ()
    upstream: tuple[Upstream, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    takes_references: bool = False  # images of other stars out of the PSF library are among its inputs
    knows_optics: bool = True  # what stood at the telescope is among its parameters
    measured: tuple[ProductKind, ...] = ()  # of a night: it shows what these kinds measured, of all its subjects
    waits_for: tuple[ProductKind, ...] = ()  # of a night: none of these kinds is in work when it is made

    def follows(self, kinds: Collection[ProductKind]) -> bool:
        """Whether it is made because one of these is."""
        return any(need.is_required and need.kind in kinds for need in self.upstream)


Graph = Mapping[ProductKind, Step]

DARK = Master(ProductKind.DARK)
FLAT = Master(ProductKind.FLAT)
DARK_IF_THERE = Master(ProductKind.DARK, is_required=False)
FLAT_IF_THERE = Master(ProductKind.FLAT, is_required=False)

DETECTOR: Mapping[str, Any] = {"saturated_adu": 65535}  # raw counts from which on a pixel holds no more
EMCCD: Mapping[str, Any] = {"variance_per_electron": 2.0}  # of a frame: multiplication doubles that of photons
PICTURE_OF_STAR: Mapping[str, Any] = {
    "curve": "asinh",
    "percentiles": [20.0, 99.999],  # black and white
    "colour_map": "magma",
    "half_arcsec": 1.76,  # shown around the star: 100 px of the grid of half pixels at Kitt Peak
}
PICTURE_OF_PLANET: Mapping[str, Any] = {
    **PICTURE_OF_STAR,
    "curve": "linear",
    "percentiles": [1.0, 99.99],
    "half_arcsec": None,
}

STAR_CUT: Mapping[str, Any] = {"half_px": 100}  # of the square about a star, on the grid of half pixels
WITHOUT_STAR: Mapping[str, Any] = {**STAR_CUT, "highpass": "gaussian", "most_references": 40, "sigma": 5.0}

# In an order in which each stands behind what it needs.
STEPS = (
    Step(
        ProductKind.DARK,
        make="pipeline.reductions.calibrations.make",
        algorithm="dark",
        version="1",
        knows_optics=False,
    ),
    Step(
        ProductKind.FLAT,
        make="pipeline.reductions.calibrations.make",
        algorithm="flat",
        version="1",
        masters=(DARK_IF_THERE,),
        parameters=DETECTOR,
        knows_optics=False,
    ),
    Step(
        ProductKind.SEEING,
        make="pipeline.reductions.seeing.make",
        algorithm="seeing",
        version="1",
        masters=(DARK_IF_THERE, FLAT_IF_THERE),
        parameters=DETECTOR,
    ),
    Step(
        ProductKind.BRIGHT,
        make="pipeline.reductions.bright.make",
        algorithm="bright",
        version="2",
        masters=(DARK, FLAT),
        parameters=DETECTOR,
    ),
    Step(
        ProductKind.BRIGHT_STREHL,
        make="pipeline.reductions.strehl.make",
        algorithm="strehl",
        version="2",
        takes_raws=False,
        upstream=(Upstream(ProductKind.BRIGHT, ("stack",), classes=BRIGHT_ENOUGH),),
        parameters=EMCCD,
    ),
    Step(
        ProductKind.BRIGHT_PREVIEW,
        make="pipeline.reductions.ao_previews.make",
        algorithm="preview",
        version="1",
        takes_raws=False,
        upstream=(
            Upstream(ProductKind.BRIGHT, ("stack",)),
            Upstream(ProductKind.BRIGHT_STREHL, is_required=False),
        ),
        parameters=PICTURE_OF_STAR,
    ),
    Step(
        ProductKind.BRIGHT_PSF,
        make="pipeline.reductions.psf_candidate.make",
        algorithm="psf",
        version="1",
        takes_raws=False,
        upstream=(Upstream(ProductKind.BRIGHT, ("stack",), classes=BRIGHT_ENOUGH), Upstream(ProductKind.BRIGHT_STREHL)),
        parameters=STAR_CUT,
    ),
    Step(
        ProductKind.BRIGHT_PCA,
        make="pipeline.reductions.psf_subtraction.make",
        algorithm="pca",
        version="1",
        takes_raws=False,
        takes_references=True,
        upstream=(Upstream(ProductKind.BRIGHT, ("stack",), classes=BRIGHT_ENOUGH), Upstream(ProductKind.BRIGHT_STREHL)),
        parameters=WITHOUT_STAR,
    ),
    Step(
        ProductKind.FAINT,
        make="pipeline.reductions.faint.make",
        algorithm="faint",
        version="2",
        masters=(DARK, FLAT),
        parameters=DETECTOR,
        upstream=(Upstream(ProductKind.BRIGHT, classes=BRIGHT_ENOUGH),),
    ),
    Step(
        ProductKind.FAINT_STREHL,
        make="pipeline.reductions.strehl.make",
        algorithm="strehl",
        version="2",
        takes_raws=False,
        upstream=(Upstream(ProductKind.FAINT, ("stack2x",)),),
        parameters=EMCCD,
    ),
    Step(
        ProductKind.FAINT_PREVIEW,
        make="pipeline.reductions.ao_previews.make",
        algorithm="preview",
        version="1",
        takes_raws=False,
        upstream=(
            Upstream(ProductKind.FAINT, ("stack2x",)),
            Upstream(ProductKind.FAINT_STREHL, is_required=False),
        ),
        parameters=PICTURE_OF_STAR,
    ),
    Step(
        ProductKind.FAINT_PCA,
        make="pipeline.reductions.psf_subtraction.make",
        algorithm="pca",
        version="1",
        takes_raws=False,
        takes_references=True,
        upstream=(Upstream(ProductKind.FAINT, ("stack2x",)), Upstream(ProductKind.FAINT_STREHL)),
        parameters=WITHOUT_STAR,
    ),
    Step(
        ProductKind.PLANETARY,
        make="pipeline.reductions.planetary.make",
        algorithm="planetary",
        version="1",
        masters=(DARK, FLAT),
        parameters=DETECTOR,
    ),
    Step(
        ProductKind.PLANETARY_PREVIEW,
        make="pipeline.reductions.ao_previews.make",
        algorithm="preview",
        version="1",
        takes_raws=False,
        upstream=(Upstream(ProductKind.PLANETARY, ("stack",)),),
        parameters=PICTURE_OF_PLANET,
    ),
)
STACKS = (ProductKind.BRIGHT, ProductKind.FAINT)
STREHLS = (ProductKind.BRIGHT_STREHL, ProductKind.FAINT_STREHL)
STEPS_OF_NIGHTS = tuple(
    Step(
        kind,
        make="pipeline.reductions.nights.make",
        algorithm=kind.value,
        version="1",
        takes_raws=False,
        knows_optics=False,
        measured=measured,
        waits_for=waits_for,
    )
    for kind, measured, waits_for in (
        (ProductKind.NIGHT_SEEING, (ProductKind.SEEING,), (ProductKind.SEEING,)),
        (ProductKind.NIGHT_STREHL, STREHLS, (*STACKS, *STREHLS)),
        (ProductKind.NIGHT_CONTRAST, OF_REFERENCES, (*STACKS, *STREHLS, ProductKind.BRIGHT_PSF, *OF_REFERENCES)),
    )
)
GRAPH: Graph = {step.kind: step for step in (*STEPS, *STEPS_OF_NIGHTS)}

# What is made without anybody asking; the rest follows from these.
OF_STARS, OF_DISCS = ProductKind.BRIGHT, ProductKind.PLANETARY
OF_RAWS = {RawKind.DARK: ProductKind.DARK, RawKind.FLAT: ProductKind.FLAT, RawKind.SEEING: ProductKind.SEEING}
