"""How requests and replies of OpenAI's `/v1/embeddings` look, for the schema of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from collections_app.serializers.embedding import TEXT_KINDS


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
class TextsField(serializers.Field[Any, Any, Any, Any]):
    """A text or a list of texts."""


@extend_schema_field(
    {"oneOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]}
)
class NumbersField(serializers.Field[Any, Any, Any, Any]):
    """A list of numbers, or base64 of little-endian float32."""


class EmbeddingsSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    input = TextsField()
    encoding_format = serializers.ChoiceField(["float", "base64"], default="float")
    dimensions = serializers.IntegerField(required=False)
    input_type = serializers.ChoiceField(TEXT_KINDS, required=False)
    truncate = serializers.BooleanField(default=False)


class OneEmbeddingSerializer(serializers.Serializer[Any]):
    object = serializers.CharField()
    index = serializers.IntegerField()
    embedding = NumbersField()


class TokenUsageSerializer(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()


class EmbeddingsReplySerializer(serializers.Serializer[Any]):
    object = serializers.CharField()
    data = OneEmbeddingSerializer(many=True)  # type: ignore[assignment]  # OpenAI's name for it
    model = serializers.CharField()
    usage = TokenUsageSerializer()


class OpenAIModelSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    owned_by = serializers.CharField()
    kind = serializers.ChoiceField(["embedding", "collection"])
    max_model_len = serializers.IntegerField(required=False)  # of embedding models
    dimension = serializers.IntegerField(required=False)
    name = serializers.CharField(required=False)  # of collections


class OpenAIModelsSerializer(serializers.Serializer[Any]):
    object = serializers.CharField()
    data = OpenAIModelSerializer(many=True)  # type: ignore[assignment]  # OpenAI's name for it
