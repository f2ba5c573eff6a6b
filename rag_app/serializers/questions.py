"""Asking, and the list of questions."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.collections import VisibleCollectionField
from rag_app.models import Answer, Question

MOST_COLLECTIONS = 100
CHAT_HELP = _("The name of a chat model, or “quotes” for none; the default without one.")
WAIT_HELP = _("Have the answer written before replying. If false, read it from stream/.")


class AskSerializer(serializers.Serializer[Any]):
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
    chat = serializers.CharField(default="", allow_blank=True, help_text=CHAT_HELP)
    wait = serializers.BooleanField(default=True, help_text=WAIT_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["collection"] and attrs["collections"]:
            message = gettext("Name one collection or several, not both.")
            raise serializers.ValidationError({"collections": message})
        return attrs


class RetrySerializer(serializers.Serializer[Any]):
    chat = serializers.CharField(
        required=False, allow_blank=True, help_text=_("Another chat model; else the same again.")
    )
    wait = serializers.BooleanField(default=True, help_text=WAIT_HELP)


class QuestionSerializer(serializers.ModelSerializer[Question]):
    question = serializers.CharField(source="text")
    collections = serializers.ListField(child=serializers.IntegerField(), source="among")
    state = serializers.ChoiceField(Answer.State.choices, source="answer.state")
    kind = serializers.ChoiceField(Answer.Kind.choices, source="answer.kind")
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Question
        fields = (
            "id", "question", "collection", "collections", "state", "kind", "created", "url",
        )  # fmt: skip
        read_only_fields = fields
