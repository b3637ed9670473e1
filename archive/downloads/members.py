"""What goes into a zip: for each frame one file, under which name and in which form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import IO

from archive.domain import access
from archive.downloads.unpacked import PACKED_FITS, catalogue_fits, unpacked_fits
from archive.enums import ReductionLevel
from archive.errors import FatalError, NotFoundError
from archive.models import Frame, Version

EXPOSE = "EXPOSE"
BLOCK_BYTES = 1 << 20


class Form(Enum):
    """What is done to a file on its way out."""

    AS_STORED = auto()
    UNPACKED = auto()
    CATALOGUE = auto()


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a zip."""

    frame_id: int
    name: str
    form: Form
    version: Version

    @property
    def created_at(self) -> datetime:
        return self.version.created


@dataclass(frozen=True, slots=True)
class Opened:
    """A member's bytes. `crc32` is what they must have, where that is known beforehand."""

    size_bytes: int
    blocks: Iterator[bytes]
    crc32: int | None = None


def members_of(frames: Sequence[Frame], *, uncompress: bool, catalog_only: bool) -> list[Member]:
    """One member for each frame that has a file, in the order of `frames`.

    Raises ConflictError when a file is known to be damaged.
    """
    members = []
    for frame in frames:
        version = access.newest_of(frame)
        if version is not None:
            form = _form_of(frame, version, uncompress=uncompress, catalog_only=catalog_only)
            members.append(Member(frame.pk, _name_of(frame, version, form), form, version))
    return members


def opened(member: Member) -> Opened | None:
    """Start to read a member; None for a frame that was asked for its catalogue and has none."""
    if member.form is Form.AS_STORED:
        stored = member.version.object
        return Opened(access.size_of(stored), access.stream_of(stored), stored.crc32)
    try:
        made = made_file(member)
    except NotFoundError:
        if member.form is Form.CATALOGUE:
            return None
        raise
    size_bytes = made.seek(0, 2)
    made.seek(0)
    return Opened(size_bytes, _read(made))


def made_file(member: Member) -> IO[bytes]:
    """The temporary file of a member that is not sent as it is stored."""
    if member.form is Form.CATALOGUE:
        return catalogue_fits(member.version)
    if member.form is Form.UNPACKED:
        return unpacked_fits(member.version)
    raise FatalError(f"{member.name} is sent as it is stored.")


def _form_of(frame: Frame, version: Version, *, uncompress: bool, catalog_only: bool) -> Form:
    is_final_image = frame.reduction_level == ReductionLevel.FINAL and frame.configuration_type == EXPOSE
    if catalog_only and is_final_image:
        return Form.CATALOGUE
    if uncompress and version.extension == PACKED_FITS:
        return Form.UNPACKED
    return Form.AS_STORED


def _name_of(frame: Frame, version: Version, form: Form) -> str:
    ending = {Form.AS_STORED: version.extension, Form.UNPACKED: ".fits", Form.CATALOGUE: "-catalog.fits"}[form]
    return frame.basename + ending


def _read(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while block := made.read(BLOCK_BYTES):
            yield block
