"""Terms of saved searches: those of /frames/."""

from django.contrib.auth.models import User
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from archive.domain.sight import Ear
from archive.errors import UsageError
from archive.terms.frames import FrameFilter
from archive.terms.listening import ear_for


def ear_of_saved(owner: User, parameters: QueryDict) -> Ear:
    """How a search's owner listens. Raises UsageError when a term can not be read any more."""
    try:
        return ear_for(owner, parameters)
    except ValidationError as error:
        raise UsageError(_said(error)) from error


def kept_terms(owner: User, query: str) -> str:
    """The terms of a list in an address, in order, without what says how it is shown. Raises UsageError as above."""
    given, kept = QueryDict(query.removeprefix("?")), QueryDict(mutable=True)
    for name in sorted(FrameFilter.base_filters.keys() & given.keys()):
        if values := [value for value in given.getlist(name) if value]:
            kept.setlist(name, values)
    ear_of_saved(owner, kept)
    return kept.urlencode()


def _said(error: ValidationError) -> str:
    detail = error.detail
    if isinstance(detail, dict):
        return "; ".join(f"{name}: {' '.join(map(str, told))}" for name, told in detail.items())
    return " ".join(map(str, detail))
