"""The map of a collection: its axes, and the place of each document."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

from collections_app.models import Collection, Document, EmbeddingModel
from search_app.models.wishes import Wish


class CollectionMap(Wish):
    """The axes that documents are placed by (`analysis.projection.Axes`), and their making.

    The axes are of vectors under `model`; `fitted` is how many documents they were made from.
    Without a `mean` no map has been made yet.
    """

    collection = models.OneToOneField(
        Collection, on_delete=models.CASCADE, related_name="map", verbose_name=_("collection")
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        verbose_name=_("embedding model"),
    )

    class Method(models.TextChoices):
        PCA = "pca", _("principal components: the two directions in which they differ most")
        UMAP = "umap", _("UMAP: what is about the same lies together")

    method = models.CharField(_("how"), max_length=4, choices=Method, default=Method.PCA)
    mean = VectorField(null=True)
    first = VectorField(null=True)
    second = VectorField(null=True)
    explained_first = models.FloatField(_("variance along the first axis"), default=0.0)
    explained_second = models.FloatField(_("variance along the second axis"), default=0.0)
    low_first = models.FloatField(default=0.0)
    low_second = models.FloatField(default=0.0)
    side = models.FloatField(default=1.0)
    fitted = models.PositiveIntegerField(_("made from"), default=0)
    built = models.DateTimeField(_("built"), null=True, blank=True)

    class Meta:
        verbose_name = _("map")
        verbose_name_plural = _("maps")

    def __str__(self) -> str:
        return str(self.collection)

    @property
    def first_percent(self) -> float:
        """Of all variance, what lies along the first axis."""
        return 100 * self.explained_first

    @property
    def second_percent(self) -> float:
        return 100 * self.explained_second

    @property
    def explained_percent(self) -> float:
        """What the map shows."""
        return self.first_percent + self.second_percent


class MapPoint(models.Model):
    """Where a document lies, 0 to 65,535 each way; `revision` is that of its vector.

    Nothing checks in the database that the document is there: whoever deletes documents takes
    their points along (`placing.forget`), and a map of 100,000 is written in half the time.
    """

    document = models.OneToOneField(
        Document,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="map_point",
        db_constraint=False,
    )
    map = models.ForeignKey(
        CollectionMap, on_delete=models.CASCADE, related_name="points", db_constraint=False
    )
    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(_("revision"))

    class Meta:
        verbose_name = _("point of a map")
        verbose_name_plural = _("points of maps")

    def __str__(self) -> str:
        return f"{self.document_id}: {self.x}, {self.y}"
