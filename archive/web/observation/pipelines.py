"""The ways in which an observation is reduced, what each of them makes, and how people call it."""

from collections.abc import Mapping
from dataclasses import dataclass

from archive.enums import ProductKind, ProductState, StrehlFlag


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One way: its products by what they are to a reader. A kind that it does not make is None."""

    name: str  # in addresses
    label: str
    stack: ProductKind
    preview: ProductKind
    strehl: ProductKind | None = None
    subtracted: ProductKind | None = None
    star: ProductKind | None = None

    @property
    def kinds(self) -> list[ProductKind]:
        """All that it makes, in the order of the making."""
        return [kind for kind in (self.stack, self.strehl, self.preview, self.star, self.subtracted) if kind]


BRIGHT = Pipeline(
    "bright",
    "Bright star",
    ProductKind.BRIGHT,
    ProductKind.BRIGHT_PREVIEW,
    ProductKind.BRIGHT_STREHL,
    ProductKind.BRIGHT_PCA,
    ProductKind.BRIGHT_PSF,
)
FAINT = Pipeline(
    "faint",
    "Faint star",
    ProductKind.FAINT,
    ProductKind.FAINT_PREVIEW,
    ProductKind.FAINT_STREHL,
    ProductKind.FAINT_PCA,
)
PLANETARY = Pipeline("planetary", "Planet", ProductKind.PLANETARY, ProductKind.PLANETARY_PREVIEW)
PIPELINES: Mapping[str, Pipeline] = {each.name: each for each in (BRIGHT, FAINT, PLANETARY)}

KIND_WORDS: Mapping[str, str] = {
    ProductKind.BRIGHT: "Stack of frames",
    ProductKind.FAINT: "Stack of frames",
    ProductKind.PLANETARY: "Stack of frames",
    ProductKind.BRIGHT_STREHL: "Strehl ratio",
    ProductKind.FAINT_STREHL: "Strehl ratio",
    ProductKind.BRIGHT_PREVIEW: "Pictures",
    ProductKind.FAINT_PREVIEW: "Pictures",
    ProductKind.PLANETARY_PREVIEW: "Pictures",
    ProductKind.BRIGHT_PSF: "Star for the PSF library",
    ProductKind.BRIGHT_PCA: "PSF subtraction",
    ProductKind.FAINT_PCA: "PSF subtraction",
}
# What a badge says of a state, and its colour.
STATE_WORDS: Mapping[str, tuple[str, str]] = {
    ProductState.PENDING: ("waiting", "warn"),
    ProductState.QUEUED: ("queued", "warn"),
    ProductState.RUNNING: ("being made", "warn"),
    ProductState.DONE: ("done", "good"),
    ProductState.FAILED: ("failed", "bad"),
    ProductState.SKIPPED: ("not made", ""),
}
FLAG_WORDS: Mapping[str, str] = {
    StrehlFlag.OK: "core and halo are as wide as those of a corrected star",
    StrehlFlag.BAD: "core or halo is too narrow or too wide for a corrected star: noise, or no correction",
}
WARNING_WORDS: Mapping[str, str] = {
    "saturated": "the star is saturated: the true ratio is higher",
    "near_edge": "part of the aperture lies outside the image",
    "blank_pixels": "more than 1 % of the aperture has no value",
    "low_signal": "the error is more than 8 % of the ratio",
    "companion": "another star lies in the aperture: the ratio is too low",
}
CLASS_WORDS: Mapping[str, str] = {
    "high_flux": "bright",
    "faint": "faint",
    "zero_flux": "no star found",
    "failed": "reduction failed",
}
