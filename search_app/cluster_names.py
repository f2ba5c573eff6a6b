"""Names of clusters: by their words, opened by the phrase that is nearest the centroid."""

import logging
from collections.abc import Sequence

import numpy as np
from django.db.models.functions import Left

from collections_app import vectors
from collections_app.models import Document, EmbeddingModel
from search_app.analysis import centroids, naming
from search_app.models import Cluster, Clustering

logger = logging.getLogger(__name__)

MOSTLY = 0.5  # of its members that a cluster has in common with the former one keep its name


def give(
    clustering: Clustering,
    clusters: Sequence[Cluster],
    shared: np.ndarray,
    labels: dict[int, int],
) -> None:
    """Give the clusters names from their documents' titles and the beginnings of their texts.

    One that holds mostly the same as before keeps its name, and any that a person has given.
    """
    collection = clustering.collection
    words = naming.Words(len(clusters), collection.language)
    within = Document.objects.filter(collection=collection, vector__isnull=False)
    if clustering.parent_id:
        within = within.filter(cluster_members__cluster=clustering.parent_id)
    rows = within.values_list("pk", "title", Left("text", naming.CONSIDERED))
    for pk, title, text in rows.order_by("pk").iterator():
        if labels.get(pk, -1) >= 0:
            words.add(labels[pk], title, text)
    kept = {
        place: row.automatic or row.name
        for place, row in enumerate(clusters)
        if row.pk and shared[place] > MOSTLY and row.name
    }
    first = _nearest_phrases(collection.embedding_model, words, clusters)
    for row, named in zip(clusters, words.names(kept, first), strict=True):
        row.automatic, row.terms = named.name, named.terms
        row.name = row.name if row.renamed else named.name


def _nearest_phrases(
    model: EmbeddingModel, words: naming.Words, clusters: Sequence[Cluster]
) -> dict[int, str]:
    """For each cluster the phrase whose vector is nearest its centroid; none where the model
    cannot be reached now: the words alone do."""
    phrases = words.phrases()
    every = sorted({one for found in phrases for one in found})
    if not every:
        return {}
    try:
        rows = centroids.unit(vectors.embed(model, every, "passage"))
    except Exception:  # whatever a model of any kind may raise
        logger.warning("Clusters are named without phrases: %s cannot be asked.", model.name)
        return {}
    places = {one: place for place, one in enumerate(every)}
    found = {}
    for group, (row, own) in enumerate(zip(clusters, phrases, strict=True)):
        if own:
            cosines = rows[[places[one] for one in own]] @ np.asarray(row.centroid, np.float32)
            found[group] = own[int(cosines.argmax())]
    return found
