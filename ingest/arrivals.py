"""Objects that others put into the store: one file of a family each, wherever the news of it came from.

News come in any order, twice, late, and to several workers at once. What they lead to follows from the objects alone:
`archive.domain.families` says how.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from archive.domain import families, frames, info_images
from archive.domain.families import NewFile
from archive.domain.frames import EVERYTHING, NewVersion
from archive.domain.objects import NewObject
from archive.domain.refusals import plain_refusals
from archive.enums import ExposureKind, FileRole
from archive.errors import ConflictError, UsageError
from archive.models import Exposure, ExposureFile, Frame, InfoImage
from ingest.checksums import Digest, Digester, digest_of
from ingest.configdb import configuration_types
from ingest.family_names import DIRECTORY_OF_KIND, MEDIUM_LEVELS, THUMBNAIL_LEVEL, FamilyName, parse_path
from ingest.fits_layout import image_header
from ingest.headers import photonranch
from ingest.headers.record import FrameRecord
from ingest.headers.rules import HeaderRules
from ingest.headers.translator import Source
from ingest.intake import MOST_HEADER_BYTES, sees_sky
from ingest.proposals import proposal_tags
from ingest.sandbox import Inspector
from ingest.small_picture import SmallPicture
from ingest.stores.base import FileStore, StoredVersion, Upload
from ingest.stores.keys import family_thumbnail_key_for

logger = structlog.get_logger(__name__)

MOST_BYTES = {FileRole.HEADER: MOST_HEADER_BYTES, FileRole.PICTURE: 256 << 20}
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one object."""

    exposure: Exposure
    is_new: bool  # False: the archive knew it already
    frame: Frame | None = None  # of a FITS file of a family that is searched with all others
    channel: int | None = None  # of an info image


@dataclass(frozen=True, slots=True)
class _Content:
    """What was read of a file, as far as its role has such."""

    digest: Digest
    header: Mapping[str, Any] = field(default_factory=dict)
    record: FrameRecord | None = None
    small: SmallPicture | None = None
    fault: str = ""


def take_in_object(
    *,
    path: str,
    version_id: str,
    store: FileStore,
    inspector: Inspector,
    now: datetime,
    lying: StoredVersion | None = None,
) -> Arrival:
    """Take in one version of an object that lies in the store under data/, info-images/, allsky/ or test/.

    Its bytes stay where they lie. An object that was taken in already changes nothing; an older one than the archive
    has under that path becomes part of the history, and stands for nothing. `lying` is what the store says of it, where
    it was asked already.

    Raises UsageError when it can never pass, and then leaves no row; ConflictError when its bytes are another frame's;
    NotFoundError when it is gone; TransientError when it may pass later.
    """
    kind, name = parse_path(path)
    held = families.file_at(store=store.name, path=path, version_id=version_id)
    if held is not None:
        return _known(held)
    lying = lying or store.head(path, version_id)
    _require_size(lying, name)
    with tempfile.TemporaryDirectory(prefix="arrival-") as folder:
        local = Path(folder, name.filename)
        digest = _fetch(lying, local, store=store)
        content = _read(local, kind, name, digest, inspector=inspector)
        arrival = _registered(kind, name, lying, content, store=store, folder=Path(folder), now=now)
    logger.info(
        "object_taken_in", path=path, exposure_id=arrival.exposure.pk, is_new=arrival.is_new, fault=content.fault
    )
    return arrival


def take_in_header(*, path: str, header: Mapping[str, Any], now: datetime) -> Exposure:
    """Make a family searchable by the header that the upload of one of its files brought, before any file is there.

    A text header that comes as a file is better, a FITS file's is not. Raises UsageError as `take_in_object` does.
    """
    kind, name = parse_path(path)
    with plain_refusals(), transaction.atomic():
        exposure = families.locked_family(kind=kind, name=name)
        record = photonranch.family_record(name, header, _rules())
        families.write_given_header(exposure, record, at=now)
        families.record_update(exposure, at=now)
    return exposure


def _known(held: ExposureFile) -> Arrival:
    channel = InfoImage.objects.filter(exposure=held.exposure).values_list("channel", flat=True).first()
    return Arrival(held.exposure, is_new=False, frame=held.frame, channel=channel)


def _require_size(lying: StoredVersion, name: FamilyName) -> None:
    most = MOST_BYTES.get(name.role)
    if most is not None and lying.size_bytes > most:
        raise UsageError(f"{name.filename} has {lying.size_bytes} bytes, and such a file may have {most}: shrink it.")


def _fetch(lying: StoredVersion, local: Path, *, store: FileStore) -> Digest:
    """Copy an object to the disk, and say what it is."""
    digester = Digester()
    with local.open("wb") as target:
        for block in store.stream(lying.path, lying.version_id):
            digester.update(block)
            target.write(block)
    return digester.digest()


def _rules() -> HeaderRules:
    return replace(settings.HEADER_RULES, proposal_tags=proposal_tags)


def _read(local: Path, kind: ExposureKind, name: FamilyName, digest: Digest, *, inspector: Inspector) -> _Content:
    match name.role:
        case FileRole.HEADER:
            return _Content(digest, header=inspector.read_text_header(local))
        case FileRole.FITS:
            return _read_fits(local, kind, name, digest, inspector=inspector)
        case FileRole.PICTURE if name.level in MEDIUM_LEVELS:
            try:
                small = inspector.shrink_picture(local, height_px=settings.FAMILY_THUMBNAIL_HEIGHT_PX)
            except UsageError as error:  # a picture that can not be read is kept, and marked
                logger.warning("picture_found_faulty", filename=name.filename, fault=str(error))
                return _Content(digest, fault=str(error))
            return _Content(digest, small=small)
    return _Content(digest)


def _read_fits(local: Path, kind: ExposureKind, name: FamilyName, digest: Digest, *, inspector: Inspector) -> _Content:
    inspection = inspector.inspect(local)
    rules = _rules()
    headers = [image_header(hdu.header) for hdu in inspection.hdus]
    source = Source(name.stem, name.extension, headers=headers, given={})
    header = photonranch.main_header(source, rules)
    if kind is not ExposureKind.PHOTON_RANCH:
        return _Content(digest, header=header)
    record = photonranch.translate(source, rules)
    if record.configuration_type not in configuration_types():
        record = replace(record, configuration_type=photonranch.type_of_name(name))
    if sees_sky(record, rules):
        record = replace(record, footprint=inspection.footprint)
    return _Content(digest, header=header, record=record)


def _registered(
    kind: ExposureKind,
    name: FamilyName,
    lying: StoredVersion,
    content: _Content,
    *,
    store: FileStore,
    folder: Path,
    now: datetime,
) -> Arrival:
    stored = NewObject(store.name, lying.path, lying.version_id, content.digest.md5, content.digest)
    new = NewFile(name, name.role, stored, put_at=lying.stored_at, fault=content.fault)
    with plain_refusals(), transaction.atomic():
        image = info_images.locked_channel(site=name.site, base=name.base) if kind is ExposureKind.INFO_IMAGE else None
        channel = None if image is None else image.channel
        exposure = families.locked_family(kind=kind, name=name)
        held = families.file_at(store=store.name, path=lying.path, version_id=lying.version_id)
        if held is not None:
            return _known(held)
        file = families.unsaved_file(exposure, new, at=now)
        _write(file, stored, name, content, now=now)
        if content.small is not None:
            _add_thumbnail(file, name, content.small, store=store, folder=folder, now=now)
        if image is not None:
            info_images.show(image, exposure, at=now)
        families.record_update(exposure, at=now, channel=channel)
    return Arrival(exposure, is_new=True, frame=file.frame, channel=channel)


def _write(file: ExposureFile, stored: NewObject, name: FamilyName, content: _Content, *, now: datetime) -> None:
    """Rows of one file, and everything that follows from them."""
    exposure = file.exposure
    before = families.files_of(exposure)
    if content.record is not None:
        _write_frame(file, stored, content.record, before=before, now=now)
    families.save_file(file)
    if content.header:
        record = photonranch.family_record(name, content.header, _rules())
        families.write_header(exposure, file, record, before)
    families.settle(exposure)
    if file.frame is not None:
        families.age_versions(file.frame, [*before, file])


def _write_frame(
    file: ExposureFile, stored: NewObject, record: FrameRecord, *, before: Sequence[ExposureFile], now: datetime
) -> None:
    """The frame of a FITS file. Bytes that it had before, and that came again, add no version."""
    exposure = file.exposure
    is_newest = families.is_newest_of_frame(file, before)
    # Older bytes tell nothing of what stands now, and so do not make it complete either.
    observed_at = (record.observation_date or exposure.observation_date) if is_newest else None
    record = replace(record, observation_date=observed_at)
    sent = EVERYTHING if is_newest else NOTHING
    held = frames.find_version(basename=record.basename, md5=stored.md5, is_fits=True)
    if held is None:
        new = NewVersion(stored, record.extension)
        written = frames.register_frame(record=record, versions=[new], at=now, sent=sent, exposure=exposure)
        file.object, file.frame = written.versions[0].object, written.frame
        return
    if held.frame.basename != record.basename:
        raise ConflictError(
            f"The bytes of {record.filename} are those of {held.frame.basename}: a FITS file stands for one frame only."
        )
    file.frame = held.frame
    if is_newest:
        frames.register_frame(record=record, versions=(), at=now, sent=sent, exposure=exposure)


def _add_thumbnail(
    file: ExposureFile, name: FamilyName, small: SmallPicture, *, store: FileStore, folder: Path, now: datetime
) -> None:
    """Store the small picture of a file that is current. The family is locked, so it is made once."""
    exposure = file.exposure
    file.refresh_from_db(fields=["is_current"])
    if not file.is_current:
        return
    local = folder / "small.jpg"
    local.write_bytes(small.jpeg)
    digest = digest_of(local)
    path = family_thumbnail_key_for(
        DIRECTORY_OF_KIND[ExposureKind(exposure.kind)],
        site=name.site,
        day=f"{name.night:%Y%m%d}",
        level=f"{name.level:02d}",
        filename=replace(name, level=THUMBNAIL_LEVEL).filename,
    )
    put = store.put(local, Upload(path, digest, "image/jpeg"))
    try:
        new = NewObject(store.name, put.path, put.version_id, digest.md5, digest)
        families.add_thumbnail(file, new, put_at=put.stored_at, at=now)
    except BaseException:
        store.delete(put.path, put.version_id)
        raise
