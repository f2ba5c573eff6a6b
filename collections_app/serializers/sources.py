"""Sources, their runs, and files of rows."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.intake.words import MOST_WORDS
from collections_app.models import Run, RunProblem, Source
from collections_app.pipeline.detect import TEXTS
from collections_app.pipeline.extracted import PLAIN

ANY_OBJECT = {"type": "object", "additionalProperties": {}}


class SourceSerializer(serializers.ModelSerializer[Source]):
    """`secrets` go in and never come out; `has_secrets` says whether there are some."""

    options = serializers.DictField(
        required=False, help_text=_("What the kind needs, such as url, path or query.")
    )
    secrets = serializers.DictField(write_only=True, required=False)
    has_secrets = serializers.SerializerMethodField()

    class Meta:
        model = Source
        fields = (
            "id",
            "collection",
            "kind",
            "name",
            "options",
            "secrets",
            "has_secrets",
            "every_minutes",
            "next_run",
            "created",
        )
        read_only_fields: tuple[str, ...] = ("collection", "next_run")
        validators: list[Any] = []  # the service says it in words

    def get_has_secrets(self, source: Source) -> bool:
        return bool(source.secrets)


class SourceEditSerializer(SourceSerializer):
    """The kind is chosen once. `every_minutes: null` ends the schedule."""

    class Meta(SourceSerializer.Meta):
        read_only_fields = ("collection", "next_run", "kind")


class RunSerializer(serializers.ModelSerializer[Run]):
    """`gone` counts what a run that asks would remove."""

    gone = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id",
            "source",
            "state",
            "total",
            *Run.COUNTS,
            "gone",
            "error",
            "created",
            "started",
            "progressed",
            "finished",
        )

    def get_gone(self, run: Run) -> int:
        return int(run.cursor.get("gone", 0))


class RunProblemSerializer(serializers.ModelSerializer[RunProblem]):
    class Meta:
        model = RunProblem
        fields = ("external_id", "outcome", "reason")


class RowsFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()


class BadRowSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    reason = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    """How the file is read, its first rows, and the plan that suggests itself."""

    upload = serializers.UUIDField()
    format = serializers.DictField()
    columns = serializers.ListField(child=serializers.CharField())
    types = serializers.DictField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())
    problems = BadRowSerializer(many=True)
    plan = serializers.DictField()


class ImportSerializer(serializers.Serializer[Any]):
    """Both as the preview gave them, changed where wanted; left out: as they suggest themselves."""

    format = serializers.DictField(required=False)
    plan = serializers.DictField(required=False)
    media_type = serializers.ChoiceField(
        TEXTS, default=PLAIN, help_text=_("Of the text in the rows.")
    )
    dry_run = serializers.BooleanField(default=False)


class DryRunSerializer(serializers.Serializer[Any]):
    """Counts of rows, and the first of those that would be left out."""

    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    removed = serializers.IntegerField(
        help_text=_("Documents of rows that a file of this name had before.")
    )
    failed = serializers.IntegerField()
    problems = BadRowSerializer(many=True)


class WordsFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    name = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=200,
        help_text=_("Of the collection; that of the file if left out."),
    )
    limit = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=MOST_WORDS,
        help_text=_("Only so many words, the first; 0: all."),
    )


class StartedWordsSerializer(serializers.Serializer[Any]):
    """The collection, the run that fills it, and what the file is."""

    collection = serializers.IntegerField(source="collection.pk")
    run = serializers.IntegerField(source="run.pk")
    kind = serializers.ChoiceField(["text", "binary"])
    dimension = serializers.IntegerField()
    words = serializers.IntegerField(
        source="count", allow_null=True, help_text=_("As the file tells; null where it does not.")
    )


class StartedSerializer(serializers.Serializer[Any]):
    """A collection of an embeddings.db: the run that brings it in, or why there is none."""

    name = serializers.CharField()
    collection = serializers.IntegerField(source="run.source.collection_id", default=None)
    run = serializers.IntegerField(source="run.pk", default=None)
    problem = serializers.CharField()
