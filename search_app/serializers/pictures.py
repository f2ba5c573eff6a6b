"""Pictures that were asked for, and phrases beside one."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from collections_app.models import Document, EmbeddingModel
from collections_app.serializers.embedding import ModelNameField
from search_app.pictures import MOST_CHARS, MOST_PHRASES, Tile
from search_app.search import DEEPEST
from search_app.serializers.hits import SCORE, FoundDocumentSerializer
from search_app.serializers.searching import MOST_HITS, OfDocuments


class PictureQuerySerializer(OfDocuments):
    """At most one of `q`, `document` and `picture`. `context["documents"]`: those there are."""

    q = serializers.CharField(
        required=False, max_length=settings.MAX_QUERY_CHARS, help_text=gettext_lazy("Words.")
    )
    document = serializers.PrimaryKeyRelatedField(
        queryset=Document.objects.none(),
        pk_field=serializers.IntegerField(),
        required=False,
        help_text=gettext_lazy("A document of the collection, by its number; left out itself."),
    )
    picture = serializers.FileField(
        required=False, help_text=gettext_lazy("A picture, as multipart/form-data.")
    )
    cheaper = serializers.BooleanField(
        default=False, help_text=gettext_lazy("Only what has a lower “price” than the document.")
    )
    filter = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        default=list,
        help_text=gettext_lazy("field:value, as often as wanted, as search has it."),
    )
    sort = serializers.CharField(default="", allow_blank=True, max_length=400)
    texts = serializers.IntegerField(min_value=0, max_value=MOST_HITS, default=5)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_HITS, default=24)
    offset = serializers.IntegerField(min_value=0, max_value=DEEPEST, default=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len({"q", "document", "picture"} & attrs.keys()) > 1:
            raise serializers.ValidationError(_("Send one of “q”, “document” and “picture”."))
        if attrs["cheaper"] and "document" not in attrs:
            raise serializers.ValidationError(_("“cheaper” goes with “document”."))
        return attrs


class TileSerializer(serializers.Serializer[Any]):
    document = FoundDocumentSerializer()
    alt = serializers.CharField(help_text=gettext_lazy("For those who cannot see it."))
    thumbnail = serializers.CharField(allow_null=True)
    score = serializers.FloatField(allow_null=True, help_text=SCORE)
    good = serializers.BooleanField(help_text=gettext_lazy("Near enough that it is no chance."))

    def to_representation(self, tile: Tile) -> dict[str, Any]:
        blob = tile.document.blob
        thumbnail = reverse("document_thumbnail", args=[tile.document.pk])
        return {
            "document": FoundDocumentSerializer(tile.document).data,
            "alt": tile.alt,
            "thumbnail": thumbnail if blob and blob.width else None,
            "score": tile.score,
            "good": tile.good,
        }


class PicturesSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    good_match = serializers.BooleanField(
        help_text=gettext_lazy("False: nothing matches well, and these are the nearest.")
    )
    pictures = TileSerializer(many=True)
    texts = TileSerializer(many=True)


class PhrasesQuerySerializer(OfDocuments):
    """Either `picture` or `document`. `context["documents"]`: those that one may see."""

    picture = serializers.FileField(required=False)
    document = serializers.PrimaryKeyRelatedField(
        queryset=Document.objects.none(), pk_field=serializers.IntegerField(), required=False
    )
    phrases = serializers.ListField(
        child=serializers.CharField(max_length=MOST_CHARS), min_length=1, max_length=MOST_PHRASES
    )
    model = ModelNameField(
        queryset=EmbeddingModel.objects.usable().taking_pictures(),
        required=False,
        help_text=gettext_lazy("Of a picture that is sent; a document has its own."),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("picture" in attrs) == ("document" in attrs):
            raise serializers.ValidationError(_("Send either “picture” or “document”."))
        return attrs


class PhraseSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    cosine = serializers.FloatField(help_text=SCORE)
    share = serializers.FloatField(help_text=gettext_lazy("Of 1, among these phrases."))


class PhraseSharesSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    phrases = PhraseSerializer(many=True)
