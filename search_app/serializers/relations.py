"""Related documents and pairs."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from search_app.serializers.hits import SCORE, DocumentLinkSerializer


class LimitSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField(min_value=1, max_value=10, default=10)


class PairLimitSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField(min_value=1, max_value=100, default=100)


class RelatedSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer(source="other")
    score = serializers.FloatField(help_text=SCORE)
    rank = serializers.IntegerField()


class PairSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer()
    other = DocumentLinkSerializer()
    score = serializers.FloatField(help_text=SCORE)
    near_duplicate = serializers.BooleanField(help_text=_("Nearly the same text."))
