"""Typed SQL and kept queries."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.models import EmbeddingModel
from collections_app.serializers.embedding import ModelNameField
from search_app import sql
from search_app.analysis.sql_text import MOST_CHARS
from search_app.models import SavedQuery


class ParametersSerializer(serializers.Serializer[Any]):
    parameters = serializers.DictField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=20_000),
        default=dict,
        help_text=_("By name; numbers as texts."),
    )
    model = ModelNameField(
        queryset=EmbeddingModel.objects.usable(),
        default=None,
        help_text=_("For embed(:name); the default one if left out."),
    )


class SqlSerializer(ParametersSerializer):
    sql = serializers.CharField(max_length=MOST_CHARS)


class RowsSerializer(serializers.Serializer[Any]):
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField()))
    more = serializers.BooleanField(help_text=_("There were more rows or bytes than are given."))
    milliseconds = serializers.IntegerField()

    def to_representation(self, answer: sql.Answer) -> dict[str, Any]:
        return {
            "columns": answer.columns,
            "rows": answer.rows,
            "more": answer.more,
            "milliseconds": answer.milliseconds,
        }


class SavedQuerySerializer(serializers.ModelSerializer[SavedQuery]):
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = SavedQuery
        fields = ("slug", "name", "description", "sql", "visibility", "created", "updated", "url")
        read_only_fields = ("slug", "created", "updated")

    def validate_sql(self, text: str) -> str:
        sql.read(text)
        return text
