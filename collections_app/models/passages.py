"""Passages and their vectors."""

from typing import Self

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

from collections_app.models.addresses import address
from collections_app.models.content import Collection, Document
from collections_app.models.embedding import EmbeddingModel


class PassageQuerySet(models.QuerySet["Passage"]):
    def active(self) -> Self:
        """Those split for the model their collection is searched under."""
        return self.filter(model=F("collection__embedding_model"))


class Passage(models.Model):
    """A span of a document: `text == document.text[start:end]`, in characters.

    Split to what `model` reads. While a collection changes its model, a document has the
    passages of both; all but those of `collection.embedding_model` are out of every result.
    """

    # No index of its own for what one of those below begins with; here, and of vectors.
    document = models.ForeignKey(
        Document,
        on_delete=models.CASCADE,
        related_name="passages",
        verbose_name=_("document"),
        db_index=False,
    )
    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("collection"),
        db_index=False,
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("embedding model"),
    )
    ordinal = models.PositiveIntegerField(_("ordinal"))
    heading = models.CharField(_("heading path"), max_length=1000, blank=True)
    text = models.TextField(_("text"))
    start = models.PositiveIntegerField(_("start"))
    end = models.PositiveIntegerField(_("end"))
    token_count = models.PositiveIntegerField(_("tokens"))
    term_count = models.PositiveIntegerField(_("keyword terms"), default=0)
    content_hash = models.CharField(_("content hash"), max_length=64)
    # Where in the source it stands, `to` being the end: {"page": 3}, {"line": 20, "to": 31},
    # {"sheet": "Prices", "cell": "A5", "to": "C9"}.
    place = models.JSONField(_("place"), default=dict, blank=True)

    objects = PassageQuerySet.as_manager()

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["document", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["document", "model", "ordinal"], name="passage_ordinal")
        ]
        indexes = [
            models.Index(
                fields=["collection", "model"], include=["term_count"], name="passage_lengths"
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id}#{self.ordinal}"

    def get_absolute_url(self) -> str:
        return f"{address('document', self.document_id)}?p={self.ordinal}#p{self.ordinal}"


class Vector(models.Model):
    """The vector of a passage under a model.

    The encoder runs once per (content hash, model); equal passages copy its result,
    so that each row can carry its collection for the partial HNSW indexes and its
    document for filters, which find vectors by the documents that they keep (ADR 1).
    """

    passage = models.ForeignKey(
        Passage, on_delete=models.CASCADE, related_name="vectors", db_index=False
    )
    # That of the passage, with which it goes: nothing of its own to check or to delete by.
    document = models.ForeignKey(
        Document,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    model = models.ForeignKey(EmbeddingModel, on_delete=models.PROTECT, related_name="+")
    content_hash = models.CharField(_("content hash"), max_length=64)
    embedding = VectorField(_("embedding"))

    class Meta:
        verbose_name = _("vector")
        verbose_name_plural = _("vectors")
        constraints = [models.UniqueConstraint(fields=["passage", "model"], name="one_vector")]
        indexes = [
            models.Index(fields=["content_hash", "model"], name="vector_by_hash"),
            models.Index(fields=["collection", "model"], name="vector_by_collection"),
            models.Index(fields=["document", "model"], name="vector_of_document"),
        ]

    def __str__(self) -> str:
        return f"{self.passage_id} ({self.model_id})"
