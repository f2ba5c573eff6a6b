"""What a search has found."""

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from collections_app.models import Document, Passage
from collections_app.serializers.documents import PassageSerializer
from search_app.hits import Hit

SCORE = gettext_lazy("The cosine of the two vectors.")


class DocumentLinkSerializer(serializers.ModelSerializer[Document]):
    """A document by name."""

    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Document
        fields: tuple[str, ...] = ("id", "collection", "external_id", "title", "url")


class FoundDocumentSerializer(DocumentLinkSerializer):
    metadata = serializers.DictField()

    class Meta(DocumentLinkSerializer.Meta):
        fields = (*DocumentLinkSerializer.Meta.fields, "metadata")

    def to_representation(self, document: Document) -> dict[str, Any]:
        """By hand, as in the next ones: hits are most of what a search has to write."""
        return {
            "id": document.pk,
            "collection": document.collection_id,
            "external_id": document.external_id,
            "title": document.title,
            "url": document.get_absolute_url(),
            "metadata": document.metadata,
        }


class FoundPassageSerializer(PassageSerializer):
    def to_representation(self, passage: Passage) -> dict[str, Any]:
        names = ("ordinal", "heading", "text", "place", "start", "end", "token_count")
        shown = {name: getattr(passage, name) for name in names}
        return {"id": passage.pk, **shown, "url": passage.get_absolute_url()}


class PieceSerializer(serializers.Serializer[Any]):
    """A piece of a snippet; put together they are the snippet."""

    text = serializers.CharField()
    matched = serializers.BooleanField()


class WhySerializer(serializers.Serializer[Any]):
    """What the score is made of: it is the sum of `parts`. Ranks are those in each leg."""

    vector_rank = serializers.IntegerField(allow_null=True)
    keyword_rank = serializers.IntegerField(allow_null=True)
    coverage = serializers.FloatField(
        help_text=gettext_lazy("How much of the query the passage holds, 0 to 1.")
    )
    terms = serializers.DictField(
        child=serializers.FloatField(), help_text=gettext_lazy("Words matched, and their weights.")
    )
    parts = serializers.DictField(child=serializers.FloatField())
    reranked = serializers.FloatField(
        allow_null=True,
        help_text=gettext_lazy("How well it answers, by the reranker, 0 to 1: goes before scores."),
    )
    place_before = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("Where it stood before the reranker, from 1.")
    )

    def to_representation(self, hit: Hit) -> dict[str, Any]:
        scored = hit.scored
        return {
            "vector_rank": scored.vector_rank,
            "keyword_rank": scored.keyword_rank,
            "coverage": scored.coverage,
            "terms": scored.terms,
            "parts": dict(hit.parts),
            "reranked": scored.reranked,
            "place_before": scored.place_before,
        }


class FoundSerializer(serializers.Serializer[Any]):
    """A document with its best passage. `score` ranks; the others are what it is made of."""

    document = FoundDocumentSerializer()
    passage = FoundPassageSerializer()
    score = serializers.FloatField()
    vector_score = serializers.FloatField(allow_null=True, help_text=SCORE)
    keyword_score = serializers.FloatField(help_text=gettext_lazy("BM25 of the shared words."))
    terms = serializers.ListField(
        child=serializers.CharField(), help_text=gettext_lazy("Stems of the words matched.")
    )
    why = WhySerializer(source="*")
    snippet = PieceSerializer(many=True)

    def to_representation(self, hit: Hit) -> dict[str, Any]:
        parts = {name: self.fields[name].to_representation for name in ("document", "passage")}
        return {
            **{name: shown(getattr(hit, name)) for name, shown in parts.items()},
            "score": hit.score,
            "vector_score": hit.vector_score,
            "keyword_score": hit.keyword_score,
            "terms": hit.terms,
            "why": self.fields["why"].to_representation(hit),
            "snippet": [{"text": text, "matched": matched} for text, matched in hit.snippet],
        }


class HitSerializer(FoundSerializer):
    place = serializers.IntegerField(help_text=gettext_lazy("Among all, from 1."))
    folded = FoundSerializer(many=True, help_text=gettext_lazy("Near duplicates of it."))

    def to_representation(self, hit: Hit) -> dict[str, Any]:
        folded = [super(HitSerializer, self).to_representation(one) for one in hit.folded]
        return {**super().to_representation(hit), "place": hit.place, "folded": folded}


class AskedSerializer(serializers.Serializer[Any]):
    """How the query was understood; `text` is what ranks."""

    text = serializers.CharField(source="query.text")
    phrases = serializers.ListField(child=serializers.CharField(), source="query.phrases")
    excluded = serializers.ListField(child=serializers.CharField(), source="query.excluded")
    prefixes = serializers.ListField(child=serializers.CharField(), source="query.prefixes")
    filters = serializers.ListField(child=serializers.CharField())


class CountSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    count = serializers.IntegerField()
    filter = serializers.CharField(help_text=gettext_lazy("What to send as “filter” for these."))


class FacetSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField(help_text=gettext_lazy("n: numbers, d: dates, else words."))
    counts = CountSerializer(many=True)


class ResultsSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text=gettext_lazy("Documents found in all,"))
    exact = serializers.BooleanField(help_text=gettext_lazy("or at least so many where false."))
    good_match = serializers.BooleanField(
        help_text=gettext_lazy("False: nothing matches well, and these are the nearest.")
    )
    rerank_problem = serializers.CharField(
        help_text=gettext_lazy(
            "Why the reranker has not read them; empty if it has, or none is set."
        )
    )
    asked = AskedSerializer()
    facets = FacetSerializer(many=True, allow_null=True)
    facets_of = serializers.IntegerField(
        help_text=gettext_lazy("How many documents the facets are counted over,")
    )
    facets_sampled = serializers.BooleanField(
        help_text=gettext_lazy("and whether that is only a part of those found.")
    )
    hits = HitSerializer(many=True)


class SimilarSerializer(serializers.Serializer[Any]):
    document = FoundDocumentSerializer()
    passage = PassageSerializer()
    score = serializers.FloatField(help_text=SCORE)
