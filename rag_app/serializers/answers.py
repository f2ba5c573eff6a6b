"""An answer with its citations: serialises `answer.Reading`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from rag_app.models import Answer


class SegmentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    number = serializers.IntegerField(
        allow_null=True, help_text=_("Of the citation that this piece stands for; else null.")
    )
    supported = serializers.BooleanField(
        help_text=_("False for text of a sentence that cites nothing.")
    )


class CitationSerializer(serializers.Serializer[Any]):
    """`document.text[start:end] == quote` as long as `current` is true."""

    number = serializers.IntegerField()
    document = serializers.IntegerField(source="document_id")
    title = serializers.CharField(source="document")
    url = serializers.CharField(source="get_absolute_url")
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    quote = serializers.CharField()
    current = serializers.BooleanField(
        help_text=_("False once the document no longer says this at this place.")
    )
    cited = serializers.BooleanField(
        help_text=_("False for a passage that was found but not cited.")
    )
    score = serializers.FloatField()


class AnswerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="question.pk")
    question = serializers.CharField(source="question.text")
    collection = serializers.IntegerField(source="question.collection_id", allow_null=True)
    collections = serializers.ListField(
        child=serializers.IntegerField(),
        source="question.among",
        help_text=_("Those that were asked, where they were several; else empty."),
    )
    state = serializers.ChoiceField(Answer.State.choices, source="answer.state")
    kind = serializers.ChoiceField(Answer.Kind.choices, source="answer.kind")
    chat_model = serializers.CharField(source="answer.chat_model", allow_blank=True)
    error = serializers.CharField(
        source="answer.error", help_text=_("What went wrong and what to do; else empty.")
    )
    withheld = serializers.BooleanField(
        help_text=_("True when the answer was written from a document one may not see any more.")
    )
    text = serializers.CharField()
    segments = SegmentSerializer(many=True, help_text=_("The text, taken apart at its citations."))
    citations = CitationSerializer(many=True)
    created = serializers.DateTimeField(source="question.created")
    url = serializers.CharField(source="question.get_absolute_url")
