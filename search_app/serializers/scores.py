"""Axes, label sets, and what they say of texts and documents."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from collections_app.serializers.numbers import FiniteField
from search_app.example_vectors import MOST_CHARS, MOST_EXAMPLES
from search_app.label_lines import labelled, named
from search_app.models import AssignedLabel, Axis, LabelSet
from search_app.serializers.hits import DocumentLinkSerializer


def _examples() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=MOST_CHARS),
        min_length=1,
        max_length=MOST_EXAMPLES,
        help_text=gettext_lazy("Texts, or documents of the collection as #12."),
    )


class AxisSerializer(serializers.ModelSerializer[Axis]):
    low_examples = _examples()
    high_examples = _examples()
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Axis
        fields = (
            "id",
            "collection",
            "name",
            "low_name",
            "high_name",
            "low_examples",
            "high_examples",
            "url",
        )
        read_only_fields = ("collection",)


class ScoredTextSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MOST_CHARS, trim_whitespace=False)


class SentenceSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    score = serializers.FloatField(help_text=gettext_lazy("-1 at one pole, 1 at the other."))


class ScoreQuerySerializer(serializers.Serializer[Any]):
    least = FiniteField(required=False)
    most = FiniteField(required=False)
    order = serializers.ChoiceField(["low", "high"], default="low")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    offset = serializers.IntegerField(min_value=0, max_value=10**7, default=0)


class ScoredDocumentSerializer(serializers.Serializer[Any]):
    document = DocumentLinkSerializer()
    score = serializers.FloatField()


class LabelSetSerializer(serializers.ModelSerializer[LabelSet]):
    examples = serializers.DictField(
        child=_examples(), required=False, help_text=gettext_lazy("By label.")
    )
    written = serializers.CharField(
        write_only=True,
        required=False,
        max_length=1_000_000,
        help_text=gettext_lazy(
            "Examples or descriptions as lines “label: text”, CSV or JSON, instead of “examples”."
        ),
    )
    margin = FiniteField(min_value=0, max_value=2, default=0.02)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = LabelSet
        fields = (
            "id",
            "collection",
            "name",
            "source",
            "field",
            "examples",
            "written",
            "margin",
            "on_arrival",
            "url",
        )
        read_only_fields = ("collection",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("source") == LabelSet.Source.FIELD and not attrs.get("field"):
            raise serializers.ValidationError({"field": _("Say which field of the metadata.")})
        if "written" in attrs:
            attrs["examples"] = labelled(attrs.pop("written"))
        elif "examples" in attrs:
            attrs["examples"] = named(attrs["examples"])
        return attrs


class MeasuredSerializer(serializers.Serializer[Any]):
    """Leave-one-out: `confusion[a][b]` are examples of label a that came out as b."""

    labels = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    alone = serializers.IntegerField(
        help_text=gettext_lazy("Examples that are the only ones of their labels: not counted.")
    )
    accuracy = serializers.FloatField()
    share_above_margin = serializers.FloatField()
    accuracy_above_margin = serializers.FloatField()
    confusion = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))


class AssignedLabelSerializer(serializers.ModelSerializer[AssignedLabel]):
    document = DocumentLinkSerializer()

    class Meta:
        model = AssignedLabel
        fields = ("id", "document", "label", "nearest", "cosine", "margin")


class AssignedQuerySerializer(serializers.Serializer[Any]):
    label = serializers.CharField(  # type: ignore[assignment]
        required=False,
        allow_blank=True,
        help_text=gettext_lazy("This label's alone; empty for documents without one."),
    )


class LabelSizeSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(  # type: ignore[assignment]
        help_text=gettext_lazy("Empty: of documents without one.")
    )
    documents = serializers.IntegerField()


class LabelCountSerializer(serializers.Serializer[Any]):
    assigned = serializers.IntegerField()
