"""A change of the embedding model, what it would take, and both models compared."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.models import EmbeddingModel, ModelChange, Shadow
from collections_app.serializers.embedding import CurrencyField, ModelNameField
from search_app.models import Upkeep


class ShadowSerializer(serializers.ModelSerializer[Shadow]):
    id = serializers.IntegerField(source="document_id")
    external_id = serializers.CharField(source="document.external_id")
    title = serializers.CharField(source="document.title")

    class Meta:
        model = Shadow
        fields = ("id", "external_id", "title", "error", "error_stage", "error_place")


class ChangeProgressSerializer(serializers.Serializer[Any]):
    """Counts of documents. `missing` would not be found after a switch now."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    queued = serializers.IntegerField()
    working = serializers.IntegerField()
    set_aside = serializers.IntegerField()
    missing = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=18, decimal_places=8)
    currency = CurrencyField()
    rate = serializers.FloatField()
    token_rate = serializers.FloatField()
    seconds_left = serializers.FloatField(allow_null=True)
    paused = serializers.BooleanField()
    failures = ShadowSerializer(many=True)


class ModelChangeSerializer(serializers.ModelSerializer[ModelChange]):
    old = serializers.CharField(source="old.name")
    new = serializers.CharField(source="new.name")
    state = serializers.CharField()

    class Meta:
        model = ModelChange
        fields = (
            "id",
            "old",
            "new",
            "state",
            "left_out",
            "error",
            "started",
            "ready_at",
            "switched_at",
            "rolled_back_at",
            "finished",
        )


class SpentSerializer(serializers.Serializer[Any]):
    """Of embedding elsewhere, so far; null where there was none."""

    tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.DecimalField(max_digits=18, decimal_places=8, allow_null=True)
    currency = CurrencyField()


class CollectionModelSerializer(serializers.Serializer[Any]):
    """The model that is searched under; the change that is open, or the last one."""

    embedding_model = serializers.CharField()
    spent = SpentSerializer()
    change = ModelChangeSerializer(allow_null=True)
    progress = ChangeProgressSerializer(allow_null=True)


class NextModelSerializer(serializers.Serializer[Any]):
    model = ModelNameField(
        queryset=EmbeddingModel.objects.all(),
        help_text=_("The name of a model."),
    )


class ChangeActionSerializer(serializers.Serializer[Any]):
    although_missing = serializers.BooleanField(
        default=False,
        help_text=_("Switch or roll back although some documents would not be found."),
    )


class EstimateSerializer(serializers.Serializer[Any]):
    """`seconds` is null where the model's speed has not been measured."""

    documents = serializers.IntegerField()
    passages = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=18, decimal_places=8)
    currency = CurrencyField()
    seconds = serializers.FloatField(allow_null=True)
    bytes = serializers.IntegerField()


class PlaceSerializer(serializers.Serializer[Any]):
    """A document that either model finds among its first ten; ranks begin at 1."""

    id = serializers.IntegerField(source="document.pk")
    external_id = serializers.CharField(source="document.external_id")
    title = serializers.CharField(source="document.title")
    old_rank = serializers.IntegerField(allow_null=True)
    new_rank = serializers.IntegerField(allow_null=True)
    old_score = serializers.FloatField(allow_null=True)
    new_score = serializers.FloatField(allow_null=True)


class UpkeepSerializer(serializers.ModelSerializer[Upkeep]):
    """`recall` is null where the collection is too small for an index."""

    state = serializers.CharField(read_only=True)
    job = serializers.ChoiceField(Upkeep.Job.choices)

    class Meta:
        model = Upkeep
        fields = (
            "id",
            "job",
            "state",
            "error",
            "problems",
            "repaired",
            "recall",
            "queries",
            "requested",
            "finished",
        )
        read_only_fields = tuple(name for name in fields if name != "job")
