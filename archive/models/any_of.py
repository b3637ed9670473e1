"""`pk__any_of=[…]`: one array instead of a parameter for each value, which costs Django more than the query itself."""

from typing import Any

from django.db.models import BigAutoField, CharField, ForeignKey, Lookup


class AnyOf(Lookup[Any]):
    """The column holds one of these values; none of an empty list."""

    lookup_name = "any_of"
    prepare_rhs = False
    array: str

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::{self.array})", (*params, list(self.rhs))


@BigAutoField.register_lookup
@ForeignKey.register_lookup
class AnyOfNumbers(AnyOf):
    array = "bigint[]"


@CharField.register_lookup
class AnyOfNames(AnyOf):
    array = "varchar[]"
