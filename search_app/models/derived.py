"""What is derived from vectors: document vectors, related pairs, clusters."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

from collections_app.models import Collection, Document, EmbeddingModel
from search_app.models.wishes import Wish


class DocumentVector(models.Model):
    """The mean of a document's passage vectors, scaled to length 1.

    `revision` is the document revision it was made from: an older one is stale.
    `floor` is the score of the last of its related documents, or -1 while the list is
    not full: a newcomer above it enters the list. `refill` asks for a new list.
    """

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="vector"
    )
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="+", verbose_name=_("collection")
    )
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("embedding model"),
    )
    revision = models.PositiveIntegerField(_("revision"))
    embedding = VectorField()
    floor = models.FloatField(_("lowest related score"), default=-1.0)
    refill = models.BooleanField(_("wants a new list"), default=True)

    class Meta:
        verbose_name = _("document vector")
        verbose_name_plural = _("document vectors")
        indexes = [
            models.Index(fields=["collection", "model"], name="docvector_by_collection"),
            models.Index(
                fields=["collection"], condition=models.Q(refill=True), name="docvector_refill"
            ),
        ]

    def __str__(self) -> str:
        return str(self.document_id)


class RelatedDocument(models.Model):
    """`other` is the `rank`-th most similar document to `document` in its collection.

    Nothing checks in the database that the two are there: whoever deletes documents takes their
    pairs along (`related.forget`), and all lists are written in a fraction of the time.
    """

    document = models.ForeignKey(
        Document,
        on_delete=models.CASCADE,
        related_name="related",
        db_constraint=False,
        db_index=False,  # `related_once` begins with it
    )
    other = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="related_to", db_constraint=False
    )
    score = models.FloatField(_("cosine similarity"))
    rank = models.PositiveSmallIntegerField(_("rank"))

    class Meta:
        verbose_name = _("related document")
        verbose_name_plural = _("related documents")
        ordering = ["document", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["document", "other"], name="related_once"),
            models.CheckConstraint(
                condition=~models.Q(document=models.F("other")), name="never_related_to_itself"
            ),
        ]
        indexes = [
            # Near duplicates, which every search folds; the condition is `alike.NEAR_DUPLICATE`.
            models.Index(
                fields=["document", "other"],
                condition=models.Q(score__gte=0.95),
                name="near_duplicates",
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} → {self.other_id}"


class Clustering(Wish):
    """The clusters of a collection, or those within one of them: what was asked for, and how its
    making stands.

    `parent` is the cluster that is split; None for those of the whole collection. `depth` counts
    the clusters around: 0 for a collection, 1 within one of its clusters, and so on.
    """

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="clusterings",
        verbose_name=_("collection"),
    )
    parent = models.OneToOneField(
        "Cluster",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="split",
        verbose_name=_("within the cluster"),
    )
    depth = models.PositiveSmallIntegerField(_("depth"), default=0)

    class Method(models.TextChoices):
        KMEANS = "kmeans", _("every document in one (k-means)")
        HDBSCAN = "hdbscan", _("where they lie dense, the others in none (HDBSCAN)")

    method = models.CharField(_("how"), max_length=10, choices=Method, default=Method.KMEANS)
    wanted = models.PositiveSmallIntegerField(_("clusters wanted"), null=True, blank=True)
    smallest = models.PositiveIntegerField(_("fewest documents"), null=True, blank=True)
    seed = models.PositiveIntegerField(_("seed"), default=0)
    afresh = models.BooleanField(_("without regard to those there were"), default=False)
    model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("embedding model of the centroids"),
    )
    silhouette = models.FloatField(_("silhouette"), null=True, blank=True)
    sample = models.PositiveIntegerField(
        _("documents looked at, where not all were"), null=True, blank=True
    )
    built = models.DateTimeField(_("built"), null=True, blank=True)

    class Meta:
        verbose_name = _("clustering")
        verbose_name_plural = _("clusterings")
        constraints = [
            models.UniqueConstraint(
                fields=["collection"], condition=models.Q(parent=None), name="clustering_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.collection)


class ClusterQuerySet(models.QuerySet["Cluster"]):
    def of(self, collection: Collection, parent: "Cluster | None" = None) -> Self:
        """Those of the whole collection, or those that one of them is split into, in their order:
        largest first when they were made, those that came later after them. Without centroids."""
        rows = self.filter(collection=collection, clustering__parent=parent)
        return rows.defer("centroid").order_by("ordinal")


class Cluster(models.Model):
    """A group of documents that lie close together, named by its distinctive words.

    `automatic` is that name; `name` is it, or the one that a person has given (`renamed`).
    A cluster goes on when clusters are made anew: it keeps its id, place and name.
    """

    clustering = models.ForeignKey(Clustering, on_delete=models.CASCADE, related_name="clusters")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="clusters")
    ordinal = models.PositiveSmallIntegerField(_("ordinal"))
    name = models.CharField(_("name"), max_length=200)
    automatic = models.CharField(_("name by its words"), max_length=200, blank=True)
    renamed = models.BooleanField(_("named by a person"), default=False)
    terms = models.JSONField(_("distinctive words"), default=list)
    size = models.PositiveIntegerField(_("documents"))
    centroid = VectorField(_("centroid"))

    objects = ClusterQuerySet.as_manager()

    class Meta:
        verbose_name = _("cluster")
        verbose_name_plural = _("clusters")
        ordering = ["collection", "ordinal"]

    def __str__(self) -> str:
        return self.name


class ClusterMember(models.Model):
    """A document's place in its cluster; `score` is its cosine with the centroid.

    Without a cluster it lies too far from all of them. `revision` is that of its vector: where
    the vector has another, it is to be placed anew. `depth` is that of the clustering: where a
    cluster is split, its documents have a place at the next depth too.
    """

    cluster = models.ForeignKey(
        Cluster,
        on_delete=models.CASCADE,
        null=True,
        related_name="members",
        verbose_name=_("cluster"),
    )
    document = models.ForeignKey(
        Document,
        on_delete=models.CASCADE,
        related_name="cluster_members",
        db_index=False,  # `member_once` begins with it
    )
    score = models.FloatField(_("cosine with the centroid"))
    revision = models.PositiveIntegerField(_("revision"), default=0)
    depth = models.PositiveSmallIntegerField(_("depth"), default=0)

    class Meta:
        verbose_name = _("cluster member")
        verbose_name_plural = _("cluster members")
        ordering = ["cluster", "-score"]
        constraints = [
            models.UniqueConstraint(fields=["document", "depth"], name="member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster_id}: {self.document_id}"
