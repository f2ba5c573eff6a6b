import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.renderers import JSONRenderer

from collections_app.models import Collection
from collections_app.renderers import AnyTextJSONRenderer

VALUES = {
    "text": "naïve 夜市 \u2028",
    "lazy": gettext_lazy("Collections"),
    "moment": datetime(2026, 12, 1, 8, 30, 1, 123456, tzinfo=UTC),
    "naive moment": datetime(2026, 12, 1, 8, 30),
    "day": datetime(2026, 12, 1, tzinfo=UTC).date(),
    "took": timedelta(seconds=90),
    "decimal": Decimal("1.50"),
    "id": UUID(int=7),
    "choice": Collection.Language.GERMAN,
    "numbers": (1, -0.25, 1e-7, 2**63, True, None),
    "by number": {1: "a"},
    "beyond 64 bits": 10**30,
}


@pytest.mark.parametrize("name", VALUES)
def test_it_says_what_the_framework_says(name):
    data = {"value": VALUES[name]}
    assert json.loads(AnyTextJSONRenderer().render(data)) == json.loads(JSONRenderer().render(data))


def test_nothing_is_empty_and_what_is_asked_for_is_indented():
    assert AnyTextJSONRenderer().render(None) == b""
    indented = AnyTextJSONRenderer().render({"a": 1}, "application/json; indent=2")
    assert indented == b'{\n  "a": 1\n}'


def test_a_lone_surrogate_is_escaped():
    assert AnyTextJSONRenderer().render({"a": "\ud800"}) == b'{"a":"\\ud800"}'


def test_what_is_no_json_is_an_error():
    with pytest.raises(TypeError):
        AnyTextJSONRenderer().render({"a": object()})
