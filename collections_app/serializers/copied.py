"""Serializers that are made in a moment."""

from copy import copy
from typing import Any

from rest_framework import serializers


class CopiedFields(serializers.BaseSerializer[Any]):
    """Goes before `Serializer` among the bases: its fields are copies of the declared ones that
    share what is never changed. To make each field anew, as REST framework does, takes longer than
    to read a query or to write an answer.

    A list whose child asks its parents for something has to be copied whole: see `AskSerializer`.
    """

    _declared_fields: dict[str, serializers.Field[Any, Any, Any, Any]]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: copy(field) for name, field in self._declared_fields.items()}
