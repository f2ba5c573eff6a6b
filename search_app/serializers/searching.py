"""What a search is asked with."""

import json
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from collections_app.intake.incoming import problem_with_metadata
from collections_app.models import Collection, Document
from collections_app.serializers.collections import VisibleCollectionField
from collections_app.serializers.copied import CopiedFields
from collections_app.serializers.numbers import FiniteField
from search_app.queries import weights_stored
from search_app.search import DEEPEST

MOST_HITS = 100  # in one answer


class RankedCollectionField(VisibleCollectionField):
    """The same, with the weights that it is ranked by: a round trip less."""

    more = weights_stored.ALONG

    def take(self, found: Collection, more: str | None) -> None:
        weights_stored.remember(found, more)


class SearchQuerySerializer(CopiedFields, serializers.Serializer[Any]):
    """The parameters of a search."""

    q = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=settings.MAX_QUERY_CHARS,
        help_text=gettext_lazy(
            "What to look for; “phrases”, -word, field:value and prefix* are understood."
        ),
    )
    filter = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        default=list,
        help_text=gettext_lazy(
            "field:value, as often as wanted: type:pdf, year:2020..2024, added:2024.., id:notes/*."
            " Values of one field are alternatives. Without “q” documents are listed."
        ),
    )
    sort = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=400,
        help_text=gettext_lazy("relevance, added, or a field with numbers or dates; -… descends."),
    )
    balance = FiniteField(
        default=None,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text=gettext_lazy(
            "From words alone (0) to meaning alone (1); as measured if left out."
        ),
    )
    fold = serializers.BooleanField(
        default=True, help_text=gettext_lazy("Put near duplicates under the best of them.")
    )
    rerank = serializers.BooleanField(
        default=True,
        help_text=gettext_lazy("Let the reranker, where one is set, read the best once more."),
    )
    facets = serializers.BooleanField(
        default=False, help_text=gettext_lazy("Count what was found by type, field and so on.")
    )
    collection = RankedCollectionField(
        pk_field=serializers.IntegerField(),
        default=None,
        help_text=gettext_lazy("Its number; everything one may see if left out."),
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST_HITS, default=20)
    offset = serializers.IntegerField(min_value=0, max_value=DEEPEST, default=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["q"] and not attrs["filter"]:
            message = _("There is nothing to search for. Enter some words.")
            raise serializers.ValidationError({"q": message})
        return attrs


class OfDocuments(serializers.Serializer[Any]):
    """Its field `document` takes one of `context["documents"]`."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        documents = self.context.get("documents", Document.objects.none())
        fields["document"].queryset = documents  # type: ignore[attr-defined]
        return fields


class SimilarQuerySerializer(OfDocuments):
    """Either `q` or `document`. `context["documents"]`: those of the collection."""

    q = serializers.CharField(
        max_length=settings.MAX_QUERY_CHARS, required=False, help_text=gettext_lazy("A text.")
    )
    document = serializers.PrimaryKeyRelatedField(
        queryset=Document.objects.none(),
        pk_field=serializers.IntegerField(),
        required=False,
        help_text=gettext_lazy("A document of the collection, by its number; left out itself."),
    )
    prefix = serializers.CharField(
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=500,
        help_text=gettext_lazy("Only ids that begin so; % and _ are plain characters."),
    )
    metadata = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=10_000,
        help_text=gettext_lazy('What their metadata is to hold, as JSON: {"kind": "method"}.'),
    )
    n = serializers.IntegerField(min_value=1, max_value=MOST_HITS, default=10)

    def validate_metadata(self, metadata: str) -> Any:
        try:
            wanted = json.loads(metadata or "{}")
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError(_("This is no JSON object.")) from error
        if message := problem_with_metadata(wanted):
            raise serializers.ValidationError(message)
        return wanted

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("q" in attrs) == ("document" in attrs):
            raise serializers.ValidationError(_("Send either “q” or “document”."))
        return attrs
