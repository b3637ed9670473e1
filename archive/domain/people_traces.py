"""Where users stand as authors. Whose name stands anywhere is not removed: somebody else could come under that name."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from archive.models import (
    ColourPicture,
    Frame,
    MuseExposure,
    NightNote,
    OwnExpiry,
    PeopleChange,
    PipelineSwitch,
    Product,
    ProductAttempt,
    ProductCancellation,
    PsfMember,
    ReleaseChange,
    SavedSearch,
    SiteConfiguration,
    Tombstone,
    UploadTicket,
)

# What to say of it, the table, and the columns that hold a user name.
BY_NAME: tuple[tuple[str, type[models.Model], tuple[str, ...]], ...] = (
    ("configurations of sites", SiteConfiguration, ("changed_by",)),
    ("notes on nights", NightNote, ("written_by",)),
    ("stars of the PSF library", PsfMember, ("added_by", "removed_by")),
    ("products that they had made again", Product, ("forced_by",)),
    ("products that they had made again", ProductAttempt, ("forced_by",)),
    ("products that they cancelled", ProductCancellation, ("cancelled_by", "lifted_by")),
    ("the switch of the pipeline", PipelineSwitch, ("changed_by",)),
    ("changes of public dates", ReleaseChange, ("changed_by",)),
    ("changes of users and programmes", PeopleChange, ("changed_by",)),
    ("pictures that they took away", ColourPicture, ("hidden_by",)),
    ("expiry of single frames", OwnExpiry, ("set_by",)),
    ("frames that they deleted", Tombstone, ("deleted_by",)),
    ("exposures of MUSE that they made", MuseExposure, ("created_by",)),
)
# The same, of rows that name the user by id and would go with the user, or forget whose they are.
BY_ID: tuple[tuple[str, type[models.Model], str], ...] = (
    ("saved searches", SavedSearch, "owner"),
    ("uploads", UploadTicket, "user"),
    ("changes in the admin pages", LogEntry, "user"),
)
SUBMITTED = "frames that they submitted"


def traces_of(user: User) -> list[str]:
    """What would lose its author or its owner without this user, in words; nothing when the user can be removed."""
    found = [words for words, model, columns in BY_NAME if _stands_in(model, columns, user.username)]
    found += [words for words, model, column in BY_ID if _of(model).filter(**{column: user}).exists()]
    # Both values of `is_public` are named, so that the index by submitter answers.
    of_user = Frame.objects.filter(is_listed=True, is_public__in=[True, False], submitter=user.username)
    if of_user.exists():
        found.append(SUBMITTED)
    return list(dict.fromkeys(found))


def _stands_in(model: type[models.Model], columns: tuple[str, ...], username: str) -> bool:
    asked = Q(*((column, username) for column in columns), _connector=Q.OR)
    return _of(model).filter(asked).exists()


def _of(model: type[models.Model]) -> models.Manager[Any]:
    return model._default_manager  # noqa: SLF001 - Django's documented name
