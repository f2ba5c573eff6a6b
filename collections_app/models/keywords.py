"""What keyword search reads: postings, and how many passages they are of (ADR 4)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Collection
from collections_app.models.embedding import EmbeddingModel


class PostingList(models.Model):
    """Where a term stands: `count` passages of one collection and model, from `first` on.

    `data` is in the form of `pipeline.postings`. Each commit adds lists of its own, which are
    never changed; `ingest.merging` makes few large ones of many small ones. Passages that are
    gone may still be in them: `CorpusChange` knows which.
    """

    pk = models.CompositePrimaryKey("collection", "model", "term", "first")
    # Unchecked by the database: a check for each list would cost more than the list.
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    term = models.CharField(_("term"), max_length=100, db_collation="C")  # to look up beginnings
    first = models.BigIntegerField(_("first passage"))
    count = models.PositiveIntegerField(_("passages"))
    data = models.BinaryField(_("postings"))

    class Meta:
        verbose_name = _("posting list")
        verbose_name_plural = _("posting lists")

    def __str__(self) -> str:
        return f"{self.term}: {self.count}"


class CorpusChange(models.Model):
    """By how much one statement changed a collection's passages under a model; the sum over
    all rows is how many there are.

    Written by triggers of the passages' table, so that no way of adding or deleting passages
    is missed. `void` are ids, eight bytes each, of passages whose postings hold no more.
    """

    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    passages = models.BigIntegerField(_("passages"))
    terms = models.BigIntegerField(_("terms in them"))
    void = models.BinaryField(_("passages without their postings"), default=b"")

    class Meta:
        verbose_name = _("change of passages")
        verbose_name_plural = _("changes of passages")

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.passages:+}"
