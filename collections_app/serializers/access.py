"""API tokens."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.models import ApiToken


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = ("id", "name", "prefix", "scope", "created", "last_used")
        read_only_fields = ("prefix", "created", "last_used")


class NewTokenSerializer(TokenSerializer):
    key = serializers.CharField(read_only=True, help_text=_("Shown this once."))

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "key")
