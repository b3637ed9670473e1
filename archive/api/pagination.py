"""Pages by limit and offset, in the envelope of the OCS archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

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
