"""The one door for bytes: check, translate, store, register, announce."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from archive.domain import frames, quarantine
from archive.domain.frames import NewVersion, Registered
from archive.domain.objects import NewObject
from archive.domain.quarantine import UnplacedFileError
from archive.domain.thumbnails import NewThumbnail
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Frame, Thumbnail
from ingest.ao_content import AoContent, content_of_inspection, has_tables
from ingest.ao_maps import MAPS
from ingest.checksums import Digest, digest_of
from ingest.configdb import configuration_types
from ingest.fits_layout import image_header
from ingest.headers import registry
from ingest.headers.record import FrameRecord
from ingest.headers.rules import HeaderRules
from ingest.headers.translator import Source
from ingest.inspection import Inspection, Limits
from ingest.muse_names import provenance
from ingest.names import has_header, is_fits, split_name
from ingest.pictures import add_thumbnail, ingest_thumbnail, is_thumbnail
from ingest.proposals import proposal_tags
from ingest.roboao_names import is_claimed, is_raw
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion, Upload
from ingest.stores.keys import content_type_for, key_for, thumbnail_key_for
from ingest.stores.local import LocalStore

logger = structlog.get_logger(__name__)

MOST_HEADER_BYTES = 4 << 20  # brokers refuse messages that are much larger, and the message carries the header

# Lamps and maps of the detector look at no place on the sky, whatever their header says.
SKYLESS_TYPES = frozenset({"ARC", "BPM", "DOUBLE", "LAMPFLAT", "TRACE"})


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file."""

    frame: Frame
    is_new: bool  # False: the archive already held these bytes


class ForeignFileError(UsageError):
    """A file of another kind than the caller takes. Nothing of it is kept."""


Wanted = Callable[[Source], bool]  # whether a file is taken, by its name and headers


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file would become, and nothing written. It is little, for a tree may have many thousands."""

    basename: str  # of the frame
    is_held: bool = False
    # What is told of bytes that are not held yet, if they are of adaptive optics.
    kind: str = ""
    raws: tuple[str, ...] = ()  # keys of the raw files that a cube names
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostedVersion:
    """Bytes that a client says it has stored: version id in the store, MD5, and extension."""

    key: str
    md5: str
    extension: str
    day: str = ""  # the night as the client wrote it, with or without dashes: so it stands in the path


def ingest_file(
    path: Path,
    *,
    store: FileStore,
    inspector: Inspector,
    now: datetime,
    given: Mapping[str, Any] | None = None,
    digest: Digest | None = None,
    lies_at: StoredVersion | None = None,
    wanted: Wanted | None = None,
) -> Ingested:
    """Take one file into the archive. Bytes already held return the frame they made.

    `given` is metadata that the caller adds to the header, or gives in place of one for a file that is no FITS.
    `digest` spares another reading. `lies_at` is where the store has the bytes already, of which `path` is a copy:
    they stay there, also when they are refused. Where `wanted` says no the file is a ForeignFileError.

    Raises UsageError if the file can never pass, as UnplacedFileError if its name looks like the adaptive-optics
    camera's: the door remembers it (`quarantine.remember`). Raises TransientError if it may pass later.
    """
    _refuse_ignored(path.name)
    digest = digest or digest_of(path)
    try:
        return _ingested(
            path, digest, given or {}, store=store, inspector=inspector, now=now, lies_at=lies_at, wanted=wanted
        )
    except UsageError as error:
        if is_claimed(path.name):
            raise UnplacedFileError(str(error), filename=path.name, digest=digest) from error
        raise


def _ingested(
    path: Path,
    digest: Digest,
    given: Mapping[str, Any],
    *,
    store: FileStore,
    inspector: Inspector,
    now: datetime,
    lies_at: StoredVersion | None,
    wanted: Wanted | None,
) -> Ingested:
    basename, extension = split_name(path.name)
    if is_thumbnail(extension, given):
        source = Source(basename, extension, headers=(), given=given)
        return Ingested(*ingest_thumbnail(path, source, store=store, digest=digest, now=now))
    held = frames.find_version(basename=basename, md5=digest.md5, is_fits=is_fits(extension))
    if held is not None and not held.object.fault:
        return Ingested(held.frame, is_new=False)
    record, content = _read(path, given, inspector=inspector, wanted=wanted)
    # Bytes before row: the reconciler sweeps up an object without a row,
    # but a row without its object is a promise broken to a reader.
    stored = lies_at or store.put(path, _upload_of(record, digest))
    new = NewObject(store.name, stored.path, stored.version_id, digest.md5, digest)
    if held is not None:
        with transaction.atomic():
            frames.replace_bytes(held, new, at=now)
            quarantine.resolve(sha256=digest.sha256, at=now)
        return Ingested(held.frame, is_new=False)
    try:
        with transaction.atomic():
            frame = frames.register_frame(
                record=record, versions=[NewVersion(new, record.extension)], at=now, content=content
            ).frame
            quarantine.resolve(sha256=digest.sha256, at=now)
    except ConflictError:
        if lies_at is None:
            store.delete(stored.path, stored.version_id)
        held = frames.find_version(basename=basename, md5=digest.md5, is_fits=is_fits(extension))
        if held is None:
            raise
        return Ingested(held.frame, is_new=False)  # another worker was faster with the same bytes
    except UsageError:
        if lies_at is None:
            store.delete(stored.path, stored.version_id)
        raise
    # After any other fault the row may stand all the same: a commit whose answer was lost. The bytes stay.
    logger.info("frame_ingested", frame_id=frame.pk, basename=frame.basename, size_bytes=digest.size_bytes)
    return Ingested(frame, is_new=True)


def look_at(path: Path, *, inspector: Inspector, given: Mapping[str, Any], wanted: Wanted | None = None) -> Looked:
    """What `ingest_file` would make of a file that has a header. Raises as it does."""
    _refuse_ignored(path.name)
    basename, extension = split_name(path.name)
    held = frames.find_version(basename=basename, md5=digest_of(path).md5, is_fits=is_fits(extension))
    if held is not None and not held.object.fault:
        return Looked(held.frame.basename, is_held=True)
    record, content = _read(path, given, inspector=inspector, wanted=wanted)
    if content is None:
        return Looked(record.basename)
    return Looked(
        record.basename, kind=content.kind, raws=provenance(content.cards), tables=tuple(sorted(content.tables))
    )


def _read(
    path: Path, given: Mapping[str, Any], *, inspector: Inspector, wanted: Wanted | None
) -> tuple[FrameRecord, AoContent | None]:
    basename, extension = split_name(path.name)
    inspection = _inspection_of(path, extension, inspector)
    source = Source(basename, extension, headers=[image_header(hdu.header) for hdu in inspection.hdus], given=given)
    if wanted is not None and not wanted(source):
        raise ForeignFileError("its header is another instrument's, or names none.")
    record = _record_of(source, inspection)
    content = read_content(
        path, inspection, extension=extension, instrument_id=record.instrument_id, inspector=inspector
    )
    return record, content


def accept_posted(
    *, record: FrameRecord, versions: Sequence[PostedVersion], sent: frozenset[str], store: FileStore, now: datetime
) -> Registered:
    """Register a frame whose bytes a client stored itself, under the path that its metadata gives.

    A task reads the bytes later and marks those that are not what the client said. The local store's plain file is
    taken into its versions at once, before the client can write over it.

    Raises UsageError when metadata gives no path or the local store lacks the file, ConflictError when the archive
    already holds the bytes.
    """
    new = [
        NewVersion(
            _posted_object(
                key_for(replace(record, extension=version.extension), day=version.day), version, store=store
            ),
            version.extension,
        )
        for version in versions
    ]
    with transaction.atomic():
        return frames.register_frame(record=record, versions=new, at=now, sent=sent)


def accept_change(
    *,
    frame: Frame,
    record: FrameRecord,
    versions: Sequence[PostedVersion],
    sent: frozenset[str],
    store: FileStore,
    now: datetime,
) -> Registered:
    """Change what a client sent of a frame that exists.

    Raises as `accept_posted` does, and NotFoundError when somebody deletes the frame meanwhile.
    """
    with transaction.atomic():
        changed = accept_posted(record=record, versions=versions, sent=sent, store=store, now=now)
        if changed.frame.pk != frame.pk:
            raise NotFoundError("the frame was deleted meanwhile.")
    return changed


def accept_posted_thumbnail(
    *, record: FrameRecord, frame_basename: str, version: PostedVersion, size: str, store: FileStore, now: datetime
) -> Thumbnail:
    """Register a picture that a client stored itself; of a frame that is not known yet, the frame as well.

    Raises as `accept_posted` does.
    """
    path = thumbnail_key_for(record, basename=record.basename, extension=version.extension, day=version.day)
    new = NewThumbnail(
        _posted_object(path, version, store=store), size=size, basename=record.basename, extension=version.extension
    )
    return add_thumbnail(record=record, frame_basename=frame_basename, new=new, now=now)


def _posted_object(path: str, version: PostedVersion, *, store: FileStore) -> NewObject:
    version_id = store.adopt(path, md5=version.md5).version_id if isinstance(store, LocalStore) else version.key
    return NewObject(store.name, path, version_id, version.md5)


def make_inspector() -> Inspector:
    """A reader of foreign files, within the limits that the settings set; close it at the end."""
    limits = Limits(
        wall_s=settings.INSPECTION_SECONDS,
        cpu_s=settings.INSPECTION_SECONDS,
        memory_bytes=settings.INSPECTION_MEGABYTES << 20,
        unpacked_bytes=settings.UNPACKED_GIGABYTES << 30,
        header_bytes=MOST_HEADER_BYTES,
    )
    return Inspector(limits, circle=settings.CIRCLE_KEYS)


@cache
def the_inspector() -> Inspector:
    """One for this process and its threads; its child ends with the process."""
    return make_inspector()


def _upload_of(record: FrameRecord, digest: Digest) -> Upload:
    return Upload(
        path=key_for(record),
        digest=digest,
        content_type=content_type_for(record.filename),
        observed_at=record.observation_date,
    )


def _refuse_ignored(filename: str) -> None:
    for fragment in settings.IGNORED_CHARS:
        if fragment in filename:
            raise UsageError(f"{filename} holds {fragment!r}: such files are not kept (IGNORED_CHARS).")


def translate_given(filename: str, given: Mapping[str, Any]) -> FrameRecord:
    """Record of a frame whose file is yet to come, out of the header that its client announced.

    Raises UsageError when the header lacks what a file's would have to say.
    """
    basename, extension = split_name(filename)
    _refuse_ignored(filename)
    rules = replace(settings.HEADER_RULES, proposal_tags=proposal_tags)
    record = registry.translate(
        Source(basename, extension, headers=(dict(given),), given={}), rules, overrides=settings.TRANSLATOR_OVERRIDES
    )
    _require_known_type(record, rules)
    return record


def _record_of(source: Source, inspection: Inspection) -> FrameRecord:
    """Record of a file by every door alike: header and footprint from the file, where it has them."""
    rules = replace(settings.HEADER_RULES, proposal_tags=proposal_tags)
    record = registry.translate(source, rules, overrides=settings.TRANSLATOR_OVERRIDES)
    _require_known_type(record, rules)
    if sees_sky(record, rules):
        return replace(record, footprint=inspection.footprint or record.footprint)
    return record


def _inspection_of(path: Path, extension: str, inspector: Inspector) -> Inspection:
    if not has_header(extension):
        return Inspection(hdus=(), footprint=None)
    return inspector.inspect_beginning(path) if is_raw(path.name) else inspector.inspect(path)


def read_content(
    path: Path, inspection: Inspection, *, extension: str, instrument_id: str, inspector: Inspector
) -> AoContent | None:
    """What a file holds of adaptive optics, if its instrument has a map. Raises as `Inspector.inspect` does."""
    if instrument_id not in MAPS or not inspection.hdus:
        return None
    if has_tables(inspection, extension=extension, instrument_id=instrument_id):
        return inspector.read_ao_content(path, instrument_id=instrument_id)
    return content_of_inspection(inspection, filename=path.name, instrument_id=instrument_id)


def _require_known_type(record: FrameRecord, rules: HeaderRules) -> None:
    """The same rule as for clients that post: a type that nobody knows is a typing error, or a missing setting."""
    if record.configuration_type not in configuration_types():
        raise UsageError(
            f"{rules.keys.configuration_type} is {record.configuration_type!r}, which the archive does not know: "
            "correct it, or add it to CONFIGURATION_TYPES."
        )


def sees_sky(record: FrameRecord, rules: HeaderRules) -> bool:
    return record.configuration_type not in rules.calibration_types | SKYLESS_TYPES
