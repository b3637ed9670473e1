"""Where a product comes from, as it is written beside and into its files.

Headers do not tell the time of the making: the same job makes the same FITS files. `product.json` does.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from typing import Any

from astropy.io import fits

from archive.enums import ReductionLevel
from archive.models import Observation
from ingest.checksums import Digest, digest_of
from ingest.headers.roboao import pointing_of
from pipeline.reductions.job import Input, Job, Made

SCHEMA = 2  # of product.json; a larger one may mean something else by the same names. 1 had no times
SOFTWARE, SOFTWARE_VERSION = "observatory-archive", "0.1.0"
LIBRARIES = ("astropy", "matplotlib", "numpy", "photutils", "pillow", "scipy")  # those that pixels go through
INSTRUMENT = "Robo-AO"
SOURCE_KEY = re.compile(r"RAW\d{5}|RSHA\d{4}")
MASTER_KEYS = {"dark": ("L1IDDARK", "DARKSHA"), "flat": ("L1IDFLAT", "FLATSHA")}

# What a raw header says of its own pixels, of one frame, or of one file, is not true of a product.
_OWN_KEYS = """
SIMPLE XTENSION BITPIX NAXIS NAXIS1 NAXIS2 EXTEND PCOUNT GCOUNT BZERO BSCALE BLANK BUNIT DATAMIN DATAMAX
CHECKSUM DATASUM EXTNAME FRAME FRAMEUTC NFRAMES NREJ GAIN RLEVEL CTYPE1 CTYPE2 CRVAL1 CRVAL2 CRPIX1
CRPIX2 CDELT1 CDELT2 CD1_1 CD1_2 CD2_1 CD2_2 CROTA1 CROTA2 CUNIT1 CUNIT2 RADESYS LONGSTRN
"""
NOT_CARRIED = frozenset(_OWN_KEYS.split())

Card = tuple[str, str | int | float | bool, str]  # key, value, comment


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """What a stack's header says of its pixels.

    lock_yx : px of this image, from zero. scale_arcsec : side of its pixels; detector_arcsec : of the detector's.
    """

    n_used: int
    n_frames: int
    unit: str
    lock_yx: tuple[float, float]
    scale_arcsec: float
    detector_arcsec: float
    is_sharpened: bool = False

    @property
    def n_rejected(self) -> int:
        return self.n_frames - self.n_used


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """When a product was made, UTC, and which attempt at it succeeded."""

    created_at: datetime  # of its row: when it was first planned
    started_at: datetime | None
    finished_at: datetime
    attempt: int


def product_json(job: Job, made: Made, making: Making) -> bytes:
    """What a product is and what it was made from: enough to write its rows anew without computing anything.

    The same job, files and times give the same bytes. The values must be such as JSON has: ValueError for NaN and
    infinity. Who may see it is told as it was then; the observation's own rows tell it as it is.
    """
    content = {
        "schema": SCHEMA,
        "kind": job.kind,
        "subject": job.subject,
        "night": job.night,
        "observation": None if job.observation is None else _observation(job.observation),
        "times": {
            "created_at": making.created_at,
            "started_at": making.started_at,
            "finished_at": making.finished_at,
        },
        "attempt": making.attempt,
        "algorithm": job.algorithm,
        "version": job.version,
        "software": software(),
        "parameters": dict(job.parameters),
        "fingerprint": job.fingerprint,
        "inputs": [{"name": each.name, "role": each.role, "sha256": each.sha256} for each in job.inputs],
        "outputs": [_output(file.role, file.filename, digest_of(file.path)) for file in made.files],
        "values": dict(made.values),
        "signal_class": made.signal_class,
        "strehl": None if made.strehl is None else dict(made.strehl),
        "seeing": None if made.seeing is None else dict(made.seeing),
        "contrast": None if made.contrast is None else dict(made.contrast),
        "companions": [dict(companion) for companion in made.companions],
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)
    return f"{text}\n".encode()


def _observation(observation: Observation) -> dict[str, Any]:
    columns = ("name", "proposal_id", "public_date", "target_name", "observed_at", "telescope_id")
    return {column: getattr(observation, column) for column in columns}


def software() -> dict[str, str]:
    """Names and versions of what computes."""
    return {SOFTWARE: SOFTWARE_VERSION} | {library: version(library) for library in LIBRARIES}


def master_header(job: Job, raw: fits.Header, *, unit: str, n_frames: int) -> fits.Header:
    """Header of a master calibration, `raw` being that of its first raw file."""
    header = _header(raw, job)
    _extend(header, [("BUNIT", unit, "of the pixels"), ("NFRAMES", n_frames, "raw frames that it is the mean of")])
    return header


def stack_header(job: Job, raw: fits.Header, stacked: Stacked, *, shape: tuple[int, int]) -> fits.Header:
    """Header of a stack of `shape` (ny, nx), `raw` being that of the first raw file."""
    header = _header(raw, job)
    _extend(
        header,
        [
            ("BUNIT", stacked.unit, "of the pixels: mean of the frames in it"),
            ("NFRAMES", stacked.n_used, "frames in this image"),
            ("NREJ", stacked.n_rejected, "frames that are not"),
            ("LOCKX", stacked.lock_yx[1] + 1, "[pixel] star, from 1"),
            ("LOCKY", stacked.lock_yx[0] + 1, "[pixel] star, from 1"),
            ("PIXSCALE", stacked.scale_arcsec, "[arcsec] side of a pixel of this image"),
            ("DETSCALE", stacked.detector_arcsec, "[arcsec] side of a pixel of the detector"),
            ("SHARPEND", stacked.is_sharpened, "pixels are sharpened: not for photometry"),
        ],
    )
    exposure_s = raw.get("EXPOSURE")
    if isinstance(exposure_s, int | float) and stacked.n_frames:
        share = stacked.n_used / stacked.n_frames
        header["EXPOSURE"] = (round(exposure_s * share, 6), "[s] of the frames in this image")
    fine = stacked.detector_arcsec / stacked.scale_arcsec
    _extend(header, _wcs(raw, shape, stacked.scale_arcsec, fine))
    return header


def part_header(stack: fits.Header, job: Job, *, origin_yx: tuple[float, float]) -> fits.Header:
    """Header of a part of a stack, whose first pixel is `origin_yx` of it, px from zero, if need be between pixels."""
    header = _header(stack, job, keep=frozenset({"BUNIT", "NFRAMES", "NREJ", *_wcs_keys(stack)}))
    for keys, origin in ((("CRPIX1", "LOCKX"), origin_yx[1]), (("CRPIX2", "LOCKY"), origin_yx[0])):
        for key in keys:
            if key in header:
                header[key] = (header[key] - origin, header.comments[key])
    return header


def stacked_of(header: fits.Header) -> Stacked:
    """What `stack_header` wrote. Raises KeyError for another header."""
    return Stacked(
        n_used=header["NFRAMES"],
        n_frames=header["NFRAMES"] + header["NREJ"],
        unit=header["BUNIT"],
        lock_yx=(header["LOCKY"] - 1, header["LOCKX"] - 1),
        scale_arcsec=header["PIXSCALE"],
        detector_arcsec=header["DETSCALE"],
        is_sharpened=header["SHARPEND"],
    )


def electron_per_adu_of(raw: fits.Header) -> float | None:
    """Gain, multiplication included, as a raw header states it; None where it does not."""
    gain = raw.get("GAIN")
    return float(gain) if isinstance(gain, int | float) and not isinstance(gain, bool) and gain > 0 else None


def north_and_east(header: fits.Header) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Unit vectors (y, x) in the image that point north and east; None where its header does not tell."""
    if not {"CD1_1", "CD1_2", "CD2_1", "CD2_2"} <= set(header):
        return None
    (a, b), (c, d) = (header["CD1_1"], header["CD1_2"]), (header["CD2_1"], header["CD2_2"])
    determinant = a * d - b * c
    if determinant == 0:
        return None
    # Columns of the inverse, x before y: where a step along east (the first axis), or north, goes in pixels.
    east, north = (-c / determinant, d / determinant), (a / determinant, -b / determinant)
    return _unit(north), _unit(east)


def _header(carried: fits.Header, job: Job, *, keep: frozenset[str] = frozenset()) -> fits.Header:
    """What of a header is carried over, and after it where the product comes from."""
    header = fits.Header()
    own = {key for key, *_ in _provenance(job)}
    for card in carried.copy().cards:  # cards are changed later, and belong to their header
        is_own = card.keyword in own or SOURCE_KEY.fullmatch(card.keyword)
        if card.keyword and not is_own and (card.keyword in keep or card.keyword not in NOT_CARRIED):
            header.append(card, end=True)
    _extend(header, _provenance(job))
    return header


def _provenance(job: Job) -> Iterator[Card]:
    yield "INSTRUME", INSTRUMENT, ""
    yield "RLEVEL", int(ReductionLevel.FINAL), "reduction level"
    yield "PRODKIND", job.kind.value, "what this was made as"
    yield "PRODSUBJ", job.subject, ""
    yield "PRODALG", job.algorithm, "algorithm"
    yield "PRODVER", job.version, "its version"
    yield "PRODPAR", json.dumps(dict(job.parameters), sort_keys=True, default=_plain), ""
    yield "PRODID", job.fingerprint, ""
    yield "SOFTWARE", f"{SOFTWARE} {SOFTWARE_VERSION}", ""
    for number, raw in enumerate(_inputs(job, "raw"), start=1):
        yield f"RAW{number:05d}", raw.name, ""
        yield f"RSHA{number:04d}", raw.sha256, ""
    for role, (name_key, sha_key) in MASTER_KEYS.items():
        for master in _inputs(job, role)[:1]:
            yield name_key, master.name, ""
            yield sha_key, master.sha256, ""


def _inputs(job: Job, role: str) -> list[Input]:
    return [each for each in job.inputs if each.role == role]


def _wcs(raw: fits.Header, shape: tuple[int, int], scale_arcsec: float, fine: float) -> Iterator[Card]:
    """North up and east left about the pointing, which is taken for the middle of the detector; nothing if not known.

    Pixel (y, x) of the detector is (fine * y, fine * x) here: the middle is half a fine step off that of `shape`.
    """
    pointing = pointing_of(dict(raw))
    if pointing is None:
        return
    step_deg = scale_arcsec / 3600
    middle_y, middle_x = (fine * (side / fine - 1) / 2 + 1 for side in shape)
    yield "CTYPE1", "RA---TAN", "north is taken to be up"
    yield "CTYPE2", "DEC--TAN", ""
    yield "CUNIT1", "deg", ""
    yield "CUNIT2", "deg", ""
    yield "CRVAL1", pointing[0], "[deg] where the telescope pointed"
    yield "CRVAL2", pointing[1], "[deg]"
    yield "CRPIX1", middle_x, "middle of the detector"
    yield "CRPIX2", middle_y, ""
    yield "CD1_1", -step_deg, ""
    yield "CD1_2", 0.0, ""
    yield "CD2_1", 0.0, ""
    yield "CD2_2", step_deg, ""
    yield "RADESYS", "ICRS", ""


def _wcs_keys(header: fits.Header) -> set[str]:
    begins = ("CTYPE", "CUNIT", "CRVAL", "CRPIX", "CD1_", "CD2_", "RADESYS")
    return {key for key in header if key.startswith(begins)}


def _extend(header: fits.Header, cards: Iterator[Card] | list[Card]) -> None:
    for key, value, comment in cards:
        header[key] = (value, comment)


def _unit(vector_yx: tuple[float, float]) -> tuple[float, float]:
    length = float((vector_yx[0] ** 2 + vector_yx[1] ** 2) ** 0.5)
    return vector_yx[0] / length, vector_yx[1] / length


def _output(role: str, filename: str, digest: Digest) -> Mapping[str, Any]:
    return {"role": role, "filename": filename, "sha256": digest.sha256, "size_bytes": digest.size_bytes}


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} can not stand in product.json")
