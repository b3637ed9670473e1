"""Orders of lists. Each ends in the id, so that it is total: pages neither repeat rows nor lose them."""

from dataclasses import dataclass

from django.db.models import F
from django.db.models.expressions import OrderBy


@dataclass(frozen=True, slots=True)
class Term:
    """One column of an order. A row without a value counts as larger than all others, as PostgreSQL has it."""

    column: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column

    def reversed(self) -> "Term":
        return Term(self.column, not self.descending)

    def sql(self) -> OrderBy:
        return OrderBy(F(self.column), descending=self.descending)


Order = tuple[Term, ...]
NEWEST_FIRST: Order = (Term("observation_date", descending=True), Term("id", descending=True))
