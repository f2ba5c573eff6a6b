"""An answer with its citations: serialises `answer.Reading`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from rag_app.models import Answer

UNSUPPORTED = [
    ("unlike", _("no passage says it")),
    ("missing", _("a number, name or quote of it stands in no source of it")),
    ("not_entailed", _("it does not follow from what it cites")),
]


class SegmentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    number = serializers.IntegerField(
        allow_null=True, help_text=_("Of the citation that this piece stands for; else null.")
    )
    supported = serializers.BooleanField(
        help_text=_("False for text of a sentence that no passage supports.")
    )
    why = serializers.ChoiceField(
        UNSUPPORTED,
        allow_blank=True,
        help_text=_("Why it counts as unsupported, where it was checked; else empty."),
    )
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text=_("Numbers, names and quotes of the sentence that stand in no source of it."),
    )
    start = serializers.IntegerField(
        allow_null=True, help_text=_("Of a citation: where its document begins to say so.")
    )
    end = serializers.IntegerField(allow_null=True)
    quote = serializers.CharField(help_text=_("What stands there, as it was."))
    url = serializers.CharField(help_text=_("Opens it; where it has changed, the text as it was."))


class CitationSerializer(serializers.Serializer[Any]):
    """`document.text[start:end] == quote` as long as `current` is true."""

    number = serializers.IntegerField()
    document = serializers.IntegerField(source="document_id")
    title = serializers.CharField(source="document")
    url = serializers.CharField(help_text=_("Opens it; where it has changed, the text as it was."))
    place = serializers.DictField(
        help_text=_("Where in the source: a page, lines, a cell; empty where that is unknown.")
    )
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    quote = serializers.CharField()
    current = serializers.BooleanField(
        help_text=_("False once the document no longer says this at this place.")
    )
    moved = serializers.IntegerField(
        allow_null=True,
        help_text=_("How many characters further on it says so now; null where it does not."),
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
    retry_at = serializers.DateTimeField(
        source="answer.retry_at",
        allow_null=True,
        help_text=_("When the chat server may be asked again, where it said so."),
    )
    prompt_tokens = serializers.IntegerField(source="answer.prompt_tokens")
    answer_tokens = serializers.IntegerField(source="answer.answer_tokens")
    cost = serializers.DecimalField(12, 6, source="answer.cost")
    withheld = serializers.BooleanField(
        help_text=_("True when the answer was written from a document one may not see any more.")
    )
    unfounded = serializers.BooleanField(
        help_text=_("True when no passage supports any sentence of a written answer.")
    )
    text = serializers.CharField()
    segments = SegmentSerializer(many=True, help_text=_("The text, taken apart at its citations."))
    citations = CitationSerializer(many=True)
    created = serializers.DateTimeField(source="question.created")
    url = serializers.CharField(source="question.get_absolute_url")
