"""What the site's own API paths answer."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from embedsite.status import Part


class PartSerializer(serializers.Serializer[Part]):
    key = serializers.ChoiceField(["database", "broker", "worker", "model", "reranker"])
    name = serializers.CharField(help_text=_("For people, in the language of the request."))
    ok = serializers.BooleanField()
    detail = serializers.CharField()


class StatusSerializer(serializers.Serializer[dict[str, list[Part]]]):
    parts = PartSerializer(many=True)
