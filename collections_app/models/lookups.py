"""A lookup of ours: `pk__any=[...]` asks for many values as one parameter.

`pk__in` writes a placeholder for each, and a thousand of them cost more than what they find.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Field, Lookup


@Field.register_lookup
class AnyOf(Lookup):
    """`column = ANY(values)`: equal to one of them."""

    lookup_name = "any"

    def get_prep_lookup(self) -> Any:
        values: Iterable[Any] = self.rhs
        return [self.lhs.output_field.get_prep_value(value) for value in values]

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [value]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"{lhs} = ANY({rhs})", [*lhs_params, *rhs_params]
