"""Related documents and pairs."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.documents import PassageSerializer
from search_app.serializers.hits import SCORE, DocumentLinkSerializer


class LimitSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField(min_value=1, max_value=10, default=10)


class PairLimitSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField(min_value=1, max_value=100, default=100)


class RelatedSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer(source="other")
    score = serializers.FloatField(help_text=SCORE)
    rank = serializers.IntegerField()
    shares = serializers.ListField(
        child=serializers.CharField(), help_text=_("The rarest words that both have.")
    )


class PairSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer()
    other = DocumentLinkSerializer()
    score = serializers.FloatField(help_text=SCORE)
    near_duplicate = serializers.BooleanField(help_text=_("Nearly the same text."))


class PassagesQuerySerializer(serializers.Serializer[Any]):
    ordinal = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, default=0, help_text=_("The first passage, from 0.")
    )
    n = serializers.IntegerField(min_value=1, max_value=10, default=3)


class NearSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer(source="passage.document")
    passage = PassageSerializer()
    score = serializers.FloatField(help_text=SCORE)


class PassageWithNearSerializer(serializers.Serializer[Any]):
    passage = PassageSerializer()
    related = NearSerializer(many=True)


class GroupSerializer(serializers.Serializer[Any]):
    documents = DocumentLinkSerializer(many=True)
    score = serializers.FloatField(help_text=_("The highest cosine of two of them."))
