"""An answer with its citations: serialises `answer.Reading`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.copied import CopiedFields
from rag_app.answer import Reading
from rag_app.answer_text import copied
from rag_app.language.citations import Segment
from rag_app.models import Answer, Citation

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

    def to_representation(self, one: Segment) -> dict[str, Any]:
        """By hand, as of citations: they are most of what an answer has to write."""
        return {**vars(one), "missing": list(one.missing)}


class WhyFoundSerializer(serializers.Serializer[Any]):
    """What the score of a passage is made of: `score` is the sum of `parts`. Empty for one that
    is in the context only because the asker pinned it."""

    score = serializers.FloatField()
    vector_score = serializers.FloatField(allow_null=True)
    vector_rank = serializers.IntegerField(allow_null=True)
    keyword_score = serializers.FloatField()
    keyword_rank = serializers.IntegerField(allow_null=True)
    coverage = serializers.FloatField()
    terms = serializers.DictField(child=serializers.FloatField())
    parts = serializers.DictField(child=serializers.FloatField())
    reranked = serializers.FloatField(allow_null=True)
    place_before = serializers.IntegerField(allow_null=True)

    def to_representation(self, why: dict[str, Any]) -> dict[str, Any]:
        return why


class SpanSerializer(serializers.Serializer[Any]):
    """A passage by where it stands: characters of a document, by its number."""

    document = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    start = serializers.IntegerField(min_value=0, max_value=10**9)
    end = serializers.IntegerField(min_value=1, max_value=10**9)


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
    pinned = serializers.BooleanField(help_text=_("Whether the asker wanted it in the context."))
    why = WhyFoundSerializer()

    def to_representation(self, one: Citation) -> dict[str, Any]:
        names = (
            "number", "url", "place", "start", "end", "quote", "current", "moved", "cited", "score",
            "pinned", "why",
        )  # fmt: skip
        shown = {name: getattr(one, name) for name in names}
        return {"document": one.document_id, "title": str(one.document), **shown}


class AnswerSerializer(CopiedFields, serializers.Serializer[Any]):
    id = serializers.UUIDField(source="question.pk")
    question = serializers.CharField(source="question.text")
    collection = serializers.IntegerField(source="question.collection_id", allow_null=True)
    collections = serializers.ListField(
        child=serializers.IntegerField(),
        source="question.among",
        help_text=_("Those that were asked, where they were several; else empty."),
    )
    conversation = serializers.UUIDField(
        source="question.conversation", help_text=_("What it shares with those asked before it.")
    )
    standalone = serializers.CharField(
        source="question.standalone",
        help_text=_("A follow-up question as it was looked for; empty where as it was asked."),
    )
    filters = serializers.ListField(child=serializers.CharField(), source="question.filters")
    pinned = SpanSerializer(many=True, source="question.pinned")
    dropped = SpanSerializer(many=True, source="question.dropped")
    system = serializers.CharField(
        source="question.role", help_text=_("Who the chat model was told to be; empty: as usual.")
    )
    shared = serializers.BooleanField(
        source="question.shared",
        help_text=_("Whether it is shared by itself, or with what was asked before it."),
    )
    shared_conversation = serializers.BooleanField(
        source="question.shared_conversation",
        help_text=_("Whether the questions before it are shared along."),
    )
    state = serializers.ChoiceField(Answer.State.choices, source="answer.state")
    kind = serializers.ChoiceField(Answer.Kind.choices, source="answer.kind")
    chat_model = serializers.CharField(source="answer.chat_model", allow_blank=True)
    error = serializers.CharField(help_text=_("What went wrong and what to do; else empty."))
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
    waiting = serializers.IntegerField(
        help_text=_("Where no document is about it: how many are not embedded yet; else 0.")
    )
    text = serializers.CharField()
    copied = serializers.SerializerMethodField(
        help_text=_("The text with its sources below, to be pasted elsewhere.")
    )
    segments = SegmentSerializer(many=True, help_text=_("The text, taken apart at its citations."))
    citations = CitationSerializer(many=True)
    created = serializers.DateTimeField(source="question.created")
    url = serializers.CharField(source="question.get_absolute_url")

    def get_copied(self, reading: Reading) -> str:
        request = self.context.get("request")
        return copied(reading, request.build_absolute_uri if request else str)
