"""What was observed when: the plan of the simulated nights."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from archive.errors import UsageError
from ingest.simulation.ephemeris import airmass_at, altitude_deg, best_time, sunset
from ingest.simulation.observatory import (
    CPT,
    LSC,
    M51,
    M74,
    NGC104,
    NGC2903,
    OGG,
    OMEGA_CENTAURI,
    RA_ZERO,
    SIGMA_OCTANTIS,
    Station,
    Target,
)

PUBLIC_NIGHT = date(2025, 3, 9)
PROPRIETARY_PERIOD = timedelta(days=365)
CALIBRATION_PROPOSAL = "calibrate"
CALIBRATIONS = (("BIAS", "b", 0.0), ("DARK", "d", 300.0), ("SKYFLAT", "f", 12.0))
SKYFLAT_AFTER_SUNSET = timedelta(minutes=15)
REDUCED_LEVEL = 91
USABLE_ALTITUDE_DEG = 30.0
NO_FILTER = "air"
CHANGE_OF_FILTER = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Visit:
    """One target for one telescope in one night; the first of `targets` that stands high enough is observed."""

    station: Station
    targets: tuple[Target, ...]
    proposal_id: str  # {semester} is filled in
    raw_extension: str
    reduced_extension: str
    is_public: bool = False
    has_catalogue_file: bool = False
    further_filters: tuple[str, ...] = ()  # an exposure each, after that through the station's own


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure and the names of the files made of it. `target` is None for calibrations."""

    station: Station
    night: date
    number: int
    kind: str
    letter: str
    filter: str
    started_at: datetime
    exposure_s: float
    proposal_id: str
    public_at: datetime
    raw_extension: str
    target: Target | None = None
    reduced_extension: str = ""
    has_catalogue_file: bool = False

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.exposure_s)

    @property
    def stem(self) -> str:
        return f"{self.station.prefix}-{self.station.camera.name}-{self.night:%Y%m%d}-{self.number:04d}-{self.letter}"

    @property
    def raw_name(self) -> str:
        return f"{self.stem}00"

    @property
    def reduced_name(self) -> str:
        return f"{self.stem}{REDUCED_LEVEL}"

    @property
    def catalogue_name(self) -> str:
        return f"{self.reduced_name}_cat"

    @property
    def filenames(self) -> tuple[str, ...]:
        """Raw file, then the reduced one and its catalogue where there are any."""
        names = [self.raw_name + self.raw_extension]
        if self.reduced_extension:
            names.append(self.reduced_name + self.reduced_extension)
        if self.has_catalogue_file:
            names.append(self.catalogue_name + ".fits")
        return tuple(names)

    @property
    def airmass(self) -> float | None:
        if self.target is None:
            return None
        middle = self.started_at + timedelta(seconds=self.exposure_s / 2)
        place = {"ra_deg": self.target.ra_deg, "dec_deg": self.target.dec_deg}
        return airmass_at(altitude_deg(self.station.site, middle, **place))

    def calibration_name(self, letter: str) -> str:
        """Name of this night's calibration of the same camera."""
        number = 1 + [first for _, first, _ in CALIBRATIONS].index(letter)
        return f"{self.stem.rsplit('-', 2)[0]}-{number:04d}-{letter}00"


PUBLIC_VISITS = (
    # Three filters each: of these the gallery has pictures in colour.
    Visit(
        LSC, (OMEGA_CENTAURI,), "LCOEPO2014B-010", ".fits.fz", ".fits.fz", is_public=True, further_filters=("gp", "ip")
    ),
    Visit(CPT, (RA_ZERO,), "standard", ".fits.gz", ".fits.fz", is_public=True, has_catalogue_file=True),
    Visit(OGG, (M51,), "LCO{semester}-003", ".fits", ".fits", has_catalogue_file=True, further_filters=("rp", "ip")),
)
RECENT_VISITS = (
    Visit(LSC, (SIGMA_OCTANTIS,), "LCO{semester}-007", ".fits.fz", ".fits.fz", has_catalogue_file=True),
    Visit(CPT, (NGC104,), "LCO{semester}-007", ".fits.fz", ".fits.fz"),
    Visit(OGG, (M74, M51, NGC2903), "LCO{semester}-012", ".fits", ".fits.gz"),
)


def recent_night(today: date) -> date:
    """The first of the month, or of the month before while that night is not two days past.

    A night that moved with every day would make a second run write a second set of files; this one changes once a
    month, is never older than five weeks, and so stays proprietary for most of a year.
    """
    first = today.replace(day=1)
    if today - first < timedelta(days=2):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def semester_of(night: date) -> str:
    """Observing semester: "A" begins in February, "B" in August and lasts through January."""
    months = night.year * 12 + night.month - 2  # since February of the year 0
    return f"{months // 12}{'AB'[months % 12 // 6]}"


def plan(recent: date) -> list[Exposure]:
    """All exposures of the public night, which never changes, and of the recent one, in order of time.

    Raises UsageError if both are the same night.
    """
    if recent == PUBLIC_NIGHT:
        raise UsageError(f"{recent} is the public night that is always simulated: choose another for the recent one.")
    exposures = [
        exposure
        for night, visits in ((PUBLIC_NIGHT, PUBLIC_VISITS), (recent, RECENT_VISITS))
        for visit in visits
        for exposure in (*_calibrations(visit, night), *_science(visit, night))
    ]
    return sorted(exposures, key=lambda exposure: (exposure.started_at, exposure.stem))


def _calibrations(visit: Visit, night: date) -> Iterator[Exposure]:
    at_sunset = sunset(visit.station.site, night)
    for number, (kind, letter, exposure_s) in enumerate(CALIBRATIONS, start=1):
        is_twilight = kind == "SKYFLAT"
        started_at = at_sunset + (SKYFLAT_AFTER_SUNSET if is_twilight else timedelta(minutes=10 * number - 90))
        yield Exposure(
            station=visit.station,
            night=night,
            number=number,
            kind=kind,
            letter=letter,
            filter=visit.station.filter if is_twilight else NO_FILTER,
            started_at=started_at,
            exposure_s=exposure_s,
            proposal_id=CALIBRATION_PROPOSAL,
            public_at=started_at,
            raw_extension=".fits.fz",
        )


def _science(visit: Visit, night: date) -> Iterator[Exposure]:
    target, first_at = _chosen(visit, night)
    for place, filter_name in enumerate((visit.station.filter, *visit.further_filters)):
        started_at = first_at + place * (timedelta(seconds=target.exposure_s) + CHANGE_OF_FILTER)
        yield _exposure(visit, night, target, filter_name, place=place, started_at=started_at)


def _exposure(
    visit: Visit, night: date, target: Target, filter_name: str, *, place: int, started_at: datetime
) -> Exposure:
    return Exposure(
        station=visit.station,
        night=night,
        number=len(CALIBRATIONS) + 1 + place,
        kind="EXPOSE" if visit.proposal_id != "standard" else "STANDARD",
        letter="e" if visit.proposal_id != "standard" else "s",
        filter=filter_name,
        started_at=started_at,
        exposure_s=target.exposure_s,
        proposal_id=visit.proposal_id.format(semester=semester_of(night)),
        public_at=started_at if visit.is_public else started_at + PROPRIETARY_PERIOD,
        raw_extension=visit.raw_extension,
        target=target,
        reduced_extension=visit.reduced_extension,
        has_catalogue_file=visit.has_catalogue_file,
    )


def _chosen(visit: Visit, night: date) -> tuple[Target, datetime]:
    site = visit.station.site
    times = [(target, best_time(site, night, ra_deg=target.ra_deg, dec_deg=target.dec_deg)) for target in visit.targets]
    heights = [altitude_deg(site, at, ra_deg=target.ra_deg, dec_deg=target.dec_deg) for target, at in times]
    usable = [choice for choice, height in zip(times, heights, strict=True) if height > USABLE_ALTITUDE_DEG]
    return usable[0] if usable else times[heights.index(max(heights))]
