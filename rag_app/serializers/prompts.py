"""A prompt as a chat model is sent it: serialises `answer.Sent`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from rag_app.serializers.answers import CitationSerializer, WhyFoundSerializer

OUTCOMES = [
    ("merged", _("part of the passage next to it")),
    ("duplicate", _("another passage says it already")),
    ("budget", _("no room for it")),
]


class MessageSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    content = serializers.CharField()


class LeftOutSerializer(serializers.Serializer[Any]):
    document = serializers.IntegerField(source="document.pk")
    title = serializers.CharField(source="document")
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    outcome = serializers.ChoiceField(OUTCOMES)
    number = serializers.IntegerField(
        allow_null=True, help_text=_("Of the passage in the prompt that it is part of, or repeats.")
    )
    tokens = serializers.IntegerField()
    why = WhyFoundSerializer()


class SentSerializer(serializers.Serializer[Any]):
    chat_model = serializers.CharField(
        help_text=_("Empty, like all the rest, where none would be asked or was.")
    )
    withheld = serializers.BooleanField(
        help_text=_("True when it holds passages that one may not see any more.")
    )
    messages = MessageSerializer(many=True, help_text=_("To the letter."))
    tokens = serializers.IntegerField(help_text=_("Of all messages, as they are counted here."))
    limit = serializers.IntegerField(help_text=_("The most there may be; 0 where unknown."))
    passages = CitationSerializer(many=True)
    left_out = LeftOutSerializer(many=True)


class PromptPreviewSerializer(SentSerializer):
    kind = serializers.CharField(help_text=_("Of the answer: chat, extractive or none."))
    standalone = serializers.CharField()
