"""Looking at vectors: that of a document, a passage or any text, and how near two are."""

import re
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.models import Document, EmbeddingModel, Passage, Viewer
from collections_app.services import Rejected
from search_app.analysis import encodings
from search_app.hits import Similar, passages_by_id
from search_app.queries import documents
from search_app.queries.scope import Scope
from search_app.queries.vectors import matrix, nearest
from search_app.search import similar

NEIGHBOURS = 10
MAX_CHARS = 20_000  # of a text that is embedded to be looked at
WRITTEN = re.compile(r"(?:#|/d/|https?://[^/\s]+/d/)([0-9]{1,18})/?(?:[?#]\S*)?")

Side = str | Document  # what is compared: a text, or a document


@dataclass(frozen=True)
class Seen:
    """A vector under its model, and what lies nearest to it, best first."""

    model: EmbeddingModel
    vector: np.ndarray  # float32, (dimension,)
    neighbours: list[Similar]


@dataclass(frozen=True)
class Comparison:
    """Two vectors under one model, and how near they are."""

    model: EmbeddingModel
    cosine: float
    dot: float
    distance: float  # Euclidean


def of_document(user: Viewer, document: Document) -> Seen:
    """The mean of its passages' vectors, at length 1. Raises Rejected while there is none."""
    vector = documents.vector_of(document)
    if vector is None:
        raise Rejected(_("This document has not been embedded yet. Try again in a moment."))
    found = similar(user, document.collection, document=document, limit=NEIGHBOURS)
    return Seen(document.collection.embedding_model, vector, found)


def of_passage(passage: Passage) -> Seen:
    """The vector of one passage, its neighbours from its collection. Raises Rejected likewise."""
    model = passage.model
    vector = matrix(np.array([passage.pk], np.int64), model)[0]
    if not np.isfinite(vector).all():
        raise Rejected(_("This passage has not been embedded yet. Try again in a moment."))
    found = nearest(Scope((passage.collection_id,)), model, vector, NEIGHBOURS + 1)
    rows = passages_by_id(int(pk) for pk in found.passages)
    neighbours = [
        Similar(rows[pk].document, rows[pk], float(cosine))
        for pk, cosine in zip(found.passages.tolist(), found.cosines, strict=True)
        if pk in rows and pk != passage.pk
    ]
    return Seen(model, vector, neighbours[:NEIGHBOURS])


def of_text(model: EmbeddingModel, text: str, kind: str = "passage") -> np.ndarray:
    """Any text's vector; `kind` decides the model's prefix. Raises Rejected and ModelMissing."""
    text = text.strip()
    if not text:
        raise Rejected(_("There is nothing to embed. Enter a text."))
    if len(text) > MAX_CHARS:
        raise Rejected(
            _("This text is too long: %(length)d characters, the most is %(most)d.")
            % {"length": len(text), "most": MAX_CHARS}
        )
    text = text.replace("\x00", " ")
    if kind == "query":
        return vectors.embed_query(model, text)
    found: np.ndarray = vectors.embed(model, [text], "passage")[0]
    return found


def side(user: Viewer, written: str) -> Side:
    """What was meant: `#12`, `/d/12/` or the whole address is a document, all else a text.

    Raises Rejected for a document that the user does not see.
    """
    match = WRITTEN.fullmatch(written.strip())
    if match is None:
        return written
    rows = Document.objects.visible_to(user).select_related("collection__embedding_model")
    found = rows.filter(pk=int(match[1])).first()
    if found is None:
        raise Rejected(_("There is no such document that you may see: %(it)s") % {"it": written})
    return found


def compare(one: Side, other: Side, model: EmbeddingModel) -> Comparison:
    """How near they are. A document decides the model, so `model` is for two texts.

    Two texts are compared as passages; a text beside a document is a query, as in a search.
    Raises Rejected: two documents under different models, one without a vector; ModelMissing.
    """
    found = [side.collection.embedding_model for side in (one, other) if isinstance(side, Document)]
    if len({under.pk for under in found}) > 1:
        raise Rejected(
            _("These documents are under different models, %(one)s and %(other)s: their vectors "
              "cannot be compared. Embed one of the collections with the other's model.")
            % {"one": found[0].name, "other": found[1].name}
        )  # fmt: skip
    under = found[0] if found else model
    kind = "query" if found else "passage"
    a, b = (_vector(side, under, kind) for side in (one, other))
    return Comparison(under, encodings.cosine(a, b), float(a @ b), float(np.linalg.norm(a - b)))


def _vector(side: Side, model: EmbeddingModel, kind: str) -> np.ndarray:
    if isinstance(side, str):
        return of_text(model, side, kind)
    vector = documents.vector_of(side)
    if vector is None:
        raise Rejected(_("“%(name)s” has not been embedded yet.") % {"name": side})
    return vector
