"""Asking, and the list of questions."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.serializers.collections import VisibleCollectionField
from rag_app.models import Answer, Question

WAIT_HELP = _("Have the answer written before replying. If false, read it from stream/.")


class AskSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    collection = VisibleCollectionField(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("Its id; all collections that one may see if left out."),
    )
    wait = serializers.BooleanField(default=True, help_text=WAIT_HELP)


class RetrySerializer(serializers.Serializer[Any]):
    wait = serializers.BooleanField(default=True, help_text=WAIT_HELP)


class QuestionSerializer(serializers.ModelSerializer[Question]):
    question = serializers.CharField(source="text")
    state = serializers.ChoiceField(Answer.State.choices, source="answer.state")
    kind = serializers.ChoiceField(Answer.Kind.choices, source="answer.kind")
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Question
        fields = ("id", "question", "collection", "state", "kind", "created", "url")
        read_only_fields = fields
