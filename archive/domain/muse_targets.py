"""Targets of MUSE: one row however headers spell the name; people merge, rename and move."""

import re
import unicodedata
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models.functions import Now

from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import MuseExposure, MuseTarget, MuseTargetName

LONGEST_NAME = 200
LOCK = 7_365_208  # first half of advisory locks, whose other half is a name's
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
    key = _required_key(name)
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


def rename(target: MuseTarget, name: str) -> None:
    """Call a target otherwise; its name of before stays an alias. Raises UsageError, ConflictError."""
    name = name.strip()
    with transaction.atomic():
        add_alias(target, name)
        if MuseTarget.objects.filter(name=name).exclude(pk=target.pk).exists():
            raise ConflictError(f"another target is called {name}: merge the two.")
        target.name = name
        target.save(update_fields=["name", "modified_at"])


def add_alias(target: MuseTarget, name: str) -> None:
    """Let headers that spell the target so mean this one. Raises UsageError, ConflictError when it is another's."""
    name = name.strip()
    if len(name) > LONGEST_NAME:
        raise UsageError(f"the name has more than {LONGEST_NAME} letters: shorten it.")
    key = _required_key(name)
    with transaction.atomic():
        hold_key(key)
        owner = _known(key)
        if owner is not None and owner.pk != target.pk:
            raise ConflictError(f"{name} is a name of the target {owner.name}: merge the two.")
        if owner is None:
            MuseTargetName.objects.create(target=target, name=name, key=key)


def remove_alias(target: MuseTarget, name: str) -> None:
    """Let a name mean this target no more. Raises UsageError for its own name, NotFoundError for none of its names."""
    key = _required_key(name)
    if key == key_of(target.name):
        raise UsageError(f"{name} is the target's own name: rename the target first.")
    if not MuseTargetName.objects.filter(target=target, key=key).delete()[0]:
        raise NotFoundError(f"{target.name} has no alias {name}.")


def merge(source: MuseTarget, into: MuseTarget) -> None:
    """Move names and exposures of one target to another, and delete the first. Raises UsageError for one target."""
    if source.pk == into.pk:
        raise UsageError("a target can not be merged into itself: name another one.")
    with transaction.atomic():
        list(MuseTarget.objects.select_for_update().filter(pk__in=[source.pk, into.pk]).order_by("pk"))
        MuseExposure.objects.filter(target=source).update(target=into, modified_at=Now())
        MuseTargetName.objects.filter(target=source).update(target=into)
        source.delete()


def _required_key(name: str) -> str:
    key = key_of(name)
    if not key:
        raise UsageError(f"{name!r} is no name of a target: give one with a letter or a digit.")
    return key


def make(name: str, aliases: Sequence[str] = (), comment: str = "") -> MuseTarget:
    """Make a target. Raises UsageError, and ConflictError for a name that another target has."""
    key = _required_key(name)
    with transaction.atomic():
        hold_key(key)
        if (owner := _known(key)) is not None:
            raise ConflictError(f"{name} is a name of the target {owner.name} already.")
        made = named(name)
        change(made, aliases=aliases, comment=comment)
    return made


def change(
    target: MuseTarget, name: str | None = None, aliases: Sequence[str] | None = None, comment: str | None = None
) -> None:
    """Change what is given. Raises UsageError, and ConflictError for a name that another target has."""
    with transaction.atomic():
        if name is not None:
            rename(target, name)
        if comment is not None:
            target.comment = comment
            target.save(update_fields=["comment", "modified_at"])
        if aliases is not None:
            for alias in aliases:
                add_alias(target, alias)
            kept = {key_of(target.name), *map(key_of, aliases)}
            MuseTargetName.objects.filter(target=target).exclude(key__in=kept).delete()
