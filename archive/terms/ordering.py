"""Orders of a list. Each ends in the id, so that it is total: pages neither repeat rows nor lose them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from rest_framework.filters import BaseFilterBackend

if TYPE_CHECKING:  # rest_framework.views reads the settings that name the modules that import this one
    from rest_framework.request import Request
    from rest_framework.views import APIView

FRAME_COLUMNS = (
    "id",
    "basename",
    "observation_date",
    "primary_optical_element",
    "configuration_type",
    "proposal_id",
    "instrument_id",
    "target_name",
    "reduction_level",
    "exposure_time",
)


@dataclass(frozen=True, slots=True)
class Term:
    """One column of an order. A row without a value counts as larger than all others, as PostgreSQL has it."""

    column: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column

    def reversed(self) -> Term:
        return Term(self.column, not self.descending)

    def sql(self) -> OrderBy:
        return OrderBy(F(self.column), descending=self.descending)


Order = tuple[Term, ...]
NEWEST_FIRST: Order = (Term("observation_date", descending=True), Term("id", descending=True))


def order_of(text: str, *, columns: Sequence[str] = FRAME_COLUMNS, default: Order = NEWEST_FIRST) -> Order:
    """Order that a reader wrote as `-exposure_time,basename`. Unknown columns and repetitions are passed over."""
    terms: dict[str, Term] = {}
    for word in text.split(","):
        name = word.strip()
        column = name.removeprefix("-")
        if column in columns and "id" not in terms:
            terms.setdefault(column, Term(column, descending=name.startswith("-")))
    if not terms:
        return default
    last = next(reversed(terms.values()))
    terms.setdefault("id", Term("id", descending=last.descending))
    return tuple(terms.values())


class FrameOrdering(BaseFilterBackend):
    """`ordering=` of /frames/."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:  # noqa: ARG002 - DRF's signature
        order = order_of(request.query_params.get("ordering", ""))
        return queryset.order_by(*(term.sql() for term in order))

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002 - DRF's signature
        says = (
            "Columns with commas between, `-` before one for the reverse: "
            f"{', '.join(FRAME_COLUMNS)}. Frames without an exposure time count as the longest. Default: newest first"
        )
        return [
            {"name": "ordering", "required": False, "in": "query", "description": says, "schema": {"type": "string"}}
        ]
