"""What is held and what may be."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class UsageSerializer(serializers.Serializer[Any]):
    """What came in, in bytes and documents; a most of 0 is no limit."""

    bytes = serializers.IntegerField()
    documents = serializers.IntegerField()
    most_bytes = serializers.IntegerField()
    most_documents = serializers.IntegerField()


class CollectionUsageSerializer(serializers.Serializer[Any]):
    collection = UsageSerializer()
    user = UsageSerializer(help_text=_("Of its owner, in all collections."))
    refusal = serializers.CharField(
        help_text=_("Why the bytes and documents asked about do not fit; empty where they do.")
    )


class MoreSerializer(serializers.Serializer[Any]):
    """What one would like to add."""

    bytes = serializers.IntegerField(default=0, min_value=0, max_value=2**62)
    documents = serializers.IntegerField(default=0, min_value=0, max_value=2**31)


class FileSizesSerializer(serializers.Serializer[Any]):
    """The files that one would like to add: bytes by name."""

    sizes = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=2**62))


class RefusedSerializer(serializers.Serializer[Any]):
    refused = serializers.DictField(
        child=serializers.CharField(), help_text=_("Why a file would not be taken, by its name.")
    )
