"""Targets of MUSE: one row however headers spell the name; people merge, rename and move."""

import re
import unicodedata

from django.db import connection

from archive.errors import UsageError
from archive.models import MuseTarget, MuseTargetName

LONGEST_NAME = 200
LOCK = 208  # of advisory locks by name
_LEFT_OUT = re.compile(r"[\W_]+")
_SIGN = re.compile(r"(?<=\d)\s*([+-])\s*(?=\d)")  # of a declination: J1234-56 is not J123456


def key_of(name: str) -> str:
    """How names are compared: NGC 3201, ngc3201 and NGC_3201 are one; J0534+22 and J0534-22 are two."""
    text = _SIGN.sub(
        lambda found: "plus" if found[1] == "+" else "minus", unicodedata.normalize("NFKC", name).casefold()
    )
    return _LEFT_OUT.sub("", text)[:LONGEST_NAME]


def named(name: str) -> MuseTarget:
    """The target of this name or alias; made if there is none. In a transaction.

    Raises UsageError for a name without a letter or a digit.
    """
    name = name.strip()[:LONGEST_NAME]
    key = key_of(name)
    if not key:
        raise UsageError(f"{name!r} is no name of a target: give one with a letter or a digit.")
    found = _known(key)
    if found is None:
        hold_key(key)
        found = _known(key)
    if found is None:
        found = MuseTarget.objects.create(name=name)
        MuseTargetName.objects.create(target=found, name=name, key=key)
    return found


def hold_key(key: str) -> None:
    """Let no other transaction give this name to a target, until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, key])


def _known(key: str) -> MuseTarget | None:
    row = MuseTargetName.objects.select_related("target").filter(key=key).first()
    return row.target if row else None
