"""Pictures of a stack: the whole field, the star from near with its Strehl ratio, and a small one for lists."""

from collections.abc import Mapping
from typing import Any

from archive.enums import ProductKind, SignalClass, StrehlFlag
from pipeline.arrays.strehl import StrehlWarning
from pipeline.figures.canvas import Compass
from pipeline.figures.star import Look, Sight, full_picture, near_picture, small_picture
from pipeline.provenance import Stacked, north_and_east, stacked_of
from pipeline.reductions.files import bytes_file
from pipeline.reductions.job import Job, Made
from pipeline.reductions.raw_frames import image_of, stack_of, values_of

STREHL_OF = {
    ProductKind.BRIGHT_PREVIEW: ProductKind.BRIGHT_STREHL,
    ProductKind.FAINT_PREVIEW: ProductKind.FAINT_STREHL,
}
STACK_OF = {
    ProductKind.BRIGHT_PREVIEW: ProductKind.BRIGHT,
    ProductKind.FAINT_PREVIEW: ProductKind.FAINT,
    ProductKind.PLANETARY_PREVIEW: ProductKind.PLANETARY,
}
LOW_CONFIDENCE = "low confidence"
WARNINGS = {
    StrehlWarning.SATURATED: "saturated",
    StrehlWarning.NEAR_EDGE: "near the edge",
    StrehlWarning.BLANK_PIXELS: "blank pixels",
    StrehlWarning.LOW_SIGNAL: "low signal",
    StrehlWarning.COMPANION: "companion",
}
NAMES = {
    ProductKind.BRIGHT_PREVIEW: "Stack",
    ProductKind.FAINT_PREVIEW: "Faint-star stack",
    ProductKind.PLANETARY_PREVIEW: "Stack of a planet",
}


def make(job: Job) -> Made:
    """`<observation>_full.png`, `<observation>_cropped.png` and `<observation>_small.webp`.

    The values hold a text for each picture, for who can not see it. Of a planet all pictures show the whole field.
    """
    pixels, header = image_of(stack_of(job))
    stacked = stacked_of(header)
    half_arcsec = job.parameters["half_arcsec"]
    points = north_and_east(header)
    sight = Sight(
        pixels=pixels,
        scale_arcsec=stacked.scale_arcsec,
        lock_yx=stacked.lock_yx,
        half_px=None if half_arcsec is None else round(half_arcsec / stacked.scale_arcsec),
        points=None if points is None else Compass(*points),
        caption=_caption(job, stacked),
        remark=_remark(job),
        warning=_warning(job),
    )
    low, high = job.parameters["percentiles"]
    look = Look(curve=job.parameters["curve"], percentiles=(low, high), colour_map=job.parameters["colour_map"])
    texts = _texts(job, sight)
    files = (
        bytes_file(job, "full", f"{job.subject}_full.png", full_picture(sight, look, description=texts["full"])),
        bytes_file(
            job, "cropped", f"{job.subject}_cropped.png", near_picture(sight, look, description=texts["cropped"])
        ),
        bytes_file(job, "small", f"{job.subject}_small.webp", small_picture(sight, look)),
    )
    return Made(files, {"texts": texts})


def _caption(job: Job, stacked: Stacked) -> str:
    observation = job.observation
    if observation is None:
        return job.subject
    what = "  ·  ".join(filter(None, (observation.target_name, observation.primary_optical_element)))
    frames = f"{stacked.n_used} of {stacked.n_frames} frames"
    return f"{what}\n{observation.observed_at:%Y-%m-%d %H:%M:%S} UTC  ·  {frames}"


def _remark(job: Job) -> str:
    strehl = _strehl(job)
    if strehl:
        return f"Strehl {100 * strehl['strehl_ratio']:.1f} ± {100 * strehl['strehl_error']:.1f} %"
    if _upstream(job).get("signal_class") == SignalClass.ZERO_FLUX:
        return "no star found"
    return ""


def _warning(job: Job) -> str:
    """What people should know before they believe their eyes."""
    strehl = _strehl(job)
    told = [] if _upstream(job).get("is_confident", True) else [LOW_CONFIDENCE]
    told += [StrehlFlag.BAD.value] if strehl.get("flag") == StrehlFlag.BAD else []
    told += [word for warning, word in WARNINGS.items() if warning in strehl.get("warnings", ())]
    return ", ".join(told)


def _texts(job: Job, sight: Sight) -> dict[str, str]:
    lines = ", ".join(line.replace("  ·  ", ", ") for line in sight.caption.splitlines())
    what = f"{NAMES[job.kind]} of {lines}"
    measured = ". ".join(filter(None, (sight.remark, sight.warning)))
    whole = f"{what}. The whole field, {sight.pixels.shape[1] * sight.scale_arcsec:.1f} arcsec wide."
    if sight.half_px is None:
        return {"full": whole, "cropped": whole}
    side = (2 * sight.half_px + 1) * sight.scale_arcsec
    near = f"{what}. The {side:.1f} arcsec around the star. {measured}".strip()
    return {"full": whole, "cropped": near if near.endswith(".") else f"{near}."}


def _strehl(job: Job) -> Mapping[str, Any]:
    kind = STREHL_OF.get(job.kind)
    return {} if kind is None else values_of(job, kind)


def _upstream(job: Job) -> Mapping[str, Any]:
    return values_of(job, STACK_OF[job.kind])
