"""Axes between two poles: where the sentences of a text and the documents of a collection lie."""

from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from collections_app.models import Collection, Document, long_columns
from collections_app.pipeline.sentences import sentences
from collections_app.services import Rejected
from search_app.analysis import centroids
from search_app.example_vectors import MOST_CHARS, all_vectors, example_vectors, text_vectors
from search_app.models import Axis

MOST_SENTENCES = 200  # of a text that is scored while one types
TONES = 5  # colours on each side of the middle
BINS = 24


@dataclass(frozen=True)
class Scored:
    """A sentence or a document with its place on an axis: -1 at one pole, 1 at the other."""

    score: float
    text: str = ""
    document: Document | None = None

    @property
    def tone(self) -> int:
        """The colour, from -TONES to TONES."""
        return round(max(-1.0, min(1.0, self.score)) * TONES)


def make_axis(collection: Collection, **values: object) -> Axis:
    """Keep an axis whose poles can be told apart. Raises Rejected, ModelMissing."""
    made = Axis(collection=collection, **values)
    _poles(made)
    made.save()
    return made


def score_text(axis: Axis, text: str) -> list[Scored]:
    """Each sentence of a text on the axis, in order. Raises Rejected, ModelMissing."""
    if len(text) > MOST_CHARS:
        raise Rejected(
            _("This text is too long: %(length)d characters, the most is %(most)d.")
            % {"length": len(text), "most": MOST_CHARS}
        )
    spans = sentences(text)[:MOST_SENTENCES]
    if not spans:
        return []
    found = [text[start:end] for start, end in spans]
    low, high = _poles(axis)
    places = centroids.positions(text_vectors(axis.collection.embedding_model, found), low, high)
    return [Scored(float(score), one) for score, one in zip(places, found, strict=True)]


def score_documents(axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    """(ids, scores) of the collection's documents, lowest first. Raises Rejected."""
    low, high = _poles(axis)
    all_ = all_vectors(axis.collection)
    if not len(all_.ids):
        return all_.ids, np.zeros(0, np.float32)
    places = centroids.positions(all_.vectors, low, high)
    order = np.argsort(places, kind="stable")
    return all_.ids[order], places[order]


def documents_on(ids: np.ndarray, scores: np.ndarray) -> list[Scored]:
    """With their rows, in this order; what was deleted in this moment drops out."""
    rows = Document.objects.defer(*long_columns()).in_bulk(ids.tolist())
    return [
        Scored(float(score), document=rows[pk])
        for pk, score in zip(ids.tolist(), scores, strict=True)
        if pk in rows
    ]


def _poles(axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    poles = []
    for name, examples in (
        (axis.low_name, axis.low_examples),
        (axis.high_name, axis.high_examples),
    ):
        found = example_vectors(axis.collection, examples)
        if not len(found):
            message = _("“%(pole)s” has no examples: give texts, or documents as #12, one a line.")
            raise Rejected(message % {"pole": name})
        poles.append(centroids.centroid(found))
    if 1 - float(poles[0] @ poles[1]) < 1e-4:
        raise Rejected(_("The two poles are the same: give them different examples."))
    return poles[0], poles[1]
