"""What the tools take. Help texts are for language models, so they stay in English."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from collections_app.serializers.collections import VisibleCollectionField

MOST_NUMBER = 2**63 - 1
MOST_CHARS = 20_000  # of a document's text in one answer
MOST_COLLECTIONS = 100
COLLECTION = "Number of one collection, from list_collections. Left out: all of them."
COLLECTIONS = "Numbers of several collections, in place of `collection`."


def _collection() -> VisibleCollectionField:
    number = serializers.IntegerField(min_value=1, max_value=MOST_NUMBER)
    return VisibleCollectionField(pk_field=number, default=None, help_text=COLLECTION)


def _collections() -> serializers.ListField:
    number = serializers.IntegerField(min_value=1, max_value=MOST_NUMBER)
    return serializers.ListField(
        child=VisibleCollectionField(pk_field=number),
        default=list,
        max_length=MOST_COLLECTIONS,
        help_text=COLLECTIONS,
    )


class AmongInput(serializers.Serializer[Any]):
    """Of one collection, of several, or of all; `among` in what was checked."""

    collection = _collection()
    collections = _collections()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        one, several = attrs.pop("collection"), attrs.pop("collections")
        if one and several:
            message = _("Name one collection or several, not both.")
            raise serializers.ValidationError({"collections": message})
        return attrs | {"among": [one] if one else several}


def _number(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MOST_NUMBER, help_text=help_text)


class ListInput(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        min_value=0,
        max_value=MOST_NUMBER,
        default=0,
        help_text="Goes on behind the collection of this number.",
    )


class SearchInput(AmongInput):
    query = serializers.CharField(
        max_length=settings.MAX_QUERY_CHARS,
        help_text="What to look for, in natural words; “phrases” and -word are understood.",
    )
    filters = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        default=list,
        help_text="field:value each, such as type:pdf, year:2020..2024, added:2024.., id:notes/*",
    )
    limit = serializers.IntegerField(min_value=1, max_value=20, default=8)


class FetchInput(serializers.Serializer[Any]):
    document = _number("Number of the document, from a result of another tool.")
    start = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, default=0, help_text="The first character, from 0."
    )
    length = serializers.IntegerField(min_value=1, max_value=MOST_CHARS, default=MOST_CHARS)


class RelatedInput(serializers.Serializer[Any]):
    document = _number("Number of the document, from a result of another tool.")
    limit = serializers.IntegerField(min_value=1, max_value=10, default=10)


class AskInput(AmongInput):
    question = serializers.CharField(
        max_length=settings.MAX_QUESTION_CHARS, help_text="One that can be understood alone."
    )


def read(
    kind: type[serializers.Serializer[Any]], arguments: dict[str, Any], request: Any
) -> dict[str, Any]:
    """The arguments as they were checked. Raises ValidationError."""
    if unknown := sorted(set(arguments) - set(kind().fields)):
        known = ", ".join(kind().fields)
        message = _("There is no such argument; there are: %(known)s.") % {"known": known}
        raise serializers.ValidationError(dict.fromkeys(unknown, message))
    wanted = kind(data=arguments, context={"request": request})
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)


def schema(kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The JSON schema of what a tool takes."""
    fields = kind().fields
    return {
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _property(field: Any) -> dict[str, Any]:
    if isinstance(field, serializers.ListField):
        told: dict[str, Any] = {"type": "array", "items": _property(field.child)}
        if field.max_length:
            told["maxItems"] = field.max_length
    elif isinstance(field, serializers.CharField):
        told = {"type": "string", "maxLength": field.max_length}
    else:
        number = getattr(field, "pk_field", None) or field
        told = {"type": "integer", "minimum": number.min_value, "maximum": number.max_value}
    if isinstance(field.default, int):
        told["default"] = field.default
    if field.help_text:
        told["description"] = field.help_text
    return told
