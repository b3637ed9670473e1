"""Tickets: leave to bring one file, whose path the archive makes from its kind and its checked name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from archive.domain import frames, info_images, received
from archive.domain.expiry import set_own_expiry
from archive.domain.received import Heard
from archive.enums import ExpiringKind, UploadKind
from archive.errors import ConflictError, UsageError
from archive.models import Exposure, Frame, UploadTicket
from archive.models.upload import INFO_CHANNELS
from ingest.arrivals import take_in_header
from ingest.family_names import parse_path
from ingest.intake import translate_given
from ingest.names import check_name, parted, split_name
from ingest.stores.base import DirectUploads, FileStore, SentPart, SignedForm, SignedPut
from ingest.stores.keys import content_type_for
from ingest.stores.s3 import MULTIPART_ABOVE_BYTES
from ingest.taking import is_of_family

PURPOSE = "upload link 1"  # no signature that was made for another purpose opens an upload


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants to bring."""

    kind: UploadKind
    name: str
    size_bytes: int | None = None
    info_channel: int | None = None
    delete_at: datetime | None = None
    header: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket, and what its header made: a frame, or a family of Photon Ranch."""

    ticket: UploadTicket
    frame: Frame | None = None
    exposure: Exposure | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """How the bytes may be brought: each that is not None will do."""

    put: SignedPut | None = None
    form: SignedForm | None = None
    part_bytes: int | None = None  # in parts of this size, each with a link of its own


def path_for(kind: UploadKind, name: str) -> str:
    """Path of an upload: the folder of its kind, and its name. Raises UsageError for a name that is none.

    As in `is_of_family`, a wrong name of the adaptive-optics camera is found out when the file is there.
    """
    if name.startswith("."):
        raise UsageError(f"the name {name[:40]!r} begins with a dot: rename the file.")
    basename, extension = parted(name)
    check_name(basename)
    check_name(name)
    if len(extension) <= 1:
        raise UsageError(f"the name {name!r} has no extension, such as .fits.fz: the archive reads files by it.")
    path = f"{kind.value}/{name}"
    is_of_family(path)  # raises for a name that nothing can be made of
    return path


def require_size(size_bytes: int) -> None:
    """Raise UsageError for a size that is not taken."""
    if not 0 < size_bytes <= settings.UPLOAD_MAX_BYTES:
        raise UsageError(
            f"{size_bytes} bytes can not be uploaded: a file has 1 to {settings.UPLOAD_MAX_BYTES} bytes "
            "(UPLOAD_MAX_MEGABYTES)."
        )


def require_channel(kind: UploadKind, channel: int | None) -> int | None:
    """Channel of an info image, the first where none is named. Raises UsageError."""
    if kind != UploadKind.INFO_IMAGES:
        if channel is not None:
            raise UsageError("info_channel is for the kind info-images: leave it out.")
        return None
    if channel is None:
        return INFO_CHANNELS[0]
    if channel not in INFO_CHANNELS:
        raise UsageError(f"info_channel is {channel}; give 1, 2 or 3.")
    return channel


def open_ticket(asked: Asked, *, user: User, store: FileStore, now: datetime) -> Opened:
    """Give leave to bring a file. With a header its frame is registered at once, and waits for its bytes.

    Raises UsageError for what could never be taken.
    """
    path = path_for(asked.kind, asked.name)
    split_name(asked.name)
    channel = require_channel(asked.kind, asked.info_channel)
    if asked.size_bytes is not None:
        require_size(asked.size_bytes)
    direct = store.direct_uploads()
    in_parts = (asked.size_bytes or 0) > MULTIPART_ABOVE_BYTES
    ticket = UploadTicket(
        user=user,
        kind=asked.kind,
        name=asked.name,
        path=path,
        info_channel=channel,
        size_bytes=asked.size_bytes,
        delete_at=asked.delete_at,
        created_at=now,
        valid_until=now + settings.UPLOAD_LINK_LIFETIME,
        multipart_id=direct.begin_parts(path, content_type=content_type_for(path)) if direct and in_parts else "",
    )
    with transaction.atomic():
        ticket.save()
        announce(path, channel, now=now)
        _set_own_expiry(ticket, now=now)
        return _with_header(ticket, asked.header, now=now)


def announce(path: str, channel: int | None, *, now: datetime) -> None:
    """Say for which channel an info image comes; without a channel there is nothing to say."""
    if channel is not None:
        name = parse_path(path)[1]
        info_images.announce(site=name.site, channel=channel, base=name.base, at=now)


def _set_own_expiry(ticket: UploadTicket, *, now: datetime) -> None:
    """Say when the family or the frame of a ticket goes; an info image goes with its channel."""
    if ticket.delete_at is None:
        return
    if ticket.kind == UploadKind.INFO_IMAGES:
        raise UsageError("an info image goes by the rule of its channel: leave expires out.")
    kind, name = ExpiringKind.FRAME, split_name(ticket.name)[0]
    if is_of_family(ticket.path):
        kind, name = ExpiringKind.FAMILY, parse_path(ticket.path)[1].base
    by = ticket.user.username if ticket.user else ""
    set_own_expiry(kind=kind, name=name, expires_at=ticket.delete_at, at=now, by=by)


def _with_header(ticket: UploadTicket, header: Mapping[str, Any] | None, *, now: datetime) -> Opened:
    """Register what a header tells of a file that is yet to come."""
    if header is None:
        return Opened(ticket)
    if ticket.kind == UploadKind.INFO_IMAGES:
        raise UsageError("an info image is shown once its file is there: leave header out.")
    if is_of_family(ticket.path):
        return Opened(ticket, exposure=take_in_header(path=ticket.path, header=header, now=now))
    record = translate_given(ticket.name, header)
    return Opened(ticket, frame=frames.register_frame(record=record, versions=(), at=now).frame)


def ways_of(ticket: UploadTicket, *, store: FileStore, own_link: str) -> Ways:
    """Links by which the bytes of a ticket are brought; `own_link` is the archive's route for its file."""
    direct = store.direct_uploads()
    if direct is None:
        return Ways(put=SignedPut(f"{own_link}?{signature_of(ticket)}", {}))
    if ticket.multipart_id:
        return Ways(part_bytes=direct.part_bytes(_size_of(ticket)))
    signed: dict[str, Any] = {
        "size_bytes": ticket.size_bytes,
        "content_type": content_type_for(ticket.path),
        "expires_in": settings.UPLOAD_LINK_LIFETIME,
    }
    form = direct.form(ticket.path, most_bytes=settings.UPLOAD_MAX_BYTES, **signed)
    return Ways(put=direct.put(ticket.path, **signed), form=form)


def signature_of(ticket: UploadTicket) -> str:
    """Query of the archive's own upload link."""
    return f"signature={_signature(ticket)}"


def require_signature(ticket: UploadTicket, signature: str, *, now: datetime) -> None:
    """Raise UsageError unless a link was made here and holds at `now`."""
    if not constant_time_compare(signature.encode(errors="replace"), _signature(ticket).encode()):
        raise UsageError("This link was changed or never made here: ask for a new ticket.")
    require_open(ticket, now=now)


def require_open(ticket: UploadTicket, *, now: datetime) -> None:
    """Raise UsageError for a ticket that is used up."""
    if ticket.finished_at is not None or now >= ticket.valid_until:
        raise UsageError("This ticket is used up or has expired: ask for a new one.")


def _signature(ticket: UploadTicket) -> str:
    text = f"{ticket.pk}\n{int(ticket.valid_until.timestamp())}"
    return salted_hmac(PURPOSE, text, secret=settings.STORE.signing_key, algorithm="sha256").hexdigest()


def links_of_parts(
    ticket: UploadTicket, numbers: Sequence[int], *, store: FileStore, now: datetime
) -> dict[int, SignedPut]:
    """Links for some parts of an upload, each for the size that this part has to have."""
    require_open(ticket, now=now)
    direct = _in_parts(ticket, store)
    part_bytes = direct.part_bytes(_size_of(ticket))
    size_bytes = _size_of(ticket)
    n_parts = -(-size_bytes // part_bytes)
    for number in numbers:
        if not 1 <= number <= n_parts:
            raise UsageError(f"there is no part {number}: this upload has the parts 1 to {n_parts}.")
    return {
        number: direct.put_part(
            ticket.path,
            ticket.multipart_id,
            number,
            size_bytes=min(part_bytes, size_bytes - (number - 1) * part_bytes),
            expires_in=settings.UPLOAD_LINK_LIFETIME,
        )
        for number in numbers
    }


def finish(ticket: UploadTicket, parts: Sequence[SentPart], *, store: FileStore, now: datetime) -> list[int]:
    """All is sent: put parts together, and hear of the object before the store tells. To repeat it is safe.

    Answers what is to be taken in. Raises UsageError when nothing came, or the parts are not those that came.
    """
    if ticket.multipart_id and ticket.finished_at is None:
        _in_parts(ticket, store).complete_parts(ticket.path, ticket.multipart_id, parts)
    found = [version for version in store.versions(ticket.path) if ticket.size_bytes in {None, version.size_bytes}]
    if not found:
        raise UsageError("the store has no such file of the size announced: send it first.")
    use_up(ticket, now=now)
    return received.hear([Heard(ticket.path, found[0].version_id)], store=store.name, at=now)


def require_announced(ticket: UploadTicket, size_bytes: int) -> None:
    """Raise UsageError for a file of another size than the ticket's."""
    if ticket.size_bytes not in {None, size_bytes}:
        raise UsageError(f"{size_bytes} bytes came, {ticket.size_bytes} were announced: send the file of the ticket.")


def use_up(ticket: UploadTicket, *, now: datetime) -> None:
    """Note that the file of a ticket came."""
    if ticket.finished_at is None:
        ticket.finished_at = now
        ticket.save(update_fields=["finished_at"])


def give_up(ticket: UploadTicket, *, store: FileStore, now: datetime) -> None:
    """Take a ticket back, and the parts that came. Raises ConflictError when its file is complete."""
    if ticket.finished_at is not None:
        raise ConflictError("this ticket is used up: delete its frame instead.")
    if ticket.multipart_id:
        _in_parts(ticket, store).abort_parts(ticket.path, ticket.multipart_id)
    use_up(ticket, now=now)


def _size_of(ticket: UploadTicket) -> int:
    """Size of a file in parts: only one whose size was announced goes so."""
    return ticket.size_bytes or 0


def _in_parts(ticket: UploadTicket, store: FileStore) -> DirectUploads:
    direct = store.direct_uploads()
    if direct is None or not ticket.multipart_id:
        raise UsageError("this upload goes in one piece: send it by its put link.")
    return direct
