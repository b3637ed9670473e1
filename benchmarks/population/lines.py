"""Lines of text for COPY, columns separated by tabs: a frame, and the rows that belong to it."""

from dataclasses import dataclass

import numpy as np

from benchmarks.population.headers import header_json
from benchmarks.population.world import SEED

COLUMNS = {
    "archive_exposure": "id, kind, site_id, name, night",
    "archive_frame": (
        "id, basename, exposure_id, observation_date, observation_day, public_date, proposal_id, site_id, "
        "telescope_id, instrument_id, target_name, primary_optical_element, configuration_type, reduction_level, "
        "exposure_time, observation_id, request_id, area, centre, is_listed, modified_at, submitter"
    ),
    "archive_headers": "frame_id, data",
    "archive_storedobject": (
        "id, store, path, version_id, size_bytes, md5, sha256, crc32, stored_at, verified_at, fault"
    ),
    "archive_version": "id, frame_id, object_id, extension, md5, is_fits, created, preview_attempts",
    "archive_relation": "source_id, derived_id, kind",
}
EXTENSION = ".fits.fz"
NULL = "\\N"
SHARE_WITH_HEADER = 0.1
SHARE_REPROCESSED = 0.02  # of products: an older version stands behind the newest


@dataclass(frozen=True, slots=True)
class Level:
    """A reduction level: as file names end, as the column has it, and its folder."""

    ending: str
    number: int
    folder: str


RAW, FINAL = Level("00", 0, "raw"), Level("91", 91, "processed")


@dataclass(frozen=True, slots=True)
class Night:
    """What all frames of an instrument's night have in common."""

    site: str
    telescope: str
    instrument: str
    prefix: str  # of file names
    day: str
    compact_day: str

    def basename(self, rest: str) -> str:
        return f"{self.prefix}-{self.compact_day}-{rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameText:
    """A frame that has bytes; instants as text."""

    frame_id: int
    night: Night
    basename: str
    exposure: int | str = NULL
    at: str
    public: str
    stored: str
    proposal: str
    target: str = ""
    optical: str
    kind: str
    level: Level
    time_s: float
    observation_id: int
    request_id: int | str = NULL
    area: str = NULL
    centre: str = NULL
    submitter: str = ""


class Lines:
    """Lines of `n` frames from `first_id` on. Older versions have ids above `last_id`, the last of all frames."""

    def __init__(self, first_id: int, n: int, *, last_id: int) -> None:
        rng = np.random.default_rng([SEED, first_id])
        self._first_id = first_id
        self._last_id = last_id
        self._md5 = rng.bytes(2 * 16 * n).hex()
        self._sha256 = rng.bytes(2 * 32 * n).hex()
        self._numbers: list[int] = rng.integers(0, 2**32, 2 * n).tolist()
        self._with_header: list[bool] = (rng.random(n) < SHARE_WITH_HEADER).tolist()
        self._reprocessed: list[bool] = (rng.random(n) < SHARE_REPROCESSED).tolist()
        self._frames = [""] * n
        self._lines: dict[str, list[str]] = {table: [] for table in COLUMNS}

    def text(self) -> dict[str, str]:
        """Text of each table; frames in the order of their ids, however they were added."""
        return {table: "".join(lines) for table, lines in (self._lines | {"archive_frame": self._frames}).items()}

    def add(self, frame: FrameText) -> None:
        """A frame with its bytes; with its header and submitter when it is one of those that have them."""
        place, night = frame.frame_id - self._first_id, frame.night
        submitter = ""
        if self._with_header[place]:
            self._add_header(frame)
            submitter = frame.submitter
        self._frames[place] = (
            f"{frame.frame_id}\t{frame.basename}\t{frame.exposure}\t{frame.at}\t{night.day}\t{frame.public}\t"
            f"{frame.proposal}\t{night.site}\t{night.telescope}\t{night.instrument}\t{frame.target}\t"
            f"{frame.optical}\t{frame.kind}\t{frame.level.number}\t{frame.time_s}\t{frame.observation_id}\t"
            f"{frame.request_id}\t{frame.area}\t{frame.centre}\tt\t{frame.stored}\t{submitter}\n"
        )
        self._add_bytes(frame, place, frame.frame_id, frame.stored)
        if frame.level is FINAL and self._reprocessed[place]:
            older = f"{night.day}T23:59:59.000Z"
            self._add_bytes(frame, place + len(self._frames), self._last_id + frame.frame_id, older)

    def add_placeholder(self, frame_id: int, basename: str, *, at: str) -> None:
        """A frame of which only the name is known."""
        self._frames[frame_id - self._first_id] = (
            f"{frame_id}\t{basename}\t{NULL}\t{NULL}\t{NULL}\t{NULL}\t\t\t\t\t\t\t\t0\t"
            f"{NULL}\t{NULL}\t{NULL}\t{NULL}\t{NULL}\tf\t{at}\t\n"
        )

    def add_exposure(self, exposure_id: int, night: Night, name: str) -> None:
        self._lines["archive_exposure"].append(f"{exposure_id}\tocs\t{night.site}\t{name}\t{night.day}\n")

    def relate(self, source_id: int, derived_id: int, kind: str) -> None:
        self._lines["archive_relation"].append(f"{source_id}\t{derived_id}\t{kind}\n")

    def _add_bytes(self, frame: FrameText, place: int, object_id: int, at: str) -> None:
        md5 = self._md5[32 * place : 32 * place + 32]
        sha256 = self._sha256[64 * place : 64 * place + 64]
        number = self._numbers[place]
        night = frame.night
        path = f"{night.site}/{night.instrument}/{night.compact_day}/{frame.level.folder}/{frame.basename}{EXTENSION}"
        stamp = at[:-1].replace("-", "").replace(":", "").replace(".", "")
        self._lines["archive_storedobject"].append(
            f"{object_id}\tlocal\t{path}\t{stamp}000Z-{md5[:8]}\t{1_000_000 + number % 30_000_000}\t{md5}\t{sha256}\t"
            f"{number}\t{at}\t{at}\t\n"
        )
        self._lines["archive_version"].append(
            f"{object_id}\t{frame.frame_id}\t{object_id}\t{EXTENSION}\t{md5}\tt\t{at}\t0\n"
        )

    def _add_header(self, frame: FrameText) -> None:
        night = frame.night
        fields = (
            f'"USERID": "{frame.submitter}", "DATE-OBS": "{frame.at}", "DAY-OBS": "{night.compact_day}", '
            f'"PROPID": "{frame.proposal}", "INSTRUME": "{night.instrument}", "OBJECT": "{frame.target}", '
            f'"SITEID": "{night.site}", "TELID": "{night.telescope}", "EXPTIME": {frame.time_s}, '
            f'"FILTER": "{frame.optical}", "OBSTYPE": "{frame.kind}", "BLKUID": {frame.observation_id}, '
            f'"RLEVEL": {frame.level.number}, "ORIGNAME": "{frame.basename}"'
        )
        data = header_json(fields, instrument=night.instrument, number=frame.frame_id)
        self._lines["archive_headers"].append(f"{frame.frame_id}\t{data}\n")
