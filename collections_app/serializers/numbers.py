"""Fields of numbers."""

import math
from typing import Any

from rest_framework import serializers


class FiniteField(serializers.FloatField):
    """A number that can be compared: NaN would be within all bounds, and JSON has none."""

    def to_internal_value(self, data: Any) -> float:
        number = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number
