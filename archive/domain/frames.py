"""Frames enter the archive here, by whichever door they came."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from archive.domain import events, muse_links, observations
from archive.domain.frame_rows import Written, make_exposure, write_frames, write_parts
from archive.domain.objects import NewObject, fill_in, object_row
from archive.domain.refusals import plain_refusals
from archive.enums import EventName, ExposureKind
from archive.models import Exposure, Frame, Headers, Relation, StoredObject, Version, sky
from ingest.ao_content import AoContent
from ingest.ao_maps import MUSE_ID
from ingest.headers.record import FrameRecord, RelatedName
from ingest.names import is_fits
from ingest.roboao_names import raw_name

# Columns that a record fills; a client that posts a frame again may send only some of them.
COLUMNS = frozenset(
    {
        "observation_date",
        "observation_day",
        "public_date",
        "proposal_id",
        "site_id",
        "telescope_id",
        "instrument_id",
        "target_name",
        "primary_optical_element",
        "configuration_type",
        "reduction_level",
        "exposure_time",
        "observation_id",
        "request_id",
    }
)
# What a client that changes a frame may send beside them.
PARTS = frozenset({"area", "headers"})
EVERYTHING = COLUMNS | PARTS
SUBMITTER_KEY = "USERID"
LONGEST_SUBMITTER = 200
# Asked before every POST: composing it takes the ORM longer than the database takes to answer.
HELD_KEYS = """
    SELECT md5, (SELECT version_id FROM archive_storedobject WHERE id = object_id)
    FROM archive_version
    WHERE md5 = ANY(%(md5s)s)
      AND (is_fits OR frame_id = (SELECT id FROM archive_frame WHERE basename = %(basename)s))
"""
# "lsc1m005-fa15-20250309-0004-e91" is of exposure "lsc1m005-fa15-20250309-0004", and so is "…-e91_cat".
OCS_NAME = re.compile(r"^(?P<exposure>[a-z0-9]+-[a-z0-9]+-\d{8}-\d+)-[a-z]\d\d")


@dataclass(frozen=True, slots=True)
class NewVersion:
    """Bytes that now stand for a frame."""

    object: NewObject
    extension: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A frame as it now stands, and what was written with it."""

    frame: Frame
    is_new: bool  # False: it was known before, if only by name, and may have more parts than these
    versions: Sequence[Version]  # in the order of their MD5
    named: Sequence[Frame]


def locked_frame(*, basename: str) -> Frame:
    """The row of this name, locked to the end of the transaction; a bare placeholder if there was none."""
    Frame.objects.bulk_create([Frame(basename=basename)], ignore_conflicts=True)
    return Frame.objects.select_for_update(no_key=True).get(basename=basename)


def find_version(*, basename: str, md5: str, is_fits: bool) -> Version | None:
    """Version that these bytes made when they first came: of any frame if they are FITS, else of the one so named."""
    versions = Version.objects.select_related("frame", "object").filter(md5=md5)
    return versions.filter(is_fits=True).first() if is_fits else versions.filter(frame__basename=basename).first()


def held_keys(*, basename: str, md5s: Sequence[str]) -> dict[str, str]:
    """Of those MD5s whose bytes the archive holds, MD5 to version id; bytes that are no FITS may come once a frame."""
    with connection.cursor() as cursor:
        cursor.execute(HELD_KEYS, {"md5s": list(md5s), "basename": basename})
        return dict(cursor.fetchall())


def replace_bytes(version: Version, new: NewObject, *, at: datetime) -> None:
    """Let good bytes stand for a version whose own turned out to be missing or damaged, and say so."""
    StoredObject.objects.filter(pk=version.object_id).update(
        store=new.store, path=new.path, version_id=new.version_id, fault="", stored_at=at, verified_at=None
    )
    version.object.refresh_from_db()
    if new.digest is not None:
        fill_in(version.object, new.digest, at=at)
        version.object.save()
    events.record_event(EventName.FRAME_UPDATED, frame=version.frame, body={"frameid": version.frame_id}, at=at)


def register_frame(
    *,
    record: FrameRecord,
    versions: Sequence[NewVersion],
    at: datetime,
    sent: frozenset[str] = EVERYTHING,
    exposure: Exposure | None = None,
    content: AoContent | None = None,
) -> Registered:
    """Write a frame, its header, versions, relations and event; of a frame that exists only what stands in `sent`.

    `exposure` is the one it belongs to, where that is known; else its name tells. `content` is what the version holds
    of adaptive optics, if there is one version. Call it in a transaction. Rows are touched in the order of their names,
    here and in every other transaction, so that two frames which name each other can arrive at once without waiting
    for each other in a ring.

    Raises ConflictError when the archive already holds one of the versions, UsageError when a value breaks a rule.
    """
    with plain_refusals():
        if record.instrument_id != MUSE_ID:
            return _registered(record, versions, at=at, sent=sent, exposure=exposure, content=content)
        if record.observation_date is None:  # a fit made anew tells nothing of these: they stay as its cube has them
            sent -= muse_links.OF_CUBE
        muse_links.hold_names(record.basename, content=content)
        exposures = muse_links.locked(record.basename, content)
        registered = _registered(record, versions, at=at, sent=sent, exposure=exposure, content=content)
        muse_links.settle_all(exposures, at=at)
        return registered


def _registered(
    record: FrameRecord,
    versions: Sequence[NewVersion],
    *,
    at: datetime,
    sent: frozenset[str],
    exposure: Exposure | None,
    content: AoContent | None,
) -> Registered:
    new = _frame_of(record, at=at, has_bytes=bool(versions), exposure=exposure)
    written = write_frames(new, named=[name.basename for name in record.related], changes=_changes(new, sent=sent))
    frame = written.frame
    added = _versions_of(frame, versions, at=at)
    write_parts(
        headers=[Headers(frame=frame, data=dict(record.headers))] if "headers" in sent else [],
        relations=_relations_of(written, record.related),
        versions=added,
        events=events.about_bytes(frame, record=record, versions=added, at=at),
    )
    if not frame.is_listed and not written.is_new:
        _list_if_complete(frame)
    if content is not None:
        for version in added:
            muse_links.register_file(version, content)
    name = raw_name(record.basename)
    if name is not None and frame.is_listed:
        observations.register_raw(frame, name)
    return Registered(frame, written.is_new, added, tuple(written.named.values()))


def _frame_of(record: FrameRecord, *, at: datetime, has_bytes: bool, exposure: Exposure | None) -> Frame:
    values: dict[str, Any] = {name: getattr(record, name) for name in COLUMNS}
    frame = Frame(basename=record.basename, submitter=_submitter_of(record.headers), modified_at=at, **values)
    if record.footprint is not None:
        frame.area = sky.polygon_of(record.footprint)
        frame.centre = sky.centre_of(record.footprint)
    match = OCS_NAME.match(record.basename)
    if exposure is not None:
        frame.exposure = exposure
    elif match is not None and record.observation_day is not None:
        key = {"kind": ExposureKind.OCS, "site_id": record.site_id, "name": match["exposure"]}
        frame.exposure_id = make_exposure(Exposure(**key, night=record.observation_day))
    frame.is_listed = has_bytes and frame.observation_date is not None
    return frame


def _submitter_of(headers: Mapping[str, Any]) -> str:
    """Text of the header key USERID, as long as its column takes."""
    found = headers.get(SUBMITTER_KEY)
    return "" if found is None else str(found).strip()[:LONGEST_SUBMITTER]


def _changes(frame: Frame, *, sent: frozenset[str]) -> set[str]:
    """Columns that change when the frame is there already."""
    changed = {"modified_at", *(sent & COLUMNS)}
    if "area" in sent:
        changed |= {"area", "centre"}
    if "site_id" in sent:
        changed.add("exposure_id")
    if "headers" in sent:
        changed.add("submitter")
    if frame.is_listed:
        changed.add("is_listed")
    return changed


def _list_if_complete(frame: Frame) -> None:
    """List a frame whose bytes and whose date came with different requests."""
    row = Frame.objects.filter(pk=frame.pk, is_listed=False, observation_date__isnull=False)
    if row.filter(Exists(Version.objects.filter(frame=OuterRef("pk")))).update(is_listed=True):
        frame.is_listed = True


def _relations_of(written: Written, names: Sequence[RelatedName]) -> list[Relation]:
    """Links of a frame with those it names. They are never taken back: a later header may only know less."""
    rows = []
    for name in names:
        named = written.named[name.basename]
        source, derived = (written.frame, named) if name.derived else (named, written.frame)
        rows.append(Relation(source=source, derived=derived, kind=name.kind))
    return rows


def _versions_of(frame: Frame, versions: Sequence[NewVersion], *, at: datetime) -> list[Version]:
    return [
        Version(
            frame=frame,
            object=object_row(version.object, at=at),
            extension=version.extension,
            md5=version.object.md5,
            is_fits=is_fits(version.extension),
            created=at,
        )
        for version in sorted(versions, key=lambda version: version.object.md5)
    ]
