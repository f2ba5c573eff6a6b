"""Judged queries, evaluations and weights."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from search_app.evaluation.judging import GRADES_OF_ONE
from search_app.models import BEST_GRADE, Evaluation, JudgedQuery, Judgement
from search_app.quality import MOST_SECONDS

Kind = Evaluation.Kind
ASKED_FOR = [(kind.value, kind.label) for kind in (Kind.MANUAL, Kind.COMPARISON, Kind.TUNING)]


class JudgementSerializer(serializers.ModelSerializer[Judgement]):
    """`external_id` is the document's id in its collection; `grade`: 0 wrong, 3 best."""

    grade = serializers.IntegerField(min_value=0, max_value=BEST_GRADE)

    class Meta:
        model = Judgement
        fields = ("external_id", "grade")


class JudgedQuerySerializer(serializers.ModelSerializer[JudgedQuery]):
    """`name` is its id in the file it came from. `count`: its judgements."""

    mine = serializers.SerializerMethodField(help_text=_("Whether it is your own."))
    count = serializers.IntegerField(read_only=True)

    class Meta:
        model = JudgedQuery
        fields: tuple[str, ...] = (
            "id",
            "collection",
            "name",
            "text",
            "source",
            "shared",
            "accepted",
            "mine",
            "count",
            "created",
            "updated",
        )

    def get_mine(self, query: JudgedQuery) -> bool:
        return bool(query.owner_id == self.context["request"].user.pk)


class WholeQuerySerializer(JudgedQuerySerializer):
    """With its judgements."""

    judgements = JudgementSerializer(many=True)

    class Meta(JudgedQuerySerializer.Meta):
        fields = (*JudgedQuerySerializer.Meta.fields, "judgements")


class WrittenQuerySerializer(serializers.Serializer[Any]):
    """A judged query as it is sent; its judgements take the place of those before."""

    text = serializers.CharField(help_text=_("The query."))
    shared = serializers.BooleanField(
        default=False, help_text=_("For all who may edit the collection.")
    )
    judgements = JudgementSerializer(many=True, default=list)

    def validate_judgements(self, judgements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(judgements) > GRADES_OF_ONE:
            raise serializers.ValidationError(
                _("The most is %(most)d judgements.") % {"most": GRADES_OF_ONE}
            )
        return judgements


class JudgedFilesSerializer(serializers.Serializer[Any]):
    """The contents of two files."""

    queries = serializers.CharField(
        default="",
        allow_blank=True,
        help_text=_("Lines of JSON with _id and text, TREC topics, or lines of id, tab, text."),
    )
    qrels = serializers.CharField(
        default="",
        allow_blank=True,
        help_text=_("Query, document and grade between tabs, or TREC's four columns."),
    )
    shared = serializers.BooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["queries"].strip() and not attrs["qrels"].strip():
            message = _("Send queries, judgements, or both.")
            raise serializers.ValidationError({"qrels": message})
        return attrs


class ImportedSerializer(serializers.Serializer[Any]):
    queries = serializers.IntegerField()
    judgements = serializers.IntegerField()
    absent = serializers.IntegerField(
        help_text=_("Judged documents that the collection does not have.")
    )
    problems = serializers.ListField(
        child=serializers.CharField(), help_text=_("Lines that were passed over, and why.")
    )


class FormSerializer(serializers.Serializer[Any]):
    form = serializers.ChoiceField(["beir", "trec"], default="beir")


class WantedEvaluationSerializer(serializers.Serializer[Any]):
    """`weights` and `other` are changes to the weights in force."""

    kind = serializers.ChoiceField(ASKED_FOR, default=Evaluation.Kind.MANUAL)
    weights = serializers.DictField(
        default=dict, help_text=_('{"keywords": 0, "full_match": 0} leaves the keywords out.')
    )
    other = serializers.DictField(
        default=dict, help_text=_('Of a comparison: {"meaning": 0} leaves the meaning out.')
    )
    shared = serializers.BooleanField(
        default=False, help_text=_("Without queries that are yours alone.")
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)
    seconds = serializers.IntegerField(
        default=300, min_value=1, max_value=MOST_SECONDS, help_text=_("The most for tuning.")
    )


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """`figures.measures`: the mean of each measure with its 95% interval (null: one query)."""

    figures = serializers.DictField()

    class Meta:
        model = Evaluation
        fields: tuple[str, ...] = (
            "id",
            "collection",
            "kind",
            "state",
            "error",
            "shared",
            "weights",
            "other",
            "seed",
            "done",
            "total",
            "figures",
            "fallen",
            "accepted",
            "requested",
            "finished",
        )


class WholeEvaluationSerializer(EvaluationSerializer):
    """With the figures of each query, by its number."""

    queries = serializers.ListField(child=serializers.DictField())

    class Meta(EvaluationSerializer.Meta):
        fields = (*EvaluationSerializer.Meta.fields, "queries")


class WeightsSerializer(serializers.Serializer[Any]):
    in_force = serializers.DictField(child=serializers.FloatField())
    own = serializers.BooleanField(help_text=_("False: they are those of the model or the site."))
    former = serializers.DictField(
        child=serializers.FloatField(), help_text=_("The collection's own before the last change.")
    )
