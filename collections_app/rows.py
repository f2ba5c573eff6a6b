"""Rows of models read by statements of our own.

For what every request asks: Django takes longer to write such a statement than PostgreSQL to run
it, and a join gives the rows of two models in one round trip.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


class Rows(Generic[M]):
    """How a model's rows are asked for and made."""

    def __init__(self, model: type[M], *left: str) -> None:
        """Without the fields of these names, which are read once they are looked at."""
        self._model = model
        fields = [field for field in model._meta.concrete_fields if field.name not in left]
        self._names = [field.attname for field in fields]
        self._columns = [field.column for field in fields]
        self._converted = [
            (field.attname, field.from_db_value)
            for field in fields
            if hasattr(field, "from_db_value")
        ]

    def __len__(self) -> int:
        return len(self._names)

    def columns(self, alias: str) -> str:
        """What to select from the table of this alias."""
        return ", ".join(f'{alias}."{column}"' for column in self._columns)

    def made(self, values: Sequence[Any]) -> M:
        """The row of these columns.

        As `Model.from_db` makes it, without asking each field and the signals of what is made:
        the models given here have none, and a page of hits is made of dozens.
        """
        row = self._model.__new__(self._model)
        row._state = ModelState()
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        row.__dict__.update(zip(self._names, values, strict=True))
        for name, convert in self._converted:
            row.__dict__[name] = convert(row.__dict__[name], None, connection)
        return row
