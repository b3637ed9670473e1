"""Pages in the two envelopes of the OCS archive: by limit and offset, and by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.db.models import Model, QuerySet
from django.template import loader
from rest_framework.pagination import BasePagination, LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from archive.api import cursor
from archive.domain.counts import UNBOUNDED, Count, count, tallied_count
from archive.domain.leap import leap_of
from archive.domain.listing import Listing, Narrowing
from archive.domain.order import NEWEST_FIRST, Order
from archive.models import Frame

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.views import APIView

LOOK_AHEAD = 2000
LARGEST_OFFSET = 2**62  # PostgreSQL counts rows with 63 bits


class Rows(Protocol):
    """What can be gone through by pages."""

    @property
    def model(self) -> type[Model]: ...

    def page(self, order: Order | None, *, offset: int, most: int, after: Narrowing | None = None) -> list[Any]: ...

    def count(self) -> Count: ...

    def known_count(self) -> Count | None:
        """The count, if it costs next to nothing."""

    def values(self, row: Any, order: Order) -> tuple[Any, ...]: ...


class QueryRows:
    """Rows of a queryset, in its own order unless another is asked for."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self._queryset = queryset
        self.model = queryset.model

    def page(self, order: Order | None, *, offset: int, most: int, after: Narrowing | None = None) -> list[Any]:
        rows = self._queryset if order is None else self._queryset.order_by(*(term.sql() for term in order))
        if after is not None:
            rows = after(rows)
        return list(rows[offset : offset + most])

    def count(self) -> Count:
        return Count(self._queryset.order_by().count())

    def known_count(self) -> Count | None:
        return None

    def values(self, row: Any, order: Order) -> tuple[Any, ...]:
        return tuple(getattr(row, term.column) for term in order)


class FrameRows:
    """Frames of a listing, each as the values of the columns of the order."""

    model = Frame

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._count: Count | None = None

    def page(
        self, order: Order | None, *, offset: int, most: int, after: Narrowing | None = None
    ) -> list[tuple[Any, ...]]:
        order = order or NEWEST_FIRST
        if after is None and self._listing.terms.columns & UNBOUNDED:
            return self._page_and_count(order, offset=offset, most=most)
        leap = leap_of(self._listing, order, offset) if after is None else None
        if leap is None:
            return self._listing.keys(order, offset=offset, most=most, after=after)
        return self._listing.keys(order, offset=offset - leap.n_skipped, most=most, after=leap)

    def _page_and_count(self, order: Order, *, offset: int, most: int) -> list[tuple[Any, ...]]:
        """What is costly to find is found once: where the end of the list is near, it tells the count."""
        keys = self._listing.keys(order, offset=offset, most=max(most, LOOK_AHEAD))
        if len(keys) < LOOK_AHEAD and (keys or not offset):
            self._count = Count(offset + len(keys))
        return keys[:most]

    def count(self) -> Count:
        return self._count or count(self._listing)

    def known_count(self) -> Count | None:
        known = tallied_count(self._listing)
        return None if known is None else Count(known)

    def values(self, row: Any, order: Order) -> tuple[Any, ...]:  # noqa: ARG002 - the rows are in that order already
        return tuple(row)


def _rows_of(rows: Any) -> Rows:
    return QueryRows(rows) if isinstance(rows, QuerySet) else rows


class LimitOffset(LimitOffsetPagination):
    """`limit`, `offset`; `next` follows from reading one row more than the page, never from the count."""

    max_limit = settings.PAGINATION_MAX_LIMIT
    default_limit = settings.PAGINATION_DEFAULT_LIMIT
    count = 0
    is_estimate = False
    has_more = False
    limit: int
    offset: int

    def __init__(self, order: Order | None = None) -> None:
        self.order = order

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Rows,  # type: ignore[override] # DRF also takes lists, which nobody pages here
        request: Request,
        view: APIView | None = None,  # noqa: ARG002 - DRF's signature
    ) -> list[Any]:
        self.request = request
        self.limit = self.get_limit(request) or self.default_limit
        self.offset = min(self.get_offset(request), LARGEST_OFFSET)
        wanted = _rows_of(queryset)
        known = wanted.known_count()
        rows = (
            [] if known and known.n <= self.offset else wanted.page(self.order, offset=self.offset, most=self.limit + 1)
        )
        self.has_more = len(rows) > self.limit
        self.count, self.is_estimate = self._counted(wanted, known, len(rows))
        self.display_page_controls = self.has_more or self.offset > 0
        return rows[: self.limit]

    def _counted(self, wanted: Rows, known: Count | None, n_rows: int) -> tuple[int, bool]:
        """Count of the list: where its end was seen, it needs no question of its own."""
        if not self.has_more and (n_rows or not self.offset):
            return self.offset + n_rows, False
        found = known or wanted.count()
        # Rows may have come between the two questions: the count is never less than what was seen.
        return max(found.n, self.offset + n_rows if n_rows else 0), found.is_estimate

    def get_next_link(self) -> str | None:
        if not self.has_more:
            return None
        return super().get_next_link()

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response(
            {
                "count": self.count,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
                "count_estimated": self.is_estimate,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["count_estimated"] = {"type": "boolean", "example": False}
        described["required"].append("count_estimated")
        return dict(described)


class CursorPages(BasePagination):
    """`cursor`, `limit`: pages that start at a row, however many come before it; there is no count."""

    template = "rest_framework/pagination/previous_and_next.html"
    display_page_controls = True
    next_url: str | None = None
    previous_url: str | None = None

    def __init__(self, order: Order) -> None:
        self.order = order

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Rows,  # type: ignore[override] # DRF also takes lists, which nobody pages here
        request: Request,
        view: APIView | None = None,  # noqa: ARG002 - DRF's signature
    ) -> list[Any]:
        wanted = _rows_of(queryset)
        limit = LimitOffset().get_limit(request) or settings.PAGINATION_DEFAULT_LIMIT
        place = self._place(request, wanted.model)
        backwards = place is not None and place.backwards
        order = tuple(term.reversed() for term in self.order) if backwards else self.order
        after = None if place is None else cursor.After(order, place.values)
        rows = wanted.page(order, offset=0, most=limit + 1, after=after)
        has_more = len(rows) > limit
        page = rows[:limit][::-1] if backwards else rows[:limit]
        if page and (has_more or backwards):
            self.next_url = self._link(request, wanted.values(page[-1], self.order), backwards=False)
        if page and (has_more if backwards else place is not None):
            self.previous_url = self._link(request, wanted.values(page[0], self.order), backwards=True)
        return page

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response({"next": self.next_url, "previous": self.previous_url, "results": data})

    def get_html_context(self) -> dict[str, str | None]:
        return {"previous_url": self.previous_url, "next_url": self.next_url}

    def to_html(self) -> str:
        return loader.get_template(self.template).render(self.get_html_context())

    def _place(self, request: Request, model: type[Model]) -> cursor.Place | None:
        text = request.query_params.get("cursor", "")
        if not text:
            return None
        return cursor.read(text, self.order, model)

    def _link(self, request: Request, values: tuple[Any, ...], *, backwards: bool) -> str:
        text = cursor.written(cursor.Place(values, backwards), self.order)
        return str(replace_query_param(request.build_absolute_uri(), "cursor", text))


class EitherPages:
    """What makes a view answer in the style that `pagination_style` asks for. The view gives its `order`."""

    request: Any
    _pages: BasePagination | None = None

    def order(self) -> Order:
        raise NotImplementedError

    @property
    def paginator(self) -> BasePagination:
        if self._pages is None:
            by_cursor = self.request.query_params.get("pagination_style") == "cursor"
            self._pages = CursorPages(self.order()) if by_cursor else LimitOffset(self.order())
        return self._pages
