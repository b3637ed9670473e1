"""What there is in a tree of the original archive, or of the pipeline before it: products, told by their folders.

20160925/<observation>/automated/{strehl,preview,pca}   faint/…   planetary/…   <observation>.tar.bz2
20160925/{high_flux,faint,zero_flux,failed}/<observation>/100p.fits …
20160925/calib/dark_<mode>.fits, flat_<filter>.fits
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archive.enums import RawKind, SignalClass
from ingest.roboao_names import RawName, raw_name
from pipeline.limits import limits_told
from pipeline.restoring import original_texts as texts

CLASSES = frozenset(kind.value for kind in SignalClass)
NIGHT = re.compile(r"[12][0-9]{7}")
# Share of a Strehl ratio by which its factor is uncertain, as the original's table has it; noise comes on top.
FACTOR_ERRORS: Mapping[str, float] = {"Sg": 0.0301, "Sr": 0.0173, "Si": 0.0113, "Sz": 0.0082, "lp600": 0.0134}
WAY_OF_FOLDER = {"automated": "bright", "faint": "faint", "planetary": "planetary"}
PARTS = frozenset({"strehl", "preview", "pca"})
ORIGINAL_PATTERNS, ORIGINAL_REFERENCES = 1, 5  # by its configuration, which its files do not repeat
LOCK_UNKNOWN = "its place of the star could not be read"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, its role, and the name that it gets."""

    role: str
    filename: str
    path: Path


@dataclass(slots=True)
class FoundProduct:
    """One product of a tree. Values and measurements are what its text files say."""

    night: date
    subject: str
    kind: str
    observation: RawName | None = None
    files: list[FoundFile] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    strehl: dict[str, Any] | None = None
    seeing: dict[str, Any] | None = None
    contrast: dict[str, Any] | None = None
    companions: Sequence[dict[str, Any]] = ()
    told: dict[str, Any] | None = None  # what its product.json says, where there is one
    faults: list[str] = field(default_factory=list)  # of files that could not be read


def nights_in(folder: Path, *, leave_out: Callable[[Path, str], None]) -> Iterator[tuple[date, Path]]:
    """Folders of nights, the oldest first; `leave_out` hears of what is none."""
    for night in sorted(folder.iterdir()):
        day = _day_of(night)
        if day is None or not night.is_dir():
            leave_out(night, "it is no folder of a night, which is called yyyymmdd")
        else:
            yield day, night


def products_of_night(day: date, night: Path, *, leave_out: Callable[[Path, str], None]) -> Iterator[FoundProduct]:
    """Products of one night, in the order of their paths, by folders and text files alone."""
    for below in sorted(night.iterdir()):
        yield from _products_of(day, below, leave_out)


def _products_of(day: date, folder: Path, leave_out: Callable[[Path, str], None]) -> Iterator[FoundProduct]:
    if folder.name == "calib":
        yield from _masters_in(day, folder, leave_out)
    elif folder.name in CLASSES:
        for below in sorted(folder.iterdir()):
            name = _observation(below, day)
            if name is None:
                leave_out(below, "it is no folder of an observation of this night")
            else:
                yield from _lucky(name, below, SignalClass(folder.name))
    elif folder.name == "summary":
        leave_out(folder, "pictures of a night are made anew from its measurements")
    elif (name := _observation(folder, day)) is not None:
        yield from _of_observation(name, folder)
    else:
        leave_out(folder, "it is neither a folder of an observation of this night, nor one of a class")


def _of_observation(name: RawName, folder: Path) -> Iterator[FoundProduct]:
    for way, kind in WAY_OF_FOLDER.items():
        stack = _Finder(name, kind, folder / way)
        yield from stack.of_stack()
        for part in sorted(PARTS):
            yield from _Finder(name, f"{kind}-{part}", folder / way / part).of_part()
    yield from _Finder(name, "bundle", folder).of_bundle()


def _lucky(name: RawName, folder: Path, signal_class: SignalClass) -> Iterator[FoundProduct]:
    for found in _Finder(name, "bright", folder).of_stack():
        found.values["signal_class"] = signal_class.value
        yield found


def _masters_in(day: date, folder: Path, leave_out: Callable[[Path, str], None]) -> Iterator[FoundProduct]:
    for path in sorted(folder.iterdir()):
        kind, _, what = path.stem.partition("_")
        if path.suffix != ".fits" or kind not in (RawKind.DARK, RawKind.FLAT) or not what:
            leave_out(path, "it is no master calibration, such as dark_1.fits or flat_Si.fits")
            continue
        file = FoundFile("master", f"{path.stem}_{day:%Y%m%d}.fits", path)
        yield FoundProduct(day, path.stem, kind, files=[file])


@dataclass(frozen=True, slots=True)
class _Finder:
    name: RawName
    kind: str
    folder: Path

    def of_stack(self) -> Iterator[FoundProduct]:
        """Stacks and what stands beside them; nothing where there is no stack."""
        found = self._with({"stack": self._stacks(), "simple_sum": ("simple_sum.fits", "sum.fits")})
        if not found.files:
            return
        self._add(found, "settings", "pipeline_settings.txt", self._read_settings)
        self._add(found, "sorted", "sorted.txt", self._read_sorted)
        self._add(found, "frames_text", "frames.txt", None)
        self._add(found, "shifts", "shifts.txt", self._read_shifts)
        yield found

    def of_part(self) -> Iterator[FoundProduct]:
        part = self.kind.rpartition("-")[2]
        roles = {
            "strehl": {"box": ("box.fits",), "text": ("strehl.txt",)},
            "preview": {"full": ("full.png",), "cropped": ("cropped.png",)},
            "pca": {
                "residual": ("pca.fits",),
                "picture": ("pca.png",),
                "text": ("contrast_curve.txt",),
                "curve": ("contrast_curve.png",),
            },
        }[part]
        found = self._with(roles)
        for file in found.files:
            if file.role == "text":
                self._read(found, file.path, self._read_strehl if part == "strehl" else self._read_curve)
        if found.files:
            yield found

    def of_bundle(self) -> Iterator[FoundProduct]:
        found = self._with({"bundle": ()})
        path = self.folder / f"{self.name.exposure}.tar.bz2"
        if path.is_file():
            found.files.append(FoundFile("bundle", path.name, path))
            yield found

    def _stacks(self) -> tuple[str, ...]:
        """By the pipeline before, by the original, and by what its own page said."""
        return {"bright": ("100p.fits",), "faint": ("summed.fits", "faint.fits")}.get(self.kind, ("planetary.fits",))

    def _with(self, roles: Mapping[str, tuple[str, ...]]) -> FoundProduct:
        found = FoundProduct(self.name.night, self.name.exposure, self.kind, observation=self.name)
        for role, labels in roles.items():
            paths = ((label, self.folder / f"{begin}{label}") for label in labels for begin in self._beginnings())
            for label, path in paths:
                if path.is_file():
                    found.files.append(FoundFile(role, f"{self.name.exposure}_{label}", path))
                    break
        return found

    def _beginnings(self) -> tuple[str, str]:
        return f"{self.name.exposure}_", ""

    def _add(self, found: FoundProduct, role: str, filename: str, read: "_Reader | None") -> None:
        path = self.folder / filename
        if path.is_file():
            found.files.append(FoundFile(role, filename, path))
            if read is not None:
                self._read(found, path, read)

    def _read(self, found: FoundProduct, path: Path, read: "_Reader") -> None:
        try:
            read(found, path.read_text(encoding="utf-8", errors="replace"))
        except ValueError as error:
            found.faults.append(f"{path}: {error}")

    def _read_strehl(self, found: FoundProduct, text: str) -> None:
        told = texts.strehl_of(text)
        share = FACTOR_ERRORS.get(self.name.filter_name, max(FACTOR_ERRORS.values()))
        found.strehl = {
            **asdict(told),
            "strehl_error": told.strehl_ratio * share,
            "strehl_legacy": told.strehl_ratio,
            "warnings": ["by the original's formula: its error is that of the factor alone"],
        }
        found.values |= asdict(told)

    def _read_curve(self, found: FoundProduct, text: str) -> None:
        curve = texts.curve_of(text)
        found.values["lock_yx_px"] = list(curve.lock_yx)
        separations, limits = zip(*curve.points, strict=True)
        mags = [limit if math.isfinite(limit) else None for limit in limits]
        found.contrast = {
            "separations_arcsec": list(separations),
            "delta_mags": mags,
            **limits_told(separations, mags),
            "throughputs": [],
            "thresholds": [],
            "sigma": 5.0,
            "component_count": ORIGINAL_PATTERNS,
            "reference_count": ORIGINAL_REFERENCES,
            "library_version": "",
        }

    def _read_shifts(self, found: FoundProduct, text: str) -> None:
        lock, shifts = texts.shifts_of(text)
        found.values["lock_yx_px"] = list(lock)
        found.values["shifts"] = [asdict(shift) for shift in shifts]
        found.values["n_used"] = sum(shift.is_used for shift in shifts)
        found.values["n_frames"] = len(shifts)

    def _read_settings(self, found: FoundProduct, text: str) -> None:
        lock = texts.guide_star_of(text)
        if lock is None:
            raise ValueError(LOCK_UNKNOWN)
        found.values["guide_star_yx_px"] = list(lock)

    def _read_sorted(self, found: FoundProduct, text: str) -> None:
        best = texts.best_frame_of(text)
        if best is None:
            raise ValueError("its second line does not name the best frame")
        found.values["best_frame"] = {"file": best[0], "frame": best[1]}


_Reader = Callable[[FoundProduct, str], None]


def _observation(folder: Path, day: date) -> RawName | None:
    """Name of the observation whose folder this is."""
    name = raw_name(folder.name) if folder.is_dir() else None
    if name is None or name.kind is not RawKind.SCIENCE or name.file_number or name.night != day:
        return None
    return name


def _day_of(folder: Path) -> date | None:
    if NIGHT.fullmatch(folder.name) is None:
        return None
    try:
        return datetime.strptime(folder.name, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None
