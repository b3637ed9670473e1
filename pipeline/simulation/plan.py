"""What is observed in a simulated night: its targets, calibrations and seeing exposures, and when."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zlib import crc32

from pipeline.simulation.camera import FAST, MODES, SLOW, DetectorMode
from pipeline.simulation.files import file_names, moment_token, observation_name
from pipeline.simulation.optics import KITT_PEAK, PALOMAR, Telescope
from pipeline.simulation.sky import Place
from pipeline.simulation.targets import TARGETS, Target, reference

KITT_PEAK_FROM = date(2015, 9, 1)
PLACES = {KITT_PEAK.name: Place(31.9583, -111.5967), PALOMAR.name: Place(33.3563, -116.865)}
CAMERA_NAME = "VIC"
MARK = "o"
FIRST_CALIBRATION = time(2, 20)  # UTC: all of a night's names carry one date
FIRST_TARGET = time(3, 10)
FIRST_REFERENCE = time(8, 30)
BETWEEN_CALIBRATIONS = timedelta(minutes=4)
BETWEEN_TARGETS = timedelta(minutes=41)
BETWEEN_REFERENCES = timedelta(minutes=3)
SEEING_AT = ((time(3, 2), 1.05), (time(5, 14), 0.90), (time(6, 58), 1.25), (time(8, 21), 1.40))
SEEING_FILTER = "Si"
DARK_FRAMES, FLAT_FRAMES, SEEING_FRAMES = 24, 24, 4


class Kind(StrEnum):
    """What an exposure shows. All but the first begin names of files."""

    SCIENCE = "science"
    DARK = "dark"
    FLAT = "flat"
    SEEING = "seeing"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure: its files share the beginning `stem` of their names."""

    kind: Kind
    stem: str
    started_at: datetime
    _: KW_ONLY
    n_frames: int
    frames_per_file: int
    mode: DetectorMode = FAST
    filter_name: str = ""  # empty: the shutter was closed
    target: Target | None = None  # of science
    seeing_arcsec: float | None = None  # of a seeing exposure: at 500 nm, where it points

    @property
    def exposure_s(self) -> float:
        return self.n_frames * self.mode.frame_s

    @property
    def file_names(self) -> list[str]:
        return file_names(self.stem, -(-self.n_frames // self.frames_per_file))


@dataclass(frozen=True, slots=True)
class Night:
    """A night and how much of it: frames of `size_px`, `n_frames` for each target if that is given."""

    date: date
    seed: int = 1
    size_px: int = 512
    n_frames: int | None = None
    is_full: bool = False  # as many frames as a real night has
    n_references: int = 0  # single bright stars beside the targets: for a PSF library

    @property
    def telescope(self) -> Telescope:
        return KITT_PEAK if self.date >= KITT_PEAK_FROM else PALOMAR

    @property
    def place(self) -> Place:
        return PLACES[self.telescope.name]

    @property
    def frames_per_file(self) -> int:
        return 90 if self.is_full else 25

    def exposures(self) -> list[Exposure]:
        """All exposures by time."""
        planned = [*self._calibrations(), *self._science(), *self._seeing()]
        return sorted(planned, key=lambda exposure: exposure.started_at)

    def _calibrations(self) -> Iterator[Exposure]:
        starts = self._times(FIRST_CALIBRATION, BETWEEN_CALIBRATIONS)
        for mode in MODES:
            dark = self._calibration(Kind.DARK, f"dark_{mode.token}", next(starts), n_frames=DARK_FRAMES)
            yield replace(dark, mode=mode)
        for name in sorted({target.filter_name for target in TARGETS}):
            flat = self._calibration(Kind.FLAT, f"flat_{name}", next(starts), n_frames=FLAT_FRAMES)
            yield replace(flat, filter_name=name)

    def _seeing(self) -> Iterator[Exposure]:
        for at, seeing in SEEING_AT:
            beginning = f"seeing_{CAMERA_NAME}_{SEEING_FILTER}"
            start = next(self._times(at, timedelta()))
            star = self._calibration(Kind.SEEING, beginning, start, n_frames=SEEING_FRAMES)
            yield replace(star, mode=SLOW, filter_name=SEEING_FILTER, seeing_arcsec=seeing)

    def _calibration(self, kind: Kind, beginning: str, start: datetime, *, n_frames: int) -> Exposure:
        start = _unrounded(start, f"{beginning} {start:%H%M}")
        stem = f"{beginning}_{moment_token(start)}"
        n_frames = min(n_frames, self.n_frames or n_frames)
        return Exposure(kind, stem, start, n_frames=n_frames, frames_per_file=n_frames)

    def _science(self) -> Iterator[Exposure]:
        references = [reference(number) for number in range(self.n_references)]
        starts = (self._times(FIRST_TARGET, BETWEEN_TARGETS), self._times(FIRST_REFERENCE, BETWEEN_REFERENCES))
        for target, start in (*zip(TARGETS, starts[0], strict=False), *zip(references, starts[1], strict=False)):
            at = _unrounded(start, target.name)
            stem = observation_name(
                program=target.program,
                target=target.name,
                camera=CAMERA_NAME,
                filter_name=target.filter_name,
                mark=MARK,
                at=at,
            )
            n_frames = self.n_frames or (target.n_frames_full if self.is_full else target.n_frames)
            yield Exposure(
                Kind.SCIENCE,
                stem,
                at,
                n_frames=n_frames,
                frames_per_file=self.frames_per_file,
                mode=target.mode,
                filter_name=target.filter_name,
                target=target,
            )

    def _times(self, first: time, step: timedelta) -> Iterator[datetime]:
        at = datetime.combine(self.date, first, tzinfo=UTC)
        while True:
            yield at
            at += step


def _unrounded(at: datetime, what: str) -> datetime:
    """A time that no clock would round: some seconds later."""
    return at + timedelta(microseconds=crc32(what.encode()) % 50_000_000)
