"""Test questions, and runs over them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from rag_app.answer.measuring import Known
from rag_app.models import AnswerEvaluation, MeasuredAnswer, TestQuestion

DOCUMENTS_HELP = _("Ids of the documents that answer it; none: the collection does not.")
FACTS_HELP = _("What the answer must have, each with | between ways to say it.")


class WrittenTestQuestionSerializer(serializers.Serializer[Any]):
    """A test question as it is sent, and as it stands in a file."""

    question = serializers.CharField()
    documents = serializers.ListField(
        child=serializers.CharField(), default=list, help_text=DOCUMENTS_HELP
    )
    facts = serializers.ListField(child=serializers.CharField(), default=list, help_text=FACTS_HELP)


class TestQuestionsFileSerializer(serializers.Serializer[Any]):
    """As `manage.py evaluate --answers` takes it."""

    questions = WrittenTestQuestionSerializer(many=True)

    def known(self) -> list[Known]:
        """What was sent."""
        return [
            Known(one["question"], tuple(one["documents"]), tuple(one["facts"]))
            for one in self.validated_data["questions"]
        ]


class BroughtQuestionsSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()
    changed = serializers.IntegerField(help_text=_("In place of one with the same words."))
    absent = serializers.IntegerField(
        help_text=_("Documents named that the collection does not have.")
    )
    problems = serializers.ListField(
        child=serializers.CharField(), help_text=_("Questions that did not come in, and why.")
    )


class TestQuestionSerializer(serializers.ModelSerializer[TestQuestion]):
    """`absent`: how many of its documents the collection does not have; these are not named.
    The context has the ids that are `there`."""

    question = serializers.CharField(source="text")
    answerable = serializers.SerializerMethodField()
    documents = serializers.SerializerMethodField()
    absent = serializers.SerializerMethodField()
    facts = serializers.ListField(child=serializers.CharField(), help_text=FACTS_HELP)

    class Meta:
        model = TestQuestion
        fields = (
            "id", "collection", "question", "answerable", "documents", "absent", "facts",
            "created", "updated",
        )  # fmt: skip

    def get_answerable(self, row: TestQuestion) -> bool:
        return bool(row.documents)

    def get_documents(self, row: TestQuestion) -> list[str]:
        return [one for one in row.documents if one in self.context["there"]]

    def get_absent(self, row: TestQuestion) -> int:
        return len(row.documents) - len(self.get_documents(row))


class WantedAnswerEvaluationSerializer(serializers.Serializer[Any]):
    chat = serializers.CharField(
        default="",
        allow_blank=True,
        help_text=_("The name of a chat model, or “quotes” for none; the default without one."),
    )


class AnswerEvaluationSerializer(serializers.ModelSerializer[AnswerEvaluation]):
    """`figures.measures`: the mean of each with its 95% interval (null: one question), or null
    where no question is about it; `figures.change`: how far above the run before."""

    figures = serializers.DictField()

    class Meta:
        model = AnswerEvaluation
        fields = (
            "id", "collection", "chat", "state", "error", "done", "total", "figures", "requested",
            "finished",
        )  # fmt: skip


class MeasuredAnswerSerializer(serializers.ModelSerializer[MeasuredAnswer]):
    """`test_question`: its number. `ranks`: at which place each right document was found, null
    where it was not; of documents that the collection has. `problem`: why nothing is measured."""

    test_question = serializers.IntegerField(source="question_id")
    question = serializers.CharField(source="measured.question")
    answerable = serializers.BooleanField(source="measured.answerable")
    answered = serializers.BooleanField(source="measured.answered")
    figures = serializers.SerializerMethodField()
    ranks = serializers.SerializerMethodField()
    missing = serializers.ListField(
        child=serializers.CharField(),
        source="measured.missing",
        help_text=_("Facts that the answer has not."),
    )
    problem = serializers.CharField(source="measured.problem")
    seconds = serializers.FloatField(source="measured.seconds")

    class Meta:
        model = MeasuredAnswer
        fields = (
            "test_question", "question", "answerable", "answered", "answer", "figures", "ranks",
            "missing", "problem", "seconds",
        )  # fmt: skip

    def get_figures(self, row: MeasuredAnswer) -> dict[str, float | None]:
        names = ("found", "facts", "supported", "supporting", "expected")
        return {name: row.measured[name] for name in names}

    def get_ranks(self, row: MeasuredAnswer) -> dict[str, int | None]:
        ranks = row.measured["ranks"]
        return {one: ranks[one] for one in ranks if one in self.context["there"]}
