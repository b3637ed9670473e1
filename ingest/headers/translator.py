"""What every translator shares: typed values out of a header, nulls, dates, the public date."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from archive.enums import RelationKind
from archive.errors import UsageError
from ingest.headers.record import FrameRecord, RelatedName
from ingest.headers.rules import NEVER, HeaderKeys, HeaderRules
from ingest.names import parted

Header = Mapping[str, Any]

CALIBRATION_KEYS = frozenset(
    {"L1IDBIAS", "L1IDDARK", "L1IDFLAT", "L1IDSHUT", "L1IDMASK", "L1IDFRNG", "L1IDARC", "ARCFILE", "FLATFILE"}
)
RAW_KEYS = frozenset({"ORIGNAME"})
INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Source:
    """What a translator is given: a name, the headers of each HDU in order, and what the caller adds."""

    basename: str
    extension: str
    headers: Sequence[Header]
    given: Header


Translator = Callable[[Source, HeaderRules], FrameRecord]


def merged_header(source: Source, rules: HeaderRules) -> dict[str, Any]:
    """Header of the first HDU that, with what the caller gives, has every required key."""
    nearest_missing: list[str] | None = None
    for header in source.headers or [{}]:
        merged = {**header, **source.given}
        missing = [key for key in rules.required if key not in merged]
        if not missing:
            return merged
        if nearest_missing is None or len(missing) < len(nearest_missing):
            nearest_missing = missing
    keys = ", ".join(nearest_missing or [])
    raise UsageError(
        f"no header has all required keys; missing: {keys}. Add them to the file or give them as metadata."
    )


def cleaned_header(header: Header, rules: HeaderRules) -> dict[str, Any]:
    """Header without blank and unwanted keys, with unknown values as null or empty and related names bare."""
    cleaned: dict[str, Any] = {}
    for key, value in header.items():
        if not key or key in rules.blacklist:
            continue
        if key in rules.keys.integers:
            is_null = value in rules.null_values or value == "NONE"
        else:
            is_null = value in rules.null_values
        if is_null:
            cleaned[key] = None if key in rules.keys.integers else ""
        elif key in rules.related_keys:
            cleaned[key] = bare_name(value)
        else:
            cleaned[key] = value
    return cleaned


def bare_name(value: object) -> str:
    """Name of another frame without its extension."""
    return parted(str(value or "").strip())[0]


def text(header: Header, key: str) -> str:
    value = header.get(key)
    return "" if value is None else str(value)


def whole_number(header: Header, key: str) -> int | None:
    """Integer of zero or more, as the archive's columns take it; headers write it with leading zeros."""
    value = header.get(key)
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"{key} is {value!r}, not a whole number: correct the header.") from error
    if not 0 <= number <= INT32_MAX:
        raise UsageError(f"{key} is {number}, outside 0 to {INT32_MAX}: correct the header.")
    return number


def real_number(header: Header, key: str) -> float | None:
    value = header.get(key)
    if value is None or value == "":
        return None
    number = written_number(value)
    if number is None:
        raise UsageError(f"{key} is {value!r}, not a number: correct the header.")
    return number


def finite_number(value: object) -> float | None:
    """A finite number that a header has as a number; None for text, flags, and what is too great for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def written_number(value: object) -> float | None:
    """A finite number, also one that was written as text."""
    if not isinstance(value, str):
        return finite_number(value)
    try:
        return finite_number(float(value))
    except ValueError:
        return None


def instant(header: Header, key: str) -> datetime | None:
    """Aware UTC time; FITS times carry no zone and are UTC."""
    value = header.get(key)
    if value is None or value == "":
        return None
    try:
        parsed = datetime.fromisoformat(str(value).strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{key} is {value!r}, not a date like 2026-03-09T01:05:17.456: correct the header.") from error


def night_of(header: Header, keys: HeaderKeys) -> date:
    """Observation day: YYYYMMDD or YYYY-MM-DD, else the date part of the observation date."""
    value = text(header, keys.observation_day) or text(header, keys.observation_date).split("T")[0]
    digits = value.strip().replace("-", "")
    try:
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007 - a date alone has no zone
    except ValueError as error:
        raise UsageError(
            f"{keys.observation_day} is {value!r}, not a day like 20260309: correct the header."
        ) from error


def missing_dates(header: Header, *, night: date, public_date: datetime | None, keys: HeaderKeys) -> dict[str, str]:
    """Night and public date, as a header states them, where this one does not: readers of the header find them too."""
    missing: dict[str, str] = {}
    if not header.get(keys.observation_day):
        missing[keys.observation_day] = f"{night:%Y%m%d}"
    if public_date is not None and not header.get(keys.public_date):
        missing[keys.public_date] = public_date.replace(tzinfo=None).isoformat()
    return missing


def public_date_of(
    header: Header, *, basename: str, configuration_type: str, observed_at: datetime | None, rules: HeaderRules
) -> datetime | None:
    """When the frame becomes public: the header's word, else the first rule that holds."""
    stated = instant(header, rules.keys.public_date)
    if stated is not None or observed_at is None:
        return stated
    embargo = _embargo(
        proposal_id=text(header, rules.keys.proposal_id),
        basename=basename,
        is_calibration=configuration_type in rules.calibration_types,
        rules=rules,
    )
    try:
        return observed_at + embargo
    except OverflowError as error:
        raise UsageError(f"{rules.keys.observation_date} lies too far in the future: correct the header.") from error


def _embargo(*, proposal_id: str, basename: str, is_calibration: bool, rules: HeaderRules) -> timedelta:
    wanted = rules.public_date
    tags = rules.proposal_tags(proposal_id)
    if tags & wanted.private_tags:
        return NEVER
    if tags & wanted.public_tags:
        return timedelta(0)
    if is_calibration or any(part in proposal_id for part in wanted.public_proposals):
        return timedelta(0)
    if any(part in proposal_id for part in wanted.private_proposals):
        return NEVER
    if any(part in basename for part in wanted.private_file_types):
        return NEVER
    return timedelta(days=wanted.days_until_public)


def related_names(header: Header, *, own: str, is_catalogue: bool, rules: HeaderRules) -> tuple[RelatedName, ...]:
    """Other frames that the header names, each once."""
    found: dict[str, RelatedName] = {}
    for key in rules.related_keys:
        name = bare_name(header.get(key))
        if name and name != own and name not in found:
            found[name] = _relation(name, key=key, is_catalogue=is_catalogue, keys=rules.keys)
    return tuple(found.values())


def _relation(name: str, *, key: str, is_catalogue: bool, keys: HeaderKeys) -> RelatedName:
    if key == keys.catalogue:
        # A catalogue names its image by the same key as an image its catalogue.
        return RelatedName(name, RelationKind.CATALOGUE_OF, derived=is_catalogue)
    if key in CALIBRATION_KEYS:
        return RelatedName(name, RelationKind.CALIBRATES)
    if key in RAW_KEYS:
        return RelatedName(name, RelationKind.RAW_OF)
    return RelatedName(name, RelationKind.RELATED)
