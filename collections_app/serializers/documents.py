"""Documents on their way in and out, and their passages."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.intake.incoming import problem_with_metadata
from collections_app.models import Document, Passage
from collections_app.pipeline.extract import FORMATS


class IncomingSerializer(serializers.Serializer[Any]):
    """One document on its way in. A known `id` edits the document that has it.

    Types only: `services` checks the rest, for every way in alike.
    """

    id = serializers.CharField(help_text=_("Your own id; it comes back as external_id."))
    text = serializers.CharField(trim_whitespace=False, allow_blank=True)
    title = serializers.CharField(default="", allow_blank=True)
    media_type = serializers.ChoiceField(
        ["text/plain", "text/markdown", "text/html"], default="text/plain"
    )
    metadata = serializers.DictField(default=dict)


class FilesSerializer(serializers.Serializer[Any]):
    """Files as multipart form data, any number under the name `files`."""

    files = serializers.ListField(child=serializers.FileField())
    before = serializers.CharField(
        required=False,
        max_length=100,
        help_text=_("Put before each id, such as “2024/”; those in archives too."),
    )


class ProblemSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField()
    message = serializers.CharField()


class NoteSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField()
    message = serializers.CharField()


class AddResultSerializer(serializers.Serializer[Any]):
    """What became of each document: the ids of rows, and what could not be added.

    `notes` tell of files that came twice: they are one document. `runs` take archives and
    tables apart: their rows and files come in by and by.
    """

    added = serializers.ListField(child=serializers.IntegerField())
    changed = serializers.ListField(child=serializers.IntegerField())
    unchanged = serializers.ListField(child=serializers.IntegerField())
    problems = ProblemSerializer(many=True)
    notes = NoteSerializer(many=True)
    runs = serializers.ListField(child=serializers.IntegerField())


class DocumentRowSerializer(serializers.ModelSerializer[Document]):
    """A document without its text. Read it with its `blob`."""

    thumbnail = serializers.SerializerMethodField(help_text=_("Of a picture; else null."))
    width = serializers.IntegerField(
        source="blob.width", allow_null=True, read_only=True, help_text=_("Of a picture.")
    )
    height = serializers.IntegerField(
        source="blob.height", allow_null=True, read_only=True, help_text=_("Of a picture.")
    )
    url = serializers.CharField(source="get_absolute_url", read_only=True)
    error_place = serializers.DictField(help_text=_("Such as {“page”: 3}; empty if unknown."))
    stages = serializers.DictField(
        child=serializers.DateTimeField(),
        help_text=_("When it last reached: extracted, split, embedded, indexed, ready, set_aside."),
    )

    class Meta:
        model = Document
        fields: tuple[str, ...] = (
            "id",
            "collection",
            "external_id",
            "title",
            "media_type",
            "format",
            "encoding",
            "state",
            "error",
            "error_stage",
            "error_place",
            "stages",
            "token_count",
            "created",
            "updated",
            "thumbnail",
            "width",
            "height",
            "url",
        )

    def get_thumbnail(self, document: Document) -> str | None:
        if document.blob is None or document.blob.width is None:
            return None
        return reverse("document_thumbnail", args=[document.pk])


class DocumentSerializer(DocumentRowSerializer):
    file_url = serializers.SerializerMethodField(help_text=_("Where the uploaded file is."))
    metadata = serializers.DictField()

    class Meta(DocumentRowSerializer.Meta):
        fields = (
            *DocumentRowSerializer.Meta.fields,
            "text",
            "metadata",
            "as_format",
            "as_encoding",
            "passage_tokens",
            "passage_overlap",
            "content_hash",
            "revision",
            "file_url",
        )

    def get_file_url(self, document: Document) -> str | None:
        return reverse("document_file", args=[document.pk]) if document.blob_id else None


class ReadingSerializer(serializers.Serializer[Any]):
    """How documents are to be read; what is left out stays as it is."""

    as_format = serializers.ChoiceField(
        list(FORMATS),
        required=False,
        allow_blank=True,
        help_text=_("Read the content as this format; empty: as what it is found to be."),
    )
    as_encoding = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text=_("Read a file's text in this encoding; empty: as it is found out."),
    )
    passage_tokens = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text=_("Passages of so many tokens at most; null: as the collection has it."),
    )
    passage_overlap = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        help_text=_("Overlap of passages in tokens, at most; null: as the collection has it."),
    )


class DocumentEditSerializer(ReadingSerializer):
    title = serializers.CharField(required=False, allow_blank=True)
    text = serializers.CharField(trim_whitespace=False, allow_blank=True, required=False)
    metadata = serializers.DictField(required=False)
    revision = serializers.IntegerField(
        required=False, help_text=_("Refuse with 409 unless the document still has this revision.")
    )


class DocumentFilterSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(Document.State.choices, required=False)
    external_id = serializers.CharField(required=False, help_text=_("This id exactly."))
    id_prefix = serializers.CharField(
        required=False, help_text=_("Ids that begin so; % and _ are plain characters.")
    )
    metadata = serializers.JSONField(
        required=False,
        binary=True,
        help_text=_('What their metadata holds, as JSON, URL-encoded: {"kind": "method"}.'),
    )

    def validate_metadata(self, metadata: Any) -> Any:
        if message := problem_with_metadata(metadata):
            raise serializers.ValidationError(message)
        return metadata


class PassageSerializer(serializers.ModelSerializer[Passage]):
    place = serializers.DictField(
        help_text=_("Where in the source it begins, such as {“page”: 3}; empty if unknown.")
    )
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Passage
        fields = ("id", "ordinal", "heading", "text", "place", "start", "end", "token_count", "url")
