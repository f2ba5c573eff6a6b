"""Embedding models, and texts to be embedded."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from collections_app import vectors
from collections_app.models import EmbeddingModel, Probe
from collections_app.texts import UNSTORABLE

MAX_TEXTS = 100  # in one request
MAX_CHARS = 20_000  # of one text
TEXT_KINDS = ["passage", "query"]


class CurrencyField(serializers.CharField):
    """The currency of the prices beside it: the site's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"source": "*", "read_only": True}))

    def to_representation(self, value: Any) -> str:
        return str(settings.CURRENCY)


class ModelNameField(serializers.SlugRelatedField[EmbeddingModel]):
    """One of the models in `queryset`, by its name."""

    default_error_messages = {
        "does_not_exist": _("There is no model “{value}”. GET /api/models/ lists them.")
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="name", **options)

    def to_internal_value(self, data: Any) -> EmbeddingModel:
        if not isinstance(data, str):
            self.fail("invalid")
        if UNSTORABLE.search(data):
            self.fail("does_not_exist", value=UNSTORABLE.sub("\ufffd", data))
        return super().to_internal_value(data)


class EmbeddingModelSerializer(serializers.ModelSerializer[EmbeddingModel]):
    """`ref` stays out: it may name a folder of the server."""

    engine = serializers.SerializerMethodField(help_text=_("What runs it; empty: not ready yet."))

    aliases: Any = serializers.SlugRelatedField("name", many=True, read_only=True)
    probed = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text=_("When it last passed a probe on this site.")
    )

    currency = CurrencyField()

    class Meta:
        model = EmbeddingModel
        fields: tuple[str, ...] = (
            "id",
            "name",
            "aliases",
            "backend",
            "state",
            "probed",
            "dimension",
            "truncate_dimension",
            "modalities",
            "token_limit",
            "query_prefix",
            "passage_prefix",
            "normalised",
            "precision",
            "engine",
            "price_per_million_tokens",
            "currency",
            "is_default",
        )

    def get_engine(self, model: EmbeddingModel) -> str:
        return vectors.report(model).engine


class ProbeSerializer(serializers.ModelSerializer[Probe]):
    """`found`: dimension (of the vectors that are stored), full_dimension, token_limit,
    normalised, deterministic, tokens_per_second, query_ms, query_prefix, passage_prefix,
    dimensions, exact, engine, warnings."""

    class Meta:
        model = Probe
        fields = ("state", "step", "found", "error", "created", "started", "finished")


class RegisteredModelSerializer(EmbeddingModelSerializer):
    """For staff: where it is, and its last probe. The key is never given back."""

    probed: Any = None  # `probe` says more
    has_key = serializers.BooleanField(source="secrets", read_only=True)
    probe = serializers.SerializerMethodField()

    class Meta:
        model = EmbeddingModel
        fields = (
            *(name for name in EmbeddingModelSerializer.Meta.fields if name != "probed"),
            "ref",
            "base_url",
            "tokenizer",
            "has_key",
            "away_until",
            "away_reason",
            "probe",
        )

    @extend_schema_field(ProbeSerializer(allow_null=True))
    def get_probe(self, model: EmbeddingModel) -> dict[str, Any] | None:
        last = model.probes.first()
        return ProbeSerializer(last).data if last else None


class ModelChangeSerializer(serializers.Serializer[Any]):
    """What may be said of a model. What is left out stays, or is found out."""

    name = serializers.CharField(max_length=200, required=False)
    ref = serializers.CharField(max_length=500, required=False)
    base_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    api_key = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text=_("Encrypted at rest; an empty one is forgotten."),
    )
    tokenizer = serializers.CharField(max_length=500, required=False, allow_blank=True)
    token_limit = serializers.IntegerField(min_value=0, required=False)
    truncate_dimension = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    query_prefix = serializers.CharField(
        max_length=200, required=False, allow_blank=True, trim_whitespace=False
    )
    passage_prefix = serializers.CharField(
        max_length=200, required=False, allow_blank=True, trim_whitespace=False
    )
    normalised = serializers.BooleanField(required=False)
    precision = serializers.ChoiceField(EmbeddingModel.Precision.choices, required=False)
    price_per_million_tokens = serializers.DecimalField(
        max_digits=12, decimal_places=6, min_value=0, required=False
    )
    aliases = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=50
    )


class NewModelSerializer(ModelChangeSerializer):
    backend = serializers.ChoiceField(EmbeddingModel.Backend.choices)
    ref = serializers.CharField(max_length=500)


class EmbedSerializer(serializers.Serializer[Any]):
    """Either `text` or `texts`."""

    text = serializers.CharField(trim_whitespace=False, max_length=MAX_CHARS, required=False)
    texts = serializers.ListField(
        child=serializers.CharField(trim_whitespace=False, max_length=MAX_CHARS),
        required=False,
        min_length=1,
        max_length=MAX_TEXTS,
    )
    model = ModelNameField(queryset=EmbeddingModel.objects.usable(), required=False)
    kind = serializers.ChoiceField(
        TEXT_KINDS, default="passage", help_text=_("Decides the model's prefix.")
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
