"""Files of the adaptive-optics camera Robo-AO: the name tells most, the first header the rest.

What a header lacks or has wrong is unknown, and no reason to refuse a file whose name is right.
"""

import math
import re
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from typing import Any, Self

import erfa
import numpy as np

from archive.enums import RawKind, ReductionLevel, RelationKind
from archive.errors import UsageError
from ingest import sphere
from ingest.headers import translator as read
from ingest.headers.installations import installation_at
from ingest.headers.record import FrameRecord, RelatedName, Ring
from ingest.headers.rules import HeaderRules
from ingest.headers.translator import Header, Source
from ingest.roboao_names import CameraName, MasterName, ProductName, RawName, read_name

INSTRUMENT = "roboao"
FIELD_ARCSEC = 36.0  # side of the field, where the header does not tell how many pixels were read
MOST_ARCSEC = 120.0  # a header that declares more pixels than the camera has gives no larger field
SUBARRAY_PX = 256
TYPE_OF_KIND = {
    RawKind.SCIENCE: "EXPOSE",
    RawKind.DARK: "DARK",
    RawKind.FLAT: "SKYFLAT",
    RawKind.BIAS: "BIAS",
    RawKind.SEEING: "EXPERIMENTAL",
    RawKind.POINTING: "EXPERIMENTAL",
}
TYPES = tuple(dict.fromkeys(TYPE_OF_KIND.values()))
PRODUCT_RAW_KEY = re.compile(r"RAW\d{5}")  # RAW00001 and on: the raw files that a product was made of

J2000 = 2000.0
OLDEST_EQUINOX, LATEST_EQUINOX = 1984.0, 2100.0  # an older one means another reference system, FK4

# Hours or degrees, minutes, seconds. An unknown one is written 9999, which has too many digits.
_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3})[\s:hd]+([0-5]?\d)[\s:m']+([0-5]?\d(?:\.\d*)?|60(?:\.0*)?)[s\"]?")
_DETECTOR = re.compile(r"\s*\[\s*1\s*:\s*(\d{1,5})\s*,\s*1\s*:\s*\d{1,5}\s*\]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the header of a raw file tells of its observation. Angles in degrees, the pointing ICRS; None is unknown."""

    exposure_time: float | None = None  # all frames together, s
    magnitude: float | None = None
    pointing: tuple[float, float] | None = None  # RA, Dec
    altitude_deg: float | None = None
    azimuth_deg: float | None = None
    target_name: str | None = None
    ended_at: datetime | None = None  # the last frame of this file, UTC

    def filled_by(self, other: Self) -> Self:
        """These facts, and of those that are unknown the other's."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self)(**{name: getattr(other, name) if value is None else value for name, value in known.items()})


def reads(source: Source) -> bool:
    """Whether a file is the camera's: by its name, a master's also by the instrument that its header names.

    Raises UsageError when the name looks like one of the camera's and is none.
    """
    name = read_name(source.basename + source.extension)
    return name is not None and (not isinstance(name, MasterName) or _instrument_of(_main_header(source)) == INSTRUMENT)


def translate(source: Source, rules: HeaderRules) -> FrameRecord:
    """Record of a raw file, a product or a master of the camera.

    Raises UsageError when its name is none of these, or the table of installations does not know its time.
    """
    filename = source.basename + source.extension
    name = read_name(filename)
    if name is None:
        raise UsageError(f"{filename} is no name of the adaptive-optics camera's files: rename it.")
    stated = read.cleaned_header({**_main_header(source), **source.given}, rules)
    header = stated | _own_words(name, stated, rules)
    keys = rules.keys
    observed_at, night = read.instant(header, keys.observation_date), read.night_of(header, keys)
    configuration_type = header[keys.configuration_type]
    public_date = read.public_date_of(
        header, basename=source.basename, configuration_type=configuration_type, observed_at=observed_at, rules=rules
    )
    return FrameRecord(
        basename=source.basename,
        extension=source.extension,
        observation_date=observed_at,
        observation_day=night,
        configuration_type=configuration_type,
        public_date=public_date,
        proposal_id=header[keys.proposal_id],
        instrument_id=INSTRUMENT,
        site_id=header[keys.site_id],
        telescope_id=header[keys.telescope_id],
        target_name=header[keys.target_name],
        primary_optical_element=header[keys.primary_optical_element],
        reduction_level=header[keys.reduction_level],
        exposure_time=_exposure_time(stated, keys.exposure_time),
        footprint=_footprint(name, stated, rules),
        related=_related(header, source.basename, rules),
        headers=header | read.missing_dates(header, night=night, public_date=public_date, keys=keys),
    )


def facts_of(header: Header) -> Facts:
    """What a raw file's header tells of its observation."""
    target = str(header.get("OBJECT") or "").strip()
    return Facts(
        exposure_time=_exposure_time(header, "EXPOSURE"),
        magnitude=_number(header.get("MAGNITUD")),
        pointing=pointing_of(header),
        altitude_deg=_within(_number(header.get("ELVATION")), -90.0, 90.0),
        azimuth_deg=_within(_number(header.get("AZIMUTH")), 0.0, 360.0),
        target_name=target or None,
        ended_at=_moment(header.get("END_TIME")),
    )


def pointing_of(header: Header) -> tuple[float, float] | None:
    """Where the telescope pointed, else where the object was said to be: RA and Dec, degrees, ICRS; None is unknown.

    J2000 is taken for ICRS, from which it differs by 0.02 arcsec. Other equinoxes are precessed (IAU 2006).
    """
    for prefix in ("TEL", "OBJ"):
        hours, dec_deg = (sexagesimal(header.get(f"{prefix}{axis}")) for axis in ("RA", "DEC"))
        if hours is not None and dec_deg is not None and 0.0 <= hours < 24.0 and -90.0 <= dec_deg <= 90.0:
            return _to_icrs(hours * 15.0, dec_deg, header.get("EQUINOX"))
    return None


def sexagesimal(value: object) -> float | None:
    """Number that text such as `-00:12:30.5` stands for, in its first unit; None for all else.

    The sign is of the whole: minutes and seconds south of the equator go south, also where the degrees are -00.
    """
    found = _SEXAGESIMAL.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    sign, whole, minutes, seconds = found.groups()
    size = int(whole) + int(minutes) / 60 + float(seconds) / 3600
    return -size if sign == "-" else size


def _moment(value: object) -> datetime | None:
    """A time as the camera writes it, UTC without saying so; None for all else."""
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def detector_mode(name: RawName, header: Header) -> str:
    """MODE_NUM, with 4 behind it for a sub-array; what a name says is stronger; empty where nobody says."""
    if name.mode:
        return name.mode
    number = _number(header.get("MODE_NUM"))
    if number is None or number < 0 or number != int(number):
        return ""
    return f"{int(number)}{'4' if _is_subarray(header) else ''}"


def _is_subarray(header: Header) -> bool:
    width = header.get("NAXIS1")
    detector = _DETECTOR.fullmatch(str(header.get("DETSIZE", "")))
    return isinstance(width, int) and (width == SUBARRAY_PX or (detector is not None and width < int(detector[1])))


def _main_header(source: Source) -> Header:
    """Header of the first HDU that names the instrument: packed files begin with an empty one."""
    named = (header for header in source.headers if _instrument_of(header))
    return next(named, source.headers[0] if source.headers else {})


def _instrument_of(header: Header) -> str:
    return str(header.get("INSTRUME") or "").strip().lower().replace("-", "")


def _own_words(name: CameraName, stated: Header, rules: HeaderRules) -> dict[str, Any]:
    """What the name and the table of installations say, in place of what the header says of the same."""
    keys = rules.keys
    raw = name.raw if isinstance(name, ProductName) else name
    observed_at = _time_of(name, stated, rules)
    installation = installation_at(rules.installations, instrument_id=INSTRUMENT, at=observed_at)
    if installation is None:
        raise UsageError(f"INSTALLATIONS does not say where {INSTRUMENT} stood at {observed_at}: add it.")
    level = 0 if isinstance(name, RawName) else read.whole_number(stated, keys.reduction_level) or ReductionLevel.FINAL
    return {
        keys.observation_date: observed_at.replace(tzinfo=None).isoformat(timespec="microseconds"),
        keys.observation_day: f"{raw.night:%Y%m%d}",
        keys.reduction_level: int(level),
        keys.configuration_type: TYPE_OF_KIND[raw.kind],
        keys.instrument_id: INSTRUMENT,
        keys.site_id: installation.site_id,
        keys.telescope_id: installation.telescope_id,
        keys.proposal_id: raw.programme if isinstance(raw, RawName) else "",
        keys.target_name: _target_of(raw, stated),
        keys.primary_optical_element: raw.filter_name,
    }


def _target_of(raw: RawName | MasterName, stated: Header) -> str:
    """The object in the name; where that is empty, the header's. Calibrations have none."""
    if not isinstance(raw, RawName) or raw.kind is not RawKind.SCIENCE:
        return ""
    return raw.target or facts_of(stated).target_name or ""


def _time_of(name: CameraName, stated: Header, rules: HeaderRules) -> datetime:
    """The time in the name; a master's name has none: its header's, or midnight."""
    if isinstance(name, RawName):
        return name.observed_at
    if isinstance(name, ProductName):
        return name.raw.observed_at
    return read.instant(stated, rules.keys.observation_date) or _midnight(name.night)


def _midnight(night: date) -> datetime:
    return datetime.combine(night, time(), tzinfo=UTC)


def _footprint(name: CameraName, header: Header, rules: HeaderRules) -> Ring | None:
    """Outline of the field about the pointing: raw files have no WCS. North is taken to be up: nobody tells."""
    if not isinstance(name, RawName) or name.kind is not RawKind.SCIENCE:
        return None
    pointing = pointing_of(header)
    return None if pointing is None else sphere.square(pointing, side_arcsec=_side_arcsec(name, header, rules))


def _side_arcsec(name: RawName, header: Header, rules: HeaderRules) -> float:
    installation = installation_at(rules.installations, instrument_id=INSTRUMENT, at=name.observed_at)
    scale_arcsec = installation.pixel_scale_arcsec(name.camera) if installation else None
    axes = [header.get(key) for key in ("NAXIS1", "NAXIS2")]
    pixels = [axis for axis in axes if isinstance(axis, int) and axis > 0]
    if scale_arcsec is None or len(pixels) < len(axes):
        return FIELD_ARCSEC
    return min(max(pixels) * scale_arcsec, MOST_ARCSEC)


def _related(header: Header, own: str, rules: HeaderRules) -> tuple[RelatedName, ...]:
    """Raw files that the header lists, and whatever it names by the keys of all instruments."""
    raws = (read.bare_name(value) for key, value in sorted(header.items()) if PRODUCT_RAW_KEY.fullmatch(key))
    found = {name: RelatedName(name, RelationKind.RAW_OF) for name in raws if name and name != own}
    others = read.related_names(header, own=own, is_catalogue=False, rules=rules)
    return (*found.values(), *(other for other in others if other.basename not in found))


def _to_icrs(ra_deg: float, dec_deg: float, equinox: object) -> tuple[float, float] | None:
    """Coordinates of a mean equinox, ICRS; None for an equinox that can not be read, or is of the FK4 system."""
    stated = str(equinox if equinox is not None else J2000).strip().lstrip("Jj")
    year = _number(stated)
    if year is None or not OLDEST_EQUINOX <= year <= LATEST_EQUINOX:
        return None
    if year == J2000:
        return ra_deg, dec_deg
    of_date = erfa.pmat06(*erfa.epj2jd(year))  # from GCRS to the mean equinox
    direction = of_date.T @ sphere.vectors(np.array(ra_deg), np.array(dec_deg))
    return sphere.ring(direction[np.newaxis])[0]


def _number(value: object) -> float | None:
    """A number that may be written as text. 9999 means that it is not known."""
    number = read.written_number(value)
    return number if number is not None and abs(number) < 9999 else None


def _exposure_time(header: Header, other_key: str) -> float | None:
    """By the camera's own key, else by the other one that products may carry."""
    numbers = (_within(_number(header.get(key)), 0.0, math.inf) for key in ("EXPOSURE", other_key))
    return next((number for number in numbers if number is not None), None)


def _within(number: float | None, least: float, most: float) -> float | None:
    return number if number is not None and least <= number <= most else None
