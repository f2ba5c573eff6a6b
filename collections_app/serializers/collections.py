"""Collections and how far their embedding is."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app import origins
from collections_app.models import Collection, Document, EmbeddingModel
from collections_app.rows import Rows
from collections_app.serializers.embedding import ModelNameField

COLLECTIONS, MODELS = Rows(Collection), Rows(EmbeddingModel)
FIND = f"""
SELECT {COLLECTIONS.columns("collection")}, {MODELS.columns("model")}, {{more}}
FROM {Collection._meta.db_table} collection
JOIN {EmbeddingModel._meta.db_table} model ON model.id = collection.embedding_model_id
WHERE collection.id = %s
"""  # noqa: S608 - names of the models alone


class VisibleCollectionField(serializers.PrimaryKeyRelatedField[Collection]):
    """The number of a collection that the one who asks may see; needs `request` in the context."""

    more = "NULL"  # an expression over its row, `collection`, that is read along

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Collection.objects.none(), **kwargs)

    def to_internal_value(self, data: Any) -> Collection:
        try:
            number = self.pk_field.to_internal_value(data) if self.pk_field else int(data)
        except (TypeError, ValueError):
            self.fail("incorrect_type", data_type=type(data).__name__)
        if not 0 < number < 2**63:
            self.fail("does_not_exist", pk_value=number)
        with connection.cursor() as cursor:
            cursor.execute(FIND.format(more=self.more), [number])
            row = cursor.fetchone()
        found = COLLECTIONS.made(row[: len(COLLECTIONS)]) if row else None
        if found is None or not found.is_visible_to(self.context["request"].user):
            self.fail("does_not_exist", pk_value=number)
        found.embedding_model = MODELS.made(row[len(COLLECTIONS) : -1])
        self.take(found, row[-1])
        return found

    def take(self, found: Collection, more: Any) -> None:
        """What `more` has read of it, if anything."""


class OriginField(serializers.CharField):
    """The origin of another site; kept as browsers write it."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return origins.cleaned(super().to_internal_value(data))
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error


class CollectionSerializer(serializers.ModelSerializer[Collection]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    embedding_model = ModelNameField(
        queryset=EmbeddingModel.objects.all(),  # why one cannot be chosen is said in full
        required=False,
        help_text=_("The name of a model; the site's default model if left out."),
    )
    widget_origins = serializers.ListField(
        child=OriginField(max_length=200),
        max_length=origins.MOST,
        required=False,
        help_text=_("Sites that may show the related lists; empty for every site."),
    )
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Collection
        fields = (
            "id",
            "name",
            "description",
            "owner",
            "visibility",
            "widget_origins",
            "language",
            "embedding_model",
            "split_code",
            "word_list",
            "passage_tokens",
            "passage_overlap",
            "paused",
            "created",
            "updated",
            "url",
        )
        read_only_fields = ("paused",)

    def validate_name(self, name: str) -> str:
        mine = Collection.objects.editable_by(self.context["request"].user).filter(name=name)
        others = mine.exclude(pk=self.instance.pk) if self.instance else mine
        if others.exists():
            raise serializers.ValidationError(_("You have a collection of this name already."))
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The language is chosen once; the model is changed in the background, by a change."""
        told = {
            "embedding_model": _(
                "Change the model at /api/collections/%(pk)d/model-change/: the documents are "
                "embedded for it first, and found all the while."
            ),
            "language": _("This is chosen when a collection is made. Make a new collection."),
        }
        for field, message in told.items():
            if (
                self.instance
                and attrs.get(field, before := getattr(self.instance, field)) != before
            ):
                raise serializers.ValidationError({field: message % {"pk": self.instance.pk}})
        return attrs


class FailureSerializer(serializers.ModelSerializer[Document]):
    class Meta:
        model = Document
        fields = ("id", "external_id", "title", "error", "error_stage", "error_place")


class ProgressSerializer(serializers.Serializer[Any]):
    """How far embedding is. `rate` is documents per second over the last minute."""

    total = serializers.IntegerField()
    ready = serializers.IntegerField()
    queued = serializers.IntegerField()
    working = serializers.IntegerField()
    set_aside = serializers.IntegerField()
    tokens = serializers.IntegerField()
    rate = serializers.FloatField()
    seconds_left = serializers.FloatField(allow_null=True)
    paused = serializers.BooleanField()
    stall = serializers.CharField(
        help_text=_("Why nothing has changed for five minutes although documents wait; or empty.")
    )
    failures = FailureSerializer(many=True)
