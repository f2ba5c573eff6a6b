"""The answer of every retry."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class QueuedSerializer(serializers.Serializer[Any]):
    queued = serializers.IntegerField(help_text=_("Documents that were put back in the queue."))
