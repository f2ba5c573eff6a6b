"""Chat models: what everyone may know of them, and what staff set."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rag_app.answer import spending
from rag_app.models import ChatModel

KEY_HELP = _("Kept encrypted, never shown again. Left out, the one it has stays.")


class OfferedSerializer(serializers.Serializer[Any]):
    """One that can be asked; `id` is null for that of the settings."""

    id = serializers.IntegerField(source="row.pk", default=None, allow_null=True)
    name = serializers.CharField()
    context_tokens = serializers.IntegerField()
    default = serializers.BooleanField()
    price_in = serializers.DecimalField(12, 6, source="row.price_in", default=Decimal(0))
    price_out = serializers.DecimalField(12, 6, source="row.price_out", default=Decimal(0))


class ChatSpentSerializer(serializers.Serializer[Any]):
    tokens = serializers.IntegerField()
    cost = serializers.DecimalField(16, 6)
    answers = serializers.IntegerField()


class ChatModelSerializer(serializers.ModelSerializer[ChatModel]):
    """For staff alone."""

    api_key = serializers.CharField(
        write_only=True, required=False, allow_blank=True, max_length=2000, help_text=KEY_HELP
    )
    has_key = serializers.SerializerMethodField()
    day = serializers.SerializerMethodField(help_text=_("What it took in the last 24 hours."))
    ever = serializers.SerializerMethodField(help_text=_("What it took in all."))
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)

    class Meta:
        model = ChatModel
        fields = (
            "id", "name", "backend", "ref", "base_url", "api_key", "has_key", "context_tokens",
            "answer_tokens", "tokens_per_day", "price_in", "price_out", "is_default", "day", "ever",
        )  # fmt: skip
        extra_kwargs = {"is_default": {"required": False}}

    @extend_schema_field(ChatSpentSerializer)
    def get_day(self, row: ChatModel) -> dict[str, Any]:
        return self._spent(row, spending.yesterday())

    @extend_schema_field(ChatSpentSerializer)
    def get_ever(self, row: ChatModel) -> dict[str, Any]:
        return self._spent(row, None)

    def _spent(self, row: ChatModel, since: datetime | None) -> dict[str, Any]:
        found = spending.spent(since).get(row.name, spending.Spent())
        return dict(ChatSpentSerializer(found).data)

    def get_has_key(self, row: ChatModel) -> bool:
        return bool(row.secrets)


class TriedSerializer(serializers.Serializer[Any]):
    said = serializers.CharField()
    seconds = serializers.FloatField()
    problem = serializers.CharField(help_text=_("What went wrong, in words; else empty."))
