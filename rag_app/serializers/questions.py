"""Asking, and the list of questions."""

from copy import deepcopy
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.collections import VisibleCollectionField
from collections_app.serializers.copied import CopiedFields
from rag_app.answer.steering import MOST_DROPPED, MOST_PINNED, Chosen
from rag_app.models import Answer, Question
from rag_app.serializers.answers import SpanSerializer

MOST_COLLECTIONS = 100
CHAT_HELP = _("The name of a chat model, or “quotes” for none; the default without one.")
WAIT_HELP = _("Have the answer written before replying. If false, read it from stream/.")


class SteeringSerializer(serializers.Serializer[Any]):
    """Which passages may be used, must be, or must not be."""

    filters = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        required=False,
        help_text=_("As search has them: type:pdf, year:2020..2024, -kind:draft."),
    )
    pinned = serializers.ListField(
        child=SpanSerializer(),
        required=False,
        max_length=MOST_PINNED,
        help_text=_("Passages that are in the context whatever else is found."),
    )
    dropped = serializers.ListField(
        child=SpanSerializer(),
        required=False,
        max_length=MOST_DROPPED,
        help_text=_("Passages that are not."),
    )
    system = serializers.CharField(
        required=False, allow_blank=True, help_text=_("Who the chat model is to be, in a sentence.")
    )

    def steering(self) -> dict[str, Any]:
        """What was sent of these, as `answer.ask` and `answer.retry` take it."""
        sent = self.validated_data
        made = {name: sent[name] for name in ("filters",) if name in sent}
        if "system" in sent:
            made["role"] = sent["system"]
        for name in ("pinned", "dropped"):
            if name in sent:
                made[name] = [Chosen(**one) for one in sent[name]]
        return made


class AskSerializer(CopiedFields, SteeringSerializer):
    question = serializers.CharField()
    collection = VisibleCollectionField(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("Its id; all collections that one may see if left out."),
    )
    collections = serializers.ListField(
        child=VisibleCollectionField(pk_field=serializers.IntegerField()),
        default=list,
        max_length=MOST_COLLECTIONS,
        help_text=_("Or several, by their ids."),
    )
    after = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("A question of yours that this one follows: it is made to stand alone first."),
    )
    chat = serializers.CharField(default="", allow_blank=True, help_text=CHAT_HELP)
    wait = serializers.BooleanField(default=True, help_text=WAIT_HELP)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The child of `collections` asks its parents who asks: it is copied too."""
        return super().get_fields() | {
            "collections": deepcopy(self._declared_fields["collections"])
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["collection"] and attrs["collections"]:
            message = gettext("Name one collection or several, not both.")
            raise serializers.ValidationError({"collections": message})
        return attrs


class RetrySerializer(SteeringSerializer):
    chat = serializers.CharField(
        required=False, allow_blank=True, help_text=_("Another chat model; else the same again.")
    )
    wait = serializers.BooleanField(default=True, help_text=WAIT_HELP)


class ShareSerializer(serializers.Serializer[Any]):
    conversation = serializers.BooleanField(
        default=False, help_text=_("Whether the questions before it are shared along.")
    )


class ThumbSerializer(serializers.Serializer[Any]):
    say = serializers.ChoiceField(
        ["up", "down", "none"], help_text=_("“none” takes back what was said.")
    )


class QuestionSerializer(serializers.ModelSerializer[Question]):
    question = serializers.CharField(source="text")
    collections = serializers.ListField(child=serializers.IntegerField(), source="among")
    state = serializers.ChoiceField(Answer.State.choices, source="answer.state")
    kind = serializers.ChoiceField(Answer.Kind.choices, source="answer.kind")
    url = serializers.CharField(source="get_absolute_url")
    conversation = serializers.UUIDField()

    class Meta:
        model = Question
        fields = (
            "id", "question", "collection", "collections", "state", "kind", "created", "url",
            "conversation",
        )  # fmt: skip
        read_only_fields = fields
