"""Headers of Photon Ranch sites: what their families are searched by, and their FITS files as frames.

Keys that the OCS requires may be absent here. What a header lacks or has wrong is unknown, and no reason to refuse a
file: the name tells site, instrument, night, type and level.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from archive.errors import UsageError
from ingest.family_names import FamilyName, parse_name
from ingest.headers import translator as read
from ingest.headers.record import FrameRecord
from ingest.headers.rules import HeaderRules
from ingest.headers.translator import Header, Source

RA_KEY, DEC_KEY = "OBJCTRA", "OBJCTDEC"
STACK_KEY, STACK_NUMBER_KEY = "SMARTSTK", "SSTKNUM"
NO_STACK = frozenset({"", "no", "none", "false", "n/a"})
NOTHING = frozenset({"", "none", "null"})  # as sites write that a key has no value
LONGEST_TEXT = 200
TYPE_OF_IMAGE = {  # IMAGETYP, in lower case
    "light": "EXPOSE",
    "bias": "BIAS",
    "dark": "DARK",
    "flat": "SKYFLAT",
    "screen flat": "LAMPFLAT",
    "sky flat": "SKYFLAT",
    "skyflat": "SKYFLAT",
}
TYPE_OF_DATA = {"EP": "EXPERIMENTAL", "EF": "EXPERIMENTAL"}  # experiments and focus frames; all others are exposures
_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3})[\s:hd]+(\d{1,2})(?:[\s:m']+(\d{1,2}(?:\.\d*)?))?[s\"m']?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FamilyRecord:
    """What the header of a family tells, typed. Angles in degrees, times aware UTC; None is unknown."""

    observation_date: datetime | None
    public_date: datetime | None
    proposal_id: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    altitude_deg: float | None = None
    azimuth_deg: float | None = None
    airmass: float | None = None
    exposure_time: float | None = None  # open shutter, s
    primary_optical_element: str = ""
    username: str = ""
    user_id: str = ""
    stack_name: str = ""  # of the smart stack it is part of
    stack_number: int = 0
    header: Mapping[str, Any] = field(default_factory=dict)


def family_record(name: FamilyName, header: Header, rules: HeaderRules) -> FamilyRecord:
    """What a family's header says of it. Nothing in a header is a reason to refuse it."""
    known = _known(header, rules)
    observed_at = _instant(known, rules.keys.observation_date)
    stack_name = _stack_name(known.get(STACK_KEY))
    return FamilyRecord(
        observation_date=observed_at,
        public_date=_public_date(known, name, observed_at=observed_at, rules=rules),
        proposal_id=_text(known, rules.keys.proposal_id)[:64],
        ra_deg=right_ascension_deg(known.get(RA_KEY)),
        dec_deg=declination_deg(known.get(DEC_KEY)),
        altitude_deg=read.written_number(known.get("ALTITUDE")),
        azimuth_deg=read.written_number(known.get("AZIMUTH")),
        airmass=read.written_number(known.get("AIRMASS")),
        exposure_time=read.written_number(known.get(rules.keys.exposure_time)),
        primary_optical_element=_text(known, rules.keys.primary_optical_element)[:100],
        username=_text(known, "USERNAME"),
        user_id=_text(known, "USERID"),
        stack_name=stack_name,
        stack_number=_count_of(known.get(STACK_NUMBER_KEY)) if stack_name else 0,
        header=dict(header),
    )


def translate(source: Source, rules: HeaderRules) -> FrameRecord:
    """Record of a FITS file of a family.

    Raises UsageError when its name is none of a family.
    """
    name = parse_name(source.basename + source.extension)
    keys = rules.keys
    stated = _known({**main_header(source, rules), **source.given}, rules)
    observed_at = _instant(stated, keys.observation_date)
    public_date = _public_date(stated, name, observed_at=observed_at, rules=rules)
    night = name.night
    if stated.get(keys.observation_day):
        with suppress(UsageError):
            night = read.night_of(stated, keys)
    own = {
        keys.site_id: name.site,
        keys.instrument_id: name.instrument,
        keys.reduction_level: name.level,
        keys.configuration_type: _configuration_type(stated, name, rules),
    }
    header = {**stated, **own, **read.missing_dates(stated, night=night, public_date=public_date, keys=keys)}
    record = FrameRecord(
        basename=source.basename,
        extension=source.extension,
        observation_date=observed_at,
        observation_day=night,
        configuration_type=header[keys.configuration_type],
        public_date=public_date,
        proposal_id=_text(stated, keys.proposal_id)[:64],
        instrument_id=name.instrument,
        site_id=name.site,
        telescope_id=_text(stated, keys.telescope_id)[:64],
        target_name=_text(stated, keys.target_name),
        primary_optical_element=_text(stated, keys.primary_optical_element)[:100],
        reduction_level=name.level,
        exposure_time=_exposure_time(stated.get(keys.exposure_time)),
        observation_id=_whole_number(stated, keys.observation_id),
        request_id=_whole_number(stated, keys.request_id),
        headers=header,
    )
    return replace(record, related=read.related_names(header, own=source.basename, is_catalogue=False, rules=rules))


def main_header(source: Source, rules: HeaderRules) -> Header:
    """The first header that has a date, else the longest: packed files begin with an empty one."""
    dated = [header for header in source.headers if header.get(rules.keys.observation_date)]
    return dated[0] if dated else max(source.headers, key=len, default={})


def type_of_name(name: FamilyName) -> str:
    """Configuration type that the type in a file's name stands for."""
    return TYPE_OF_DATA.get(name.data_type.upper(), "EXPOSE")


def right_ascension_deg(value: object) -> float | None:
    """Degrees of a right ascension in hours, as a number or as `12 30 00.0`."""
    hours = _angle(value)
    return hours * 15.0 % 360.0 if hours is not None and 0.0 <= hours <= 24.0 else None


def declination_deg(value: object) -> float | None:
    """Degrees of a declination as a number or as `-00 30 15.5`."""
    degrees = _angle(value)
    return degrees if degrees is not None and -90.0 <= degrees <= 90.0 else None


def _angle(value: object) -> float | None:
    number = read.written_number(value)
    if number is not None or not isinstance(value, str):
        return number
    found = _SEXAGESIMAL.fullmatch(value.strip())
    if found is None:
        return None
    sign, whole, minutes, seconds = found.groups()
    size = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
    return -size if sign == "-" else size


def _known(header: Header, rules: HeaderRules) -> dict[str, Any]:
    """The header without what says that nothing is known."""
    cleaned = read.cleaned_header(header, rules)
    return {key: "" if str(value).strip().lower() in NOTHING else value for key, value in cleaned.items()}


def _public_date(
    known: Header, name: FamilyName, *, observed_at: datetime | None, rules: HeaderRules
) -> datetime | None:
    """Without a proposal public at once, by the night where the time is not known; with one by the archive's rules."""
    try:
        stated = read.instant(known, rules.keys.public_date)
        if stated is not None:
            return stated
        if not _text(known, rules.keys.proposal_id):
            return observed_at or datetime(name.night.year, name.night.month, name.night.day, tzinfo=UTC)
        return read.public_date_of(
            known,
            basename=name.stem,
            configuration_type=read.text(known, rules.keys.configuration_type),
            observed_at=observed_at,
            rules=rules,
        )
    except UsageError:
        return None  # a public date that can not be read: nobody but its owners, until the header is right


def _configuration_type(known: Header, name: FamilyName, rules: HeaderRules) -> str:
    stated = _text(known, rules.keys.configuration_type).upper()[:64]
    return stated or TYPE_OF_IMAGE.get(_text(known, "IMAGETYP").lower(), "") or type_of_name(name)


def _instant(known: Header, key: str) -> datetime | None:
    try:
        return read.instant(known, key)
    except UsageError:
        return None


def _whole_number(known: Header, key: str) -> int | None:
    try:
        return read.whole_number(known, key)
    except UsageError:
        return None


def _exposure_time(value: object) -> float | None:
    seconds = read.written_number(value)
    return seconds if seconds is not None and seconds >= 0.0 else None


def _text(known: Header, key: str) -> str:
    return read.text(known, key).strip()[:LONGEST_TEXT]


def _stack_name(value: object) -> str:
    text = "" if value is None else str(value).strip()[:LONGEST_TEXT]
    return "" if text.lower() in NO_STACK else text


def _count_of(value: object) -> int:
    number = read.written_number(value)
    return int(number) if number is not None and 0 <= number < 2**31 else 0
