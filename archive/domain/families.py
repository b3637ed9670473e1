"""Families of Photon Ranch files: rows of an exposure and of its files.

Files come in any order, twice and at the same time. Whoever writes holds the exposure's row; each new file becomes a
row; and then all that is derived from the files (`settle`) is derived anew. So the last state is the same whichever
way it was come to. Rows are locked in this order: info images of a site, exposure, frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from archive.domain import events
from archive.domain.frame_rows import as_row, make_exposure
from archive.domain.objects import NewObject, forget_object, object_row
from archive.domain.store import store_named
from archive.enums import EventName, ExposureKind, FileRole
from archive.models import Event, Exposure, ExposureFile, Frame, Version
from ingest.family_names import DIRECTORY_OF_KIND, LARGE_LEVELS, MEDIUM_LEVELS, THUMBNAIL_LEVEL, FamilyName
from ingest.headers.photonranch import FamilyRecord

# Columns that a header fills, in the record and in the row alike.
HEADER_COLUMNS = (
    "observation_date",
    "public_date",
    "proposal_id",
    "ra_deg",
    "dec_deg",
    "altitude_deg",
    "azimuth_deg",
    "airmass",
    "exposure_time",
    "primary_optical_element",
    "username",
    "user_id",
    "stack_name",
    "stack_number",
    "header",
)
# Columns that follow from all files together.
DERIVED = (
    "instrument_id",
    "data_type",
    "sort_date",
    "public_date",
    "fits_01_exists",
    "fits_10_exists",
    "jpg_medium_exists",
    "jpg_small_exists",
)
# Whose word on the type of the data counts first.
ROLES = (FileRole.HEADER, FileRole.FITS, FileRole.PICTURE, FileRole.OTHER, FileRole.THUMBNAIL)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NewFile:
    """Bytes that lie in the store as one file of a family."""

    name: FamilyName
    role: FileRole
    object: NewObject
    put_at: datetime
    fault: str = ""


def locked_family(*, kind: ExposureKind, name: FamilyName) -> Exposure:
    """The row of a family, locked to the end of the transaction; made if there was none."""
    row = Exposure(kind=kind, site_id=name.site, name=name.base, night=name.night)
    while True:
        found = Exposure.objects.select_for_update(no_key=True).filter(pk=make_exposure(row)).first()
        if found is not None:  # else somebody deleted it between the two statements
            found.instrument_id = name.instrument
            return found


def lock_family_of(*, frame_id: int) -> Exposure | None:
    """The family that a frame is of, locked; None when it is of none. Ask before the frame itself is locked."""
    of_frame = Exposure.objects.exclude(kind=ExposureKind.OCS).filter(frames=frame_id)
    return of_frame.select_for_update(no_key=True, of=("self",)).first()


def file_at(*, store: str, path: str, version_id: str) -> ExposureFile | None:
    """The file that these bytes of the store are, if they were taken in."""
    of_object = {"object__store": store, "object__path": path, "object__version_id": version_id}
    found = ExposureFile.objects.filter(**of_object).values_list("pk", flat=True).first()  # as a rule there is none
    return None if found is None else ExposureFile.objects.select_related("exposure", "frame").get(pk=found)


def current_file(*, store: str, path: str, md5: str) -> ExposureFile | None:
    """The file that stands at a path now, if it has these bytes and they are known to be whole."""
    of_object = {"object__store": store, "object__path": path, "object__md5": md5, "object__fault": ""}
    files = ExposureFile.objects.select_related("exposure", "frame").filter(**of_object)
    return files.filter(is_current=True).first()


def unsaved_file(exposure: Exposure, new: NewFile, *, at: datetime) -> ExposureFile:
    """The row of a new file, before it and its bytes are written."""
    return ExposureFile(
        exposure=exposure,
        object=object_row(new.object, at=at),
        role=new.role,
        data_type=new.name.data_type,
        level=new.name.level,
        extension=new.name.extension,
        put_at=new.put_at,
        fault=new.fault,
    )


def save_file(file: ExposureFile) -> None:
    """Write a file's row, and that of its bytes where it has none yet."""
    if not file.object.pk:
        file.object.save()
    file.object = file.object  # and with it the id that it has now
    file.save()


def files_of(exposure: Exposure) -> list[ExposureFile]:
    return list(exposure.files.select_related("object"))


def in_order(files: Sequence[ExposureFile]) -> list[ExposureFile]:
    """Files from the oldest to the newest, by the store's time and, within one instant, its list of versions."""
    return sorted(files, key=lambda file: (file.put_at, file.extension, file.object.path, _place(file, files)))


def _place(file: ExposureFile, files: Sequence[ExposureFile]) -> int:
    """Place of a file among the versions of its path; asked of the store only where times do not tell."""
    stored = file.object
    rivals = [other for other in files if (other.object.path, other.put_at) == (stored.path, file.put_at)]
    if len(rivals) == 1:
        return 0
    listed = [version.version_id for version in store_named(stored.store).versions(stored.path)]
    return -listed.index(stored.version_id) if stored.version_id in listed else -len(listed)


def is_newest_of_frame(file: ExposureFile, files: Sequence[ExposureFile]) -> bool:
    """Whether these bytes are to stand for their frame, among files that hold them already."""
    return in_order([other for other in (*files, file) if _same_frame(other, file)])[-1] is file


def _same_frame(one: ExposureFile, other: ExposureFile) -> bool:
    return (one.role, one.data_type, one.level) == (other.role, other.data_type, other.level)


def write_header(exposure: Exposure, file: ExposureFile, record: FamilyRecord, files: Sequence[ExposureFile]) -> None:
    """Take what a header says, unless a better one is there.

    A text header is better than that of a FITS file, a large file's better than a small one's; of equals the newer.
    """
    held = [other for other in files if other.pk == exposure.header_file_id]
    if not held and exposure.header is not None and file.role != FileRole.HEADER:
        return  # an upload brought a header
    ordered = in_order([*held, file])
    if max(ordered, key=lambda other: (_rank(other), ordered.index(other))) is not file:
        return
    _take_header(exposure, file, record)


def write_given_header(exposure: Exposure, record: FamilyRecord, *, at: datetime) -> None:
    """Take what the header of an upload says, unless a text header came as a file."""
    held = exposure.header_file
    if held is None or held.role != FileRole.HEADER:
        _take_header(exposure, None, record)
    exposure.sort_date = exposure.sort_date or at
    settle(exposure)


def _take_header(exposure: Exposure, file: ExposureFile | None, record: FamilyRecord) -> None:
    for column in HEADER_COLUMNS:
        setattr(exposure, column, getattr(record, column))
    exposure.header_file = file
    exposure.save(update_fields=[*HEADER_COLUMNS, "header_file"])


def _rank(file: ExposureFile) -> tuple[bool, bool, int, str]:
    return file.role == FileRole.HEADER, file.level in LARGE_LEVELS, -file.level, file.data_type


def settle(exposure: Exposure) -> None:
    """Derive anew what follows from the files: which are current, flags, type of data, and dates."""
    files = in_order(files_of(exposure))
    _mark_current(files)
    outdated = [file for file in files if file.made_from is not None and not file.made_from.is_current]
    for file in outdated:
        forget_object(file.object)
    current = [file for file in files if file.is_current and file not in outdated]
    exposure.fits_01_exists = _has(current, FileRole.FITS, LARGE_LEVELS)
    exposure.fits_10_exists = _has(current, FileRole.FITS, MEDIUM_LEVELS)
    exposure.jpg_medium_exists = _has(current, FileRole.PICTURE, MEDIUM_LEVELS)
    exposure.jpg_small_exists = any(
        file.made_from_id is not None or (file.role == FileRole.PICTURE and file.level == THUMBNAIL_LEVEL)
        for file in current
    )
    first = min((file.put_at for file in files if file.made_from_id is None), default=exposure.sort_date)
    exposure.sort_date = exposure.observation_date or first
    if exposure.header is None:
        exposure.public_date = first if settings.FAMILIES_PUBLIC_WITHOUT_HEADER else None
    if current:
        exposure.data_type = min(current, key=_word_on_type).data_type
    exposure.save(update_fields=DERIVED)
    if any(file.frame_id is not None for file in files):
        _date_frames(exposure)


def _word_on_type(file: ExposureFile) -> tuple[int, int, str, str]:
    return ROLES.index(FileRole(file.role)), file.level, file.extension, file.data_type


def _has(files: Sequence[ExposureFile], role: FileRole, levels: frozenset[int]) -> bool:
    return any(file.role == role and file.level in levels for file in files)


def _mark_current(files: Sequence[ExposureFile]) -> None:
    """The newest bytes of each path are current. `files` are in order, and know it afterwards."""
    newest = {file.object.path: file.pk for file in files}
    changed = [file for file in files if file.is_current != (newest[file.object.path] == file.pk)]
    for file in changed:
        file.is_current = not file.is_current
    by_id = {file.pk: file for file in files}
    for file in files:
        if file.made_from_id is not None:
            file.made_from = by_id[file.made_from_id]
    for wanted in (False, True):  # two of one path are never current at once, not even for a moment
        if ids := [file.pk for file in changed if file.is_current is wanted]:
            ExposureFile.objects.filter(pk__in=ids).update(is_current=wanted)


def _date_frames(exposure: Exposure) -> None:
    """Give frames whose own header has no date that of the family; until then no list shows them."""
    if exposure.observation_date is None:
        return
    undated = Frame.objects.filter(exposure=exposure, observation_date=None, versions__isnull=False)
    for frame in undated.distinct().order_by("basename"):
        frame.observation_date = exposure.observation_date
        frame.public_date = frame.public_date or exposure.public_date
        frame.is_listed = True
        frame.save(update_fields=["observation_date", "public_date", "is_listed", "modified_at"])


def age_versions(frame: Frame, files: Sequence[ExposureFile]) -> None:
    """Let a frame's versions be as old as the store has them, so that the newest stands for it whichever came last.

    Bytes that came a second time count from their last time.
    """
    last_time = {file.object.md5: file for file in in_order(files) if file.frame_id == frame.pk}
    versions = {version.md5: version for version in Version.objects.filter(frame=frame)}
    before: datetime | None = None
    for file in in_order(list(last_time.values())):
        created = file.put_at if before is None else max(file.put_at, before + TICK)
        before = created
        version = versions.get(file.object.md5)
        if version is not None and (version.created, version.object_id) != (created, file.object_id):
            Version.objects.filter(pk=version.pk).update(created=created, object=file.object_id)


def add_thumbnail(picture: ExposureFile, new: NewObject, *, put_at: datetime, at: datetime) -> None:
    """Write the row of a thumbnail that the archive made of a current picture. Hold the family's row."""
    save_file(
        ExposureFile(
            exposure=picture.exposure,
            object=object_row(new, at=at),
            role=FileRole.THUMBNAIL,
            data_type=picture.data_type,
            level=THUMBNAIL_LEVEL,
            extension=picture.extension,
            put_at=put_at,
            is_current=True,
            made_from=picture,
        )
    )
    picture.exposure.jpg_small_exists = True
    picture.exposure.save(update_fields=["jpg_small_exists"])


def record_update(exposure: Exposure, *, at: datetime, channel: int | None = None) -> Event:
    """Report that a family has changed, with the words that listeners of Photon Ranch know."""
    body: dict[str, str | int] = {
        "s3_directory": DIRECTORY_OF_KIND[ExposureKind(exposure.kind)],
        "base": exposure.name,
        "site": exposure.site_id,
    }
    if channel is not None:
        body["channel"] = channel
    return events.record_family_event(EventName.FAMILY_UPDATED, body=body, at=at, subject=subject_of(exposure))


def subject_of(exposure: Exposure) -> dict[str, Any]:
    """A family in the columns of a frame: who may hear of it, and by which terms."""
    return as_row(
        Frame(
            basename=exposure.name,
            observation_date=exposure.observation_date or exposure.sort_date,
            observation_day=exposure.night,
            public_date=exposure.public_date,
            proposal_id=exposure.proposal_id,
            site_id=exposure.site_id,
            instrument_id=exposure.instrument_id,
            primary_optical_element=exposure.primary_optical_element,
            exposure_time=exposure.exposure_time,
        )
    )


def delete_family(exposure: Exposure) -> None:
    """Delete a family that has no frames, and its files; their bytes go on commit. Hold its row."""
    for file in exposure.files.select_related("object").order_by("object_id"):
        forget_object(file.object)
    exposure.delete()
