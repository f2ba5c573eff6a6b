"""Suggestions while typing."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.collections import VisibleCollectionField
from search_app.suggesting import MOST_CHARS


class SuggestQuerySerializer(serializers.Serializer[Any]):
    """What is typed, and where it is searched for."""

    q = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=MOST_CHARS,
        help_text=_("What is typed; one's own past searches alone if left out."),
    )
    collection = VisibleCollectionField(
        pk_field=serializers.IntegerField(),
        default=None,
        help_text=_("Its number; everything one may see if left out."),
    )


class SuggestionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text=_("A title, or a past search."))
    document = serializers.IntegerField(
        allow_null=True, help_text=_("Whose title it is; none for a past search.")
    )
    collection = serializers.IntegerField(allow_null=True)
