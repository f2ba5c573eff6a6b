"""What comes with the reference tool, `llm`: aliases, and what its database alone has."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Collection, Document
from collections_app.models.embedding import EmbeddingModel


class ModelAlias(models.Model):
    """Another name of an embedding model, for the command line."""

    name = models.CharField(_("alias"), max_length=200, unique=True)
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.CASCADE,
        related_name="aliases",
        verbose_name=_("embedding model"),
    )

    class Meta:
        verbose_name = _("alias of a model")
        verbose_name_plural = _("aliases of models")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ImportedCollection(models.Model):
    """The number and the model's id that a collection had in an `embeddings.db`."""

    collection = models.OneToOneField(
        Collection, on_delete=models.CASCADE, primary_key=True, related_name="imported"
    )
    number = models.BigIntegerField(_("number"))
    model_id = models.CharField(_("model id"), max_length=500)

    class Meta:
        verbose_name = _("imported collection")
        verbose_name_plural = _("imported collections")

    def __str__(self) -> str:
        return f"{self.number}: {self.model_id}"


class ImportedRow(models.Model):
    """The columns of a row of an `embeddings.db` that no column of its document holds exactly.

    They count as long as the document has the revision that they came with.
    """

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="imported"
    )
    revision = models.PositiveIntegerField(_("revision"))
    has_content = models.BooleanField(_("came with its text"))
    content_hash = models.BinaryField(_("content hash"), null=True)
    # None, not "": the row had none.
    metadata = models.TextField(_("metadata as written"), null=True)  # noqa: DJ001
    updated = models.BigIntegerField(_("updated, in seconds"), null=True)

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")

    def __str__(self) -> str:
        return str(self.document_id)
