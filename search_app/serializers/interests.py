"""What one follows, and what landed near it."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collections_app.models import Document
from collections_app.serializers.collections import VisibleCollectionField
from collections_app.serializers.numbers import FiniteField
from search_app.models import Interest, InterestMatch
from search_app.serializers.hits import DocumentLinkSerializer


class VisibleDocumentField(serializers.PrimaryKeyRelatedField[Document]):
    """The number of a document that the one who asks may see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Document.objects.none(), **kwargs)

    def get_queryset(self) -> Any:
        rows = Document.objects.visible_to(self.context["request"].user)
        return rows.select_related("collection")


class InterestSerializer(serializers.ModelSerializer[Interest]):
    """`collection` is where it looks, null for everything one may see; `threshold` the least
    nearness, null for the calibrated cutoff; `feed` the address of its feed, with its key."""

    kind = serializers.ChoiceField(choices=Interest.Kind.choices, required=False)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    document = VisibleDocumentField(required=False, allow_null=True)
    collection = VisibleCollectionField(required=False, allow_null=True)
    filters = serializers.ListField(
        child=serializers.CharField(max_length=1000), required=False, max_length=20
    )
    threshold = FiniteField(min_value=-1, max_value=2, required=False, allow_null=True)
    feed = serializers.SerializerMethodField(help_text=_("Empty where it was revoked."))
    url = serializers.CharField(source="get_absolute_url", read_only=True)
    count = serializers.IntegerField(
        read_only=True, help_text=_("Documents that landed near it and that one may see.")
    )

    class Meta:
        model = Interest
        fields = (
            "id",
            "kind",
            "name",
            "text",
            "document",
            "collection",
            "filters",
            "threshold",
            "email",
            "feed",
            "count",
            "created",
            "url",
        )

    def get_feed(self, interest: Interest) -> str:
        if not interest.feed_token:
            return ""
        address: str = self.context["request"].build_absolute_uri(
            reverse("feed", args=[interest.feed_token])
        )
        return address


class ChangeInterestSerializer(serializers.Serializer[Any]):
    """What can be changed of one."""

    name = serializers.CharField(max_length=200, required=False)
    collection = VisibleCollectionField(required=False, allow_null=True)
    threshold = FiniteField(min_value=-1, max_value=2, required=False, allow_null=True)
    email = serializers.BooleanField(required=False)


class InterestMatchSerializer(serializers.ModelSerializer[InterestMatch]):
    document = DocumentLinkSerializer()
    url = serializers.CharField(
        source="get_absolute_url", read_only=True, help_text=_("At the passage that is near.")
    )

    class Meta:
        model = InterestMatch
        fields = ("id", "document", "score", "ordinal", "found", "url")
