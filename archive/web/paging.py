"""Pages of lists, by number: `?page=2`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

ROWS = 50
MOST_PAGES = 1_000


@dataclass(frozen=True, slots=True)
class Paged:
    """One page of a list. How many there are is not counted: that would read them all."""

    rows: Sequence[Any]
    number: int
    before: str
    after: str


def paged(request: HttpRequest, found: QuerySet[Any] | Iterable[Any], *, name: str = "page", size: int = ROWS) -> Paged:
    """The page that the address asks for: `?page=2`."""
    given = request.GET.get(name, "1")
    number = min(max(int(given), 1), MOST_PAGES) if given.isdecimal() and len(given) < len("10000") else 1
    begin = (number - 1) * size
    rows = list(
        islice(found, begin, begin + size + 1) if not isinstance(found, QuerySet) else found[begin:][: size + 1]
    )

    def address(there: int) -> str:
        terms = request.GET.copy()
        terms[name] = str(there)
        return f"?{terms.urlencode()}"

    after = address(number + 1) if len(rows) > size and number < MOST_PAGES else ""
    return Paged(rows[:size], number, address(number - 1) if number > 1 else "", after)
