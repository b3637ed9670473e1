"""Pages in the two envelopes of the OCS archive: by limit and offset, and by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.template import loader
from rest_framework.pagination import BasePagination, LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from archive.api import cursor
from archive.terms.ordering import Order

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.views import APIView

LARGEST_OFFSET = 2**62  # PostgreSQL counts rows with 63 bits


class LimitOffset(LimitOffsetPagination):
    """`limit`, `offset`; `next` follows from reading one row more than the page, never from the count."""

    max_limit = settings.PAGINATION_MAX_LIMIT
    default_limit = settings.PAGINATION_DEFAULT_LIMIT
    count = 0
    has_more = False

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Sequence[Any],
        request: Request,
        view: APIView | None = None,  # noqa: ARG002 - DRF's signature
    ) -> list[Any]:
        self.request = request
        self.limit = self.get_limit(request) or self.default_limit
        self.offset = min(self.get_offset(request), LARGEST_OFFSET)
        total = cast("QuerySet[Any]", queryset).order_by().count()
        rows = list(queryset[self.offset : self.offset + self.limit + 1])
        # Rows may have come between the two questions: the count is never less than what was seen.
        self.count = max(total, self.offset + len(rows) if rows else 0)
        self.has_more = len(rows) > self.limit
        self.display_page_controls = self.has_more or self.offset > 0
        return rows[: self.limit]

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
                "count_estimated": False,
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
        queryset: QuerySet[Any] | Sequence[Any],
        request: Request,
        view: APIView | None = None,  # noqa: ARG002 - DRF's signature
    ) -> list[Any]:
        queryset = cast("QuerySet[Any]", queryset)
        limit = LimitOffset().get_limit(request) or settings.PAGINATION_DEFAULT_LIMIT
        place = self._place(request, queryset)
        backwards = place is not None and place.backwards
        order = tuple(term.reversed() for term in self.order) if backwards else self.order
        wanted = queryset.order_by(*(term.sql() for term in order))
        if place is not None:
            wanted = cursor.rows_after(wanted, order, place.values)
        rows = list(wanted[: limit + 1])
        has_more = len(rows) > limit
        page = rows[:limit][::-1] if backwards else rows[:limit]
        if page and (has_more or backwards):
            self.next_url = self._link(request, page[-1], backwards=False)
        if page and (has_more if backwards else place is not None):
            self.previous_url = self._link(request, page[0], backwards=True)
        return page

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response({"next": self.next_url, "previous": self.previous_url, "results": data})

    def get_html_context(self) -> dict[str, str | None]:
        return {"previous_url": self.previous_url, "next_url": self.next_url}

    def to_html(self) -> str:
        return loader.get_template(self.template).render(self.get_html_context())

    def _place(self, request: Request, queryset: QuerySet[Any]) -> cursor.Place | None:
        text = request.query_params.get("cursor", "")
        if not text:
            return None
        return cursor.read(text, self.order, queryset.model)

    def _link(self, request: Request, row: Any, *, backwards: bool) -> str:
        values = tuple(getattr(row, term.column) for term in self.order)
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
            self._pages = CursorPages(self.order()) if by_cursor else LimitOffset()
        return self._pages
