"""Headers as the Observatory Control System writes them, with the repairs that LCO's own files need."""

from dataclasses import replace
from typing import Any

from archive.errors import UsageError
from ingest.headers import translator as read
from ingest.headers.record import FrameRecord
from ingest.headers.rules import HeaderRules
from ingest.headers.translator import Header, Source

CATALOGUE = "CATALOG"
TAR_LEVEL = 90  # what LCO's pipelines put into a tar is a quick-look reduction

# First letter of the last part of an LCO file name: "e91" is an exposure of level 91.
TYPE_OF_LETTER = {
    "a": "ARC",
    "b": "BIAS",
    "d": "DARK",
    "e": "EXPOSE",
    "f": "SKYFLAT",
    "g": "GUIDE",
    "s": "STANDARD",
    "w": "LAMPFLAT",
    "x": "EXPERIMENTAL",
}
TYPES_OF_FIRST_PART = {"trace": "TRACE", "arc": "ARC"}
TYPES_OF_FOURTH_PART = {"bias": "BIAS", "bpm": "BPM"}
TYPES_OF_SPECTROGRAPHS = ("DOUBLE", "SPECTRUM", "TARGET")
# Every type that a name can stand for: the archive knows them without being told.
TYPES_OF_NAMES = (
    *TYPE_OF_LETTER.values(),
    *TYPES_OF_FIRST_PART.values(),
    *TYPES_OF_FOURTH_PART.values(),
    *TYPES_OF_SPECTROGRAPHS,
)


def translate(source: Source, rules: HeaderRules) -> FrameRecord:
    """Record of a FITS file, or of plain metadata, whose header needs no repair."""
    return _record(source, read.cleaned_header(read.merged_header(source, rules), rules), {}, rules)


def translate_lco(source: Source, rules: HeaderRules) -> FrameRecord:
    """Record of a file of Las Cumbres Observatory: what its header lacks stands in its name."""
    header = read.cleaned_header(read.merged_header(source, rules), rules)
    return _record(source, header, _lco_repairs(source, header, rules), rules)


def _record(source: Source, stated: Header, repairs: Header, rules: HeaderRules) -> FrameRecord:
    keys = rules.keys
    night = read.night_of(stated, keys)
    observed_at = read.instant(stated, keys.observation_date)
    # By the type as it was stated: what only a name calls a calibration is not made public for it.
    public_date = read.public_date_of(
        stated,
        basename=source.basename,
        configuration_type=read.text(stated, keys.configuration_type),
        observed_at=observed_at,
        rules=rules,
    )
    header = {**stated, **repairs, **read.missing_dates(stated, night=night, public_date=public_date, keys=keys)}
    configuration_type = read.text(header, keys.configuration_type)
    record = FrameRecord(
        basename=source.basename,
        extension=source.extension,
        observation_date=observed_at,
        observation_day=night,
        configuration_type=configuration_type,
        public_date=public_date,
        proposal_id=read.text(header, keys.proposal_id),
        instrument_id=read.text(header, keys.instrument_id),
        site_id=read.text(header, keys.site_id),
        telescope_id=read.text(header, keys.telescope_id),
        target_name=read.text(header, keys.target_name),
        primary_optical_element=read.text(header, keys.primary_optical_element),
        reduction_level=read.whole_number(header, keys.reduction_level) or 0,
        exposure_time=read.real_number(header, keys.exposure_time),
        observation_id=read.whole_number(header, keys.observation_id),
        request_id=read.whole_number(header, keys.request_id),
        headers=header,
    )
    is_catalogue = configuration_type == CATALOGUE
    return replace(
        record,
        related=read.related_names(header, own=source.basename, is_catalogue=is_catalogue, rules=rules),
    )


def _lco_repairs(source: Source, header: Header, rules: HeaderRules) -> dict[str, Any]:
    keys = rules.keys
    repairs: dict[str, Any] = {}
    if "_cat" in source.basename:
        repairs[keys.configuration_type] = CATALOGUE
        if not header.get(keys.catalogue):
            repairs[keys.catalogue] = source.basename.replace("_cat", "")
    elif header.get(keys.configuration_type) in {None, "", "UNKNOWN"}:
        repairs[keys.configuration_type] = _type_of_name(source.basename, header, keys.telescope_id)
    if not header.get(keys.reduction_level):
        repairs[keys.reduction_level] = _level_of_name(source)
    return repairs


def _type_of_name(basename: str, header: Header, telescope_key: str) -> str:
    parts = basename.split("-")
    if parts[0] in TYPES_OF_FIRST_PART:
        return TYPES_OF_FIRST_PART[parts[0]]
    fourth = parts[3] if len(parts) > 3 else ""
    if fourth in TYPES_OF_FOURTH_PART:
        return TYPES_OF_FOURTH_PART[fourth]
    letter = parts[4][:1] if len(parts) > 4 else ""
    if letter not in TYPE_OF_LETTER:
        raise UsageError(
            f"the name {basename} does not tell the configuration type and the header lacks it: add OBSTYPE."
        )
    return _spectrograph_type(letter, parts=parts, header=header, telescope_key=telescope_key)


def _spectrograph_type(letter: str, *, parts: list[str], header: Header, telescope_key: str) -> str:
    is_nres = "igl" in read.text(header, "ENCID") or "igl" in read.text(header, telescope_key)
    if letter == "e" and is_nres:
        return "TARGET"
    if letter == "a" and is_nres:
        return "DOUBLE"
    if letter == "e" and "en" in parts[1]:
        return "SPECTRUM"
    return TYPE_OF_LETTER[letter]


def _level_of_name(source: Source) -> int:
    if source.extension == ".tar.gz":
        return TAR_LEVEL
    last_two = source.basename.replace("_cat", "")[-2:]
    return int(last_two) if last_two.isascii() and last_two.isdecimal() else 0
