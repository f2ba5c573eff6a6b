"""Embedding models, and texts to be embedded."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app import vectors
from collections_app.models import EmbeddingModel

MAX_TEXTS = 100  # in one request
MAX_CHARS = 20_000  # of one text


class EmbeddingModelSerializer(serializers.ModelSerializer[EmbeddingModel]):
    """`ref` stays out: it may name a folder of the server."""

    engine = serializers.SerializerMethodField(help_text=_("What runs it; empty: not ready yet."))

    class Meta:
        model = EmbeddingModel
        fields = (
            "name",
            "backend",
            "dimension",
            "token_limit",
            "query_prefix",
            "passage_prefix",
            "normalised",
            "precision",
            "engine",
            "price_per_million_tokens",
            "is_default",
        )

    def get_engine(self, model: EmbeddingModel) -> str:
        return vectors.report(model).engine


class EmbedSerializer(serializers.Serializer[Any]):
    """Either `text` or `texts`."""

    text = serializers.CharField(trim_whitespace=False, max_length=MAX_CHARS, required=False)
    texts = serializers.ListField(
        child=serializers.CharField(trim_whitespace=False, max_length=MAX_CHARS),
        required=False,
        min_length=1,
        max_length=MAX_TEXTS,
    )
    model = serializers.SlugRelatedField(
        slug_field="name", queryset=EmbeddingModel.objects.all(), required=False
    )
    kind = serializers.ChoiceField(
        ["passage", "query"], default="passage", help_text=_("Decides the model's prefix.")
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("texts" in attrs):
            raise serializers.ValidationError(_("Send either “text” or “texts”."))
        return attrs


class EmbeddedSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    dimension = serializers.IntegerField()
    truncated = serializers.ListField(
        child=serializers.BooleanField(),
        help_text=_("For each text: whether it is over the model's token limit and was cut."),
    )
    vectors = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
