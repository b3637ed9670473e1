"""Files of MUSE: raw files and what ESO's pipeline makes of them by their header, fits of the PSF by their name.

A fit says nothing of where and when: that follows from its cube, when both are in the archive.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from archive.enums import ReductionLevel, RelationKind
from archive.errors import UsageError
from ingest import sphere
from ingest.ao_maps import MUSE_ID
from ingest.headers import translator as read
from ingest.headers.record import FrameRecord, RelatedName, Ring
from ingest.headers.rules import HeaderKeys, HeaderRules
from ingest.headers.translator import Header, Source
from ingest.muse_names import TARGET_KEYS, exposure_names, is_fit, provenance, raw_key

SITE, TELESCOPE = "paranal", "VLT-UT4"
NOON_UTC = timedelta(hours=16, minutes=42)  # on the meridian of Paranal
FIELD_ARCSEC = {"WFM": 60.0, "NFM": 7.5}  # side of the field, by the beginning of the mode
FIT_TYPE = "PSFFIT"
TYPE_OF_DPR = {  # ESO DPR TYPE, whole or what it begins with, up to a comma
    "BIAS": "BIAS",
    "DARK": "DARK",
    "FLAT,LAMP": "LAMPFLAT",
    "FLAT,SKY": "SKYFLAT",
    "STD": "STANDARD",
    "WAVE": "ARC",
}
TYPES = tuple(dict.fromkeys(("EXPOSE", FIT_TYPE, *TYPE_OF_DPR.values())))


def reads(source: Source) -> bool:
    """Whether a file is MUSE's: by the instrument that its header names, a fit that names none by its name."""
    stated = _instrument_of(source)
    return stated == MUSE_ID or (not stated and is_fit(source.basename + source.extension))


def translate(source: Source, rules: HeaderRules) -> FrameRecord:
    """Record of a raw file, a cube or another product, or a fit.

    Raises UsageError when a raw file or a product does not say when it was taken.
    """
    keys = rules.keys
    stated = read.cleaned_header({**_main_header(source), **source.given}, rules)
    is_of_fit = is_fit(source.basename + source.extension)
    observed_at = read.instant(stated, keys.observation_date)
    night = _night(stated, keys, observed_at)
    if observed_at is None and not is_of_fit:
        raise UsageError(f"the header lacks {keys.observation_date}: add when the exposure began, in UTC.")
    configuration_type = FIT_TYPE if is_of_fit else _type_of(stated, keys)
    own = {
        keys.instrument_id: MUSE_ID,
        keys.site_id: read.text(stated, keys.site_id) or SITE,
        keys.telescope_id: read.text(stated, keys.telescope_id) or TELESCOPE,
        keys.configuration_type: configuration_type,
        keys.proposal_id: read.text(stated, keys.proposal_id) or read.text(stated, "ESO OBS PROG ID"),
        keys.reduction_level: int(ReductionLevel.RAW if raw_key(source.basename) else ReductionLevel.FINAL),
    }
    public_date = read.public_date_of(
        stated | own,
        basename=source.basename,
        configuration_type=configuration_type,
        observed_at=observed_at,
        rules=rules,
    )
    header = stated | own
    if night is not None:
        header |= read.missing_dates(header, night=night, public_date=public_date, keys=keys)
    record = FrameRecord(
        basename=source.basename,
        extension=source.extension,
        observation_date=observed_at,
        observation_day=night,
        configuration_type=configuration_type,
        public_date=public_date,
        proposal_id=header[keys.proposal_id],
        instrument_id=MUSE_ID,
        site_id=header[keys.site_id],
        telescope_id=header[keys.telescope_id],
        target_name=next((text for key in TARGET_KEYS if (text := read.text(stated, key).strip())), ""),
        reduction_level=header[keys.reduction_level],
        exposure_time=read.real_number(stated, keys.exposure_time),
        observation_id=_block(stated),
        footprint=_footprint(stated),
        headers=header,
    )
    return replace(record, related=_related(source, header, rules))


def _main_header(source: Source) -> Header:
    return source.headers[0] if source.headers else {}


def _instrument_of(source: Source) -> str:
    stated = {**_main_header(source), **source.given}.get("INSTRUME")
    return str(stated or "").strip().upper()


def _night(stated: Header, keys: HeaderKeys, observed_at: datetime | None) -> date | None:
    """The header's word, else the date of the noon before: exposures of one night begin on two dates of UTC."""
    if stated.get(keys.observation_day):
        return read.night_of(stated, keys)
    try:
        return None if observed_at is None else (observed_at - NOON_UTC).date()
    except OverflowError as error:
        raise UsageError(f"{keys.observation_date} is {observed_at}: the calendar has no night for it.") from error


def _type_of(stated: Header, keys: HeaderKeys) -> str:
    """What stands in the header in the archive's words, else by ESO's."""
    told = read.text(stated, keys.configuration_type).strip().upper()
    words = read.text(stated, "ESO DPR TYPE").upper().replace(" ", "").split(",")
    heads = (",".join(words[:count]) for count in range(len(words), 0, -1))
    return told or next((TYPE_OF_DPR[head] for head in heads if head in TYPE_OF_DPR), "EXPOSE")


def _block(stated: Header) -> int | None:
    """Number of the observation block, where the column takes it."""
    value = stated.get("ESO OBS ID")
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= read.INT32_MAX else None


def _footprint(stated: Header) -> Ring | None:
    """Outline of the field about RA and DEC, for files without a WCS. North is taken to be up."""
    ra_deg, dec_deg = (read.finite_number(stated.get(key)) for key in ("RA", "DEC"))
    side_arcsec = FIELD_ARCSEC.get(read.text(stated, "ESO INS MODE")[:3].upper())
    if ra_deg is None or dec_deg is None or side_arcsec is None or not -90.0 <= dec_deg <= 90.0:
        return None
    return sphere.square((ra_deg % 360.0, dec_deg), side_arcsec=side_arcsec)


def _related(source: Source, header: dict[str, Any], rules: HeaderRules) -> tuple[RelatedName, ...]:
    """Raw files of a cube, the cube of a fit, and whatever the header names by the keys of all instruments."""
    cube = exposure_names(source.basename + source.extension)[-1:]
    made_of = [RelatedName(name, RelationKind.RAW_OF) for name in (*provenance(header), *cube)]
    names = {name.basename for name in made_of} | {source.basename}
    others = read.related_names(header, own=source.basename, is_catalogue=False, rules=rules)
    return (
        *(name for name in made_of if name.basename != source.basename),
        *(o for o in others if o.basename not in names),
    )
