"""Frames of some nights as text for COPY."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from benchmarks.population import polygons
from benchmarks.population.frames import CALIBRATION_TIMES_S, FIRST_CALIBRATION, FLAT, Block
from benchmarks.population.lines import FINAL, NULL, RAW, FrameText, Level, Lines, Night
from benchmarks.population.plan import MASTERS, Plan
from benchmarks.population.world import (
    CALIBRATION_PROPOSAL,
    FILTERS,
    FIRST_NIGHT,
    NO_FILTER,
    SEED,
    Floats,
    World,
    submitter,
)

LETTERS = "bdf"
TYPES = ("BIAS", "DARK", "SKYFLAT")
KINDS = ("bias", "dark", "skyflat")
SHARE_WITHOUT_FOOTPRINT = 0.02
SHARE_OF_STANDARDS = 0.03
RAW_AFTER_S, PRODUCT_AFTER_S = 1200.0, 30_000.0  # from the exposure to the archive
DAY_S, HOUR_S = 86400.0, 3600.0


class _Exposure(NamedTuple):
    """One science exposure, ready to be written."""

    of: int
    raw_id: int
    product_id: int
    number: int
    proposal: int
    target: int
    optical: int
    time_s: float
    request_id: int
    observation_id: int
    is_never_public: bool
    submitter: int
    masters: list[int]
    kind: str
    has_footprint: bool
    at: str
    public: str
    stored: str
    reduced: str
    area: str
    centre: str


def text_of(world: World, plan: Plan, block: Block) -> dict[str, str]:
    """Lines of each table, the frames in the order of their ids."""
    writer = _Writer(world, plan, block)
    writer.add_calibrations()
    writer.add_masters()
    for exposure in _exposures(world, plan, block):
        writer.add_exposure(exposure)
    writer.add_placeholders()
    return writer.lines.text()


class _Writer:
    """Puts the frames of a block in words."""

    def __init__(self, world: World, plan: Plan, block: Block) -> None:
        self.lines = Lines(block.first_id, block.end_id - block.first_id, last_id=plan.n_frames)
        self._world = world
        self._plan = plan
        self._block = block
        self._nights: dict[int, Night] = {}

    def add_calibrations(self) -> None:
        found = self._block.calibrations
        numbers = (part.tolist() for part in (found.of, found.id, found.number, found.kind, found.master_id))
        instants = (_instants(found.at_s), _instants(found.at_s + RAW_AFTER_S))
        for of, frame_id, number, kind, master_id, at, stored in zip(*numbers, *instants, strict=True):
            night = self._night(of)
            name = night.basename(f"{number:04d}")
            self.lines.add_exposure(frame_id, night, name)
            self._add_calibration(of, kind, frame_id, f"{name}-{LETTERS[kind]}00", RAW, at=at, stored=stored)
            self.lines.relate(frame_id, master_id, "raw-of")

    def add_masters(self) -> None:
        """Of each night a bias, a dark, and a sky flat in one filter."""
        of = self._block.of
        at_s = self._plan.night[of] * DAY_S + self._world.site_hours[self._plan.instrument[of]] * HOUR_S
        columns = (of.tolist(), self._block.master_ids.tolist(), _instants(at_s), _instants(at_s + PRODUCT_AFTER_S))
        for each, first_id, at, stored in zip(*columns, strict=True):
            for kind in range(MASTERS):
                optical = f"-{self._flat_filter(each)}".replace("*", "") if kind == FLAT else ""
                basename = self._night(each).basename(f"{KINDS[kind]}-bin1x1{optical}")
                self._add_calibration(each, kind, first_id + kind, basename, FINAL, at=at, stored=stored)

    def add_exposure(self, one: _Exposure) -> None:
        """The raw frame and its product, which names the raw frame and two or three masters."""
        night = self._night(one.of)
        name = night.basename(f"{one.number:04d}")
        self.lines.add_exposure(one.raw_id, night, name)
        for frame_id, level, stored in ((one.raw_id, RAW, one.stored), (one.product_id, FINAL, one.reduced)):
            self.lines.add(
                FrameText(
                    frame_id=frame_id,
                    night=night,
                    basename=f"{name}-e{level.ending}",
                    exposure=one.raw_id,
                    at=one.at,
                    public=NULL if one.is_never_public else one.public,
                    stored=stored,
                    proposal=self._world.proposals[one.proposal],
                    target=self._world.targets[one.target],
                    optical=FILTERS[one.optical],
                    kind=one.kind,
                    level=level,
                    time_s=one.time_s,
                    observation_id=one.observation_id,
                    request_id=one.request_id,
                    area=one.area if one.has_footprint else NULL,
                    centre=one.centre if one.has_footprint else NULL,
                    submitter=submitter(one.submitter),
                )
            )
        self.lines.relate(one.raw_id, one.product_id, "raw-of")
        for master_id in one.masters if one.product_id % 3 else one.masters[::2]:
            self.lines.relate(master_id, one.product_id, "calibrates")

    def add_placeholders(self) -> None:
        """Bad pixel masks that a product names and that never came."""
        block = self._block
        products = dict(zip(block.exposures.of.tolist(), block.exposures.product_id.tolist(), strict=True))
        for of, frame_id in zip(block.placeholder_of.tolist(), block.placeholder_ids.tolist(), strict=True):
            night = self._night(of)
            self.lines.add_placeholder(frame_id, night.basename("bpm-full_frame"), at=night.day)
            self.lines.relate(frame_id, products[of], "calibrates")

    def _add_calibration(
        self, of: int, kind: int, frame_id: int, basename: str, level: Level, *, at: str, stored: str
    ) -> None:
        """Public at once, of no target, without a footprint."""
        self.lines.add(
            FrameText(
                frame_id=frame_id,
                night=self._night(of),
                basename=basename,
                exposure=frame_id if level is RAW else NULL,
                at=at,
                public=at,
                stored=stored,
                proposal=CALIBRATION_PROPOSAL,
                optical=self._flat_filter(of) if kind == FLAT else FILTERS[NO_FILTER],
                kind=TYPES[kind],
                level=level,
                time_s=float(CALIBRATION_TIMES_S[kind]),
                observation_id=FIRST_CALIBRATION + of,
            )
        )

    def _flat_filter(self, of: int) -> str:
        return FILTERS[self._block.flat_filter[of - int(self._block.of[0])]]

    def _night(self, of: int) -> Night:
        if of not in self._nights:
            instrument, world = int(self._plan.instrument[of]), self._world
            day = (FIRST_NIGHT + timedelta(days=int(self._plan.night[of]))).isoformat()
            self._nights[of] = Night(
                site=world.sites[instrument],
                telescope=world.telescopes[instrument],
                instrument=world.instruments[instrument],
                prefix=world.prefixes[instrument],
                day=day,
                compact_day=day.replace("-", ""),
            )
        return self._nights[of]


def _exposures(world: World, plan: Plan, block: Block) -> Iterator[_Exposure]:
    found, rng = block.exposures, np.random.default_rng([SEED, block.first_id, 1])
    instrument, chance = plan.instrument[found.of], rng.random((2, len(found.of)))
    science = np.where(chance[0] < SHARE_OF_STANDARDS, "STANDARD", "EXPOSE")
    kinds = np.where(world.is_spectrograph(instrument), "SPECTRUM", science)
    arrays = (
        *(found.of, found.raw_id, found.product_id, found.number, found.proposal, found.target, found.optical),
        *(found.time_s, found.request_id, found.observation_id, found.is_never_public, found.submitter, found.masters),
        *(kinds, chance[1] >= SHARE_WITHOUT_FOOTPRINT),
    )
    texts = (
        _instants(found.at_s),
        _instants(found.at_s + DAY_S * world.embargo_days[found.proposal]),
        _instants(found.at_s + RAW_AFTER_S),
        _instants(found.at_s + PRODUCT_AFTER_S),
        polygons.squares(found.ra_deg, found.dec_deg, world.field_deg[instrument], found.angle),
        polygons.points(found.ra_deg, found.dec_deg),
    )
    return map(_Exposure._make, zip(*(array.tolist() for array in arrays), *texts, strict=True))


def _instants(at_s: Floats) -> list[str]:
    """Text of instants, given in seconds since the midnight of the first night."""
    start = np.datetime64(FIRST_NIGHT, "ms")
    instants = start + np.round(at_s * 1000.0).astype("timedelta64[ms]")
    return [f"{instant}Z" for instant in np.datetime_as_string(instants, unit="ms").tolist()]
