"""Sums and differences of words, and what is nearest to them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.collections import VisibleCollectionField
from search_app.words import MOST_NEAR, MOST_TERMS


class WordsQuerySerializer(serializers.Serializer[Any]):
    collection = VisibleCollectionField(pk_field=serializers.IntegerField())
    plus = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        max_length=MOST_TERMS,
        help_text=_("Words that are added; may be given again."),
    )
    minus = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        max_length=MOST_TERMS,
        help_text=_("Words that are taken away; may be given again."),
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST_NEAR, default=10)
    inputs = serializers.BooleanField(
        default=False, help_text=_("Whether the words given may be among the answers.")
    )


class TermSerializer(serializers.Serializer[Any]):
    """`document` is null for a word that was embedded on the spot."""

    word = serializers.CharField()
    document = serializers.IntegerField(source="document.pk", default=None)


class NearWordSerializer(serializers.Serializer[Any]):
    word = serializers.CharField(source="document.external_id")
    document = serializers.IntegerField(source="document.pk")
    score = serializers.FloatField(help_text=_("The cosine with the sum."))


class PlacedSerializer(serializers.Serializer[Any]):
    """A word in the picture, x to the right and y down; the result has no word."""

    word = serializers.CharField(source="label", allow_blank=True)
    kind = serializers.ChoiceField(["plus", "minus", "near", "result"])
    x = serializers.FloatField()
    y = serializers.FloatField()


class WordsSerializer(serializers.Serializer[Any]):
    collection = serializers.IntegerField(source="collection.pk")
    model = serializers.CharField(source="collection.embedding_model.name")
    plus = TermSerializer(many=True)
    minus = TermSerializer(many=True)
    near = NearWordSerializer(many=True)
    explained = serializers.FloatField(
        source="plane.explained", help_text=_("The share of the variance that the picture shows.")
    )
    picture = PlacedSerializer(source="plane.points", many=True)
