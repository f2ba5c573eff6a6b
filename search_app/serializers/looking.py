"""Vectors to look at, and two things to compare."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from collections_app.models import Document, EmbeddingModel
from collections_app.serializers.embedding import ModelNameField
from search_app.analysis import encodings
from search_app.looking import MAX_CHARS, Seen
from search_app.serializers.hits import SimilarSerializer
from search_app.serializers.searching import OfDocuments


class VectorQuerySerializer(serializers.Serializer[Any]):
    passage = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy("One of its passages, by its ordinal; the document if left out."),
    )


class VectorSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    dimension = serializers.IntegerField()
    vector = serializers.ListField(child=serializers.FloatField())
    base64 = serializers.CharField(help_text=gettext_lazy("Of little-endian float32."))
    hex = serializers.CharField(help_text=gettext_lazy("Of little-endian float32."))
    l1 = serializers.FloatField()
    l2 = serializers.FloatField()
    largest = serializers.FloatField()
    neighbours = SimilarSerializer(many=True)

    def to_representation(self, seen: Seen) -> dict[str, Any]:
        norms = encodings.norms(seen.vector)
        return {
            "model": seen.model.name,
            "dimension": len(seen.vector),
            "vector": [float(str(value)) for value in seen.vector],
            "base64": encodings.as_base64(seen.vector),
            "hex": encodings.as_hex(seen.vector),
            "l1": norms.l1,
            "l2": norms.l2,
            "largest": norms.largest,
            "neighbours": SimilarSerializer(seen.neighbours, many=True).data,
        }


class SideSerializer(OfDocuments):
    """Either `text` or `document`. `context["documents"]`: those that one may see."""

    text = serializers.CharField(max_length=MAX_CHARS, required=False)
    document = serializers.PrimaryKeyRelatedField(
        queryset=Document.objects.none(), pk_field=serializers.IntegerField(), required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("document" in attrs):
            raise serializers.ValidationError(_("Send either “text” or “document”."))
        return attrs


class CompareSerializer(serializers.Serializer[Any]):
    a = SideSerializer()
    b = SideSerializer()
    model = ModelNameField(queryset=EmbeddingModel.objects.usable(), required=False)


class ComparisonSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(source="model.name")
    cosine = serializers.FloatField()
    dot = serializers.FloatField()
    distance = serializers.FloatField(help_text=gettext_lazy("Euclidean."))
