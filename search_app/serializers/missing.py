"""Why a document is not found: the question on its way in, the stage on its way out."""

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from search_app.lost import Stage
from search_app.serializers.hits import DocumentLinkSerializer
from search_app.serializers.searching import SearchQuerySerializer


class WhyNotQuerySerializer(SearchQuerySerializer):
    """A search, without its page, and the document that is missed in it."""

    limit = None  # type: ignore[assignment]
    offset = None  # type: ignore[assignment]
    facets = None  # type: ignore[assignment]
    document = serializers.CharField(
        max_length=500,
        help_text=gettext_lazy("Its number, or its id within “collection”."),
    )


class MissingSerializer(serializers.Serializer[Any]):
    """The stage that lost it; `ranked`: none did."""

    stage = serializers.ChoiceField(choices=[stage.value for stage in Stage])
    what = serializers.CharField(help_text=gettext_lazy("What happened, as a sentence."))
    advice = serializers.CharField(help_text=gettext_lazy("What to do."))
    document = DocumentLinkSerializer()
    other = DocumentLinkSerializer(
        allow_null=True, help_text=gettext_lazy("What it is folded under.")
    )
    figures = serializers.DictField(
        help_text=gettext_lazy(
            "Of the stage: failed conditions, words lacked, place and page, parts of the score."
        )
    )
