"""The list from which nginx's mod_zip makes the zip itself: a line for each file, with a signed place to fetch it.

Whoever reads it can fetch the files, so it is made only when ZIP_MODE says that nginx stands in front and keeps it.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core import signing
from django.urls import reverse

from archive.domain import access
from archive.downloads.members import Form, Member, made_file
from archive.errors import NotFoundError

LIFETIME = timedelta(hours=24)
PURPOSE = "zip member"
NO_CRC = "-"


def manifest(members: Sequence[Member], *, folder: str) -> str:
    """`<crc> <size> <location> <name>` for each member; frames without a catalogue are left out."""
    lines = []
    for member in members:
        try:
            lines.append(f"{NO_CRC} {_size_bytes(member)} {_location(member)} {folder}/{member.name}\n")
        except NotFoundError:
            if member.form is not Form.CATALOGUE:
                raise
    return "".join(lines)


def ticket_opens(ticket: str, *, frame_id: int) -> bool:
    """Whether a manifest gave this ticket for this frame: nginx asks for members without its reader's token."""
    if settings.ZIP_MODE != "nginx" or not ticket:
        return False
    try:
        opened = signing.TimestampSigner(salt=PURPOSE).unsign(ticket, max_age=LIFETIME)
    except signing.BadSignature:
        return False
    return bool(opened == str(frame_id))


def _size_bytes(member: Member) -> int:
    if member.form is Form.AS_STORED:
        return access.size_of(member.version.object)
    with made_file(member) as made:
        return made.seek(0, 2)


def _location(member: Member) -> str:
    if member.form is Form.AS_STORED:
        link = urlsplit(access.url_of(member.version.object, lifetime=LIFETIME))
        return f"/zip-files{link.path}?{link.query}"
    route = "frame-catalog" if member.form is Form.CATALOGUE else "frame-funpack"
    ticket = signing.TimestampSigner(salt=PURPOSE).sign(str(member.frame_id))
    return f"{reverse(route, args=[member.frame_id])}?{urlencode({'ticket': ticket})}"
