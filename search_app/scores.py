"""Scores of texts and documents on an axis, and labels by the nearest centroid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.models import Collection, Document, EmbeddingModel, long_columns
from collections_app.pipeline.sentences import sentences
from collections_app.services import Rejected
from search_app.analysis import centroids
from search_app.analysis.centroids import LeftOut
from search_app.models import AssignedLabel, Axis, LabelSet
from search_app.queries import many
from search_app.queries.documents import Matrix, current_matrix

MOST_EXAMPLES = 500
MOST_LABELS = 200
MOST_SENTENCES = 200  # of a text that is scored while one types
MOST_CHARS = 20_000
TONES = 5  # colours on each side of the middle
BINS = 24
KEPT = 20_000  # vectors of examples and sentences in this process


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


# --- axes ---------------------------------------------------------------------------
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
    all_ = _all(axis.collection)
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


def _all(collection: Collection) -> Matrix:
    """All document vectors, up to date. Raises Rejected where they are too many to be held."""
    if (count := many.count(collection)) > many.MOST:
        raise Rejected(
            _("Documents are scored and labelled in collections of up to %(most)d; this one has "
              "%(count)d. A text that is typed is scored all the same.")
            % {"most": many.MOST, "count": count}
        )  # fmt: skip
    return current_matrix(collection)


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


def example_vectors(collection: Collection, examples: Sequence[str]) -> np.ndarray:
    """Those of texts and of documents of the collection (`#12`), (n, dimension).

    Raises Rejected for too many, and for a document that is not in the collection.
    """
    if len(examples) > MOST_EXAMPLES:
        message = _("These are more than %(most)d examples.") % {"most": MOST_EXAMPLES}
        raise Rejected(message)
    numbers = {int(one[1:]) for one in examples if _is_number(one)}
    of_documents = _of_documents(collection, numbers)
    texts = [one[:MOST_CHARS] for one in examples if not _is_number(one)]
    of_texts = text_vectors(collection.embedding_model, texts)
    return np.concatenate([of_documents, of_texts])


def _is_number(example: str) -> bool:
    return example.startswith("#") and example[1:].isdecimal() and len(example) < 19


def _of_documents(collection: Collection, numbers: set[int]) -> np.ndarray:
    dimension = collection.embedding_model.dimension
    if not numbers:
        return np.zeros((0, dimension), np.float32)
    there = set(collection.documents.filter(pk__in=numbers).values_list("pk", flat=True))
    if missing := sorted(numbers - there):
        message = _("There is no document #%(number)d in this collection.")
        raise Rejected(message % {"number": missing[0]})
    return many.means(collection, sorted(numbers))


def text_vectors(model: EmbeddingModel, texts: Sequence[str]) -> np.ndarray:
    """(n, dimension); what was embedded before in this process is remembered."""
    if not texts:
        return np.zeros((0, model.dimension), np.float32)
    key = (model.pk, vectors.spec(model), model.passage_prefix)
    found = {one: _kept.get((key, one)) for one in texts}  # others may empty `_kept` meanwhile
    new = [one for one, row in found.items() if row is None]
    for start in range(0, len(new), 64):
        part = new[start : start + 64]
        found |= zip(part, vectors.embed(model, part, "passage"), strict=True)
    if len(_kept) > KEPT:
        _kept.clear()
    _kept.update({(key, one): row for one in new if (row := found[one]) is not None})
    return np.array([found[one] for one in texts], np.float32)


_kept: dict[tuple[object, str], np.ndarray] = {}


# --- labels -------------------------------------------------------------------------
@dataclass(frozen=True)
class Examples:
    """What a label set is made of: names, one vector an example, the name's place of each, and
    the documents that are examples."""

    names: list[str]
    vectors: np.ndarray
    truth: np.ndarray
    documents: set[int]

    def centroids(self) -> np.ndarray:
        return np.array(
            [
                centroids.centroid(self.vectors[self.truth == place])
                for place in range(len(self.names))
            ],
            np.float32,
        )


def make_label_set(collection: Collection, **values: object) -> LabelSet:
    """Keep a label set of two labels or more; one of descriptions is given to all documents at
    once. Raises Rejected, ModelMissing."""
    made = LabelSet(collection=collection, **values)
    examples_of(made)
    made.save()
    if made.source == LabelSet.Source.DESCRIPTIONS:
        assign(made)
    return made


def counts(label_set: LabelSet) -> list[tuple[str, int]]:
    """(label, documents that were given it), the most frequent first; the empty label, of those
    that none was near enough to, comes last."""
    rows = label_set.assigned.values_list("label").annotate(n=Count("pk")).order_by("-n", "label")
    return sorted(rows, key=lambda row: not row[0])


def examples_of(label_set: LabelSet) -> Examples:
    """Raises Rejected where there are not two labels, or too many."""
    all_ = _all(label_set.collection)
    if label_set.source in (LabelSet.Source.EXAMPLES, LabelSet.Source.DESCRIPTIONS):
        found = _written(label_set)
    else:
        found = _ruled(label_set, all_)
    if not 2 <= len(found.names) <= MOST_LABELS:
        raise Rejected(
            _("A label set needs from 2 to %(most)d labels with examples; here are %(count)d.")
            % {"most": MOST_LABELS, "count": len(found.names)}
        )
    return found


def _written(label_set: LabelSet) -> Examples:
    parts, truth, documents = [], [], set[int]()
    described = label_set.source == LabelSet.Source.DESCRIPTIONS
    for place, (label, examples) in enumerate(label_set.examples.items()):
        if described:  # a label's own words tell as much as the description
            examples = [f"{label}: {one}" for one in examples]
        found = example_vectors(label_set.collection, examples)
        parts.append(found)
        truth += [place] * len(found)
        documents |= {int(one[1:]) for one in examples if _is_number(one)}
    joined = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    return Examples(list(label_set.examples), joined, np.array(truth, np.int64), documents)


def _ruled(label_set: LabelSet, all_: Matrix) -> Examples:
    """A document in a folder, or with the field, is an example of the label so named."""
    rows = label_set.collection.documents.values_list("pk", "external_id", "metadata")
    named = {pk: name for pk, key, metadata in rows if (name := _name(label_set, key, metadata))}
    kept = np.array([pk in named for pk in all_.ids.tolist()], bool)
    labels = [named[pk] for pk in all_.ids[kept].tolist()]
    names = sorted(set(labels))
    places = {name: place for place, name in enumerate(names)}
    truth = np.array([places[name] for name in labels], np.int64)
    return Examples(names, all_.vectors[kept], truth, set(all_.ids[kept].tolist()))


def _name(label_set: LabelSet, external_id: str, metadata: dict[str, object]) -> str:
    if label_set.source == LabelSet.Source.FOLDER:
        return external_id.split("/", 1)[0][:200] if "/" in external_id else ""
    value = metadata.get(label_set.field)
    return str(value)[:200] if isinstance(value, str | int | float | bool) and value != "" else ""


def left_out(label_set: LabelSet) -> tuple[Examples, LeftOut]:
    """How well the labels are told apart: each example by the centroids of the others."""
    made = examples_of(label_set)
    return made, centroids.left_out(made.vectors, made.truth, len(made.names))


def assign(label_set: LabelSet, *, arrived: bool = False) -> int:
    """Give every document that is no example the nearest label, where it is nearer than the
    second by the margin; the others get an empty one. `arrived`: only those that are new or
    changed since they were looked at. How many got a label. Raises Rejected."""
    made = examples_of(label_set)
    all_ = _all(label_set.collection)
    wanted = ~np.isin(all_.ids, list(made.documents))
    if arrived:
        known = dict(label_set.assigned.values_list("document", "revision"))
        rows = zip(all_.ids.tolist(), all_.revisions.tolist(), strict=True)
        wanted &= np.array([known.get(pk) != revision for pk, revision in rows], bool)
    rows_ = _labels(label_set, made, all_, np.flatnonzero(wanted))
    with transaction.atomic():
        LabelSet.objects.select_for_update().get(pk=label_set.pk)
        old = AssignedLabel.objects.filter(label_set=label_set)
        if arrived:
            old = old.filter(document__in=[*all_.ids[wanted].tolist(), *made.documents])
        old.delete()
        there = Document.objects.filter(pk__in=[one.document_id for one in rows_])
        ids = set(there.values_list("pk", flat=True))
        kept = [one for one in rows_ if one.document_id in ids]
        AssignedLabel.objects.bulk_create(kept, batch_size=2000)
    return sum(bool(one.label) for one in kept)


def _labels(
    label_set: LabelSet, made: Examples, all_: Matrix, places: np.ndarray
) -> list[AssignedLabel]:
    """For these rows of the matrix."""
    if not len(places):
        return []
    found = centroids.nearest(all_.vectors[places], made.centroids())
    return [
        AssignedLabel(
            label_set=label_set,
            document_id=int(all_.ids[place]),
            label=made.names[label] if margin >= label_set.margin else "",
            nearest=made.names[label],
            cosine=float(cosine),
            margin=float(margin),
            revision=int(all_.revisions[place]),
        )
        for place, label, cosine, margin in zip(
            places, found.labels, found.cosines, found.margins, strict=True
        )
    ]


def assign_on_arrival(collection_id: int) -> None:
    """Label what came in, in each set of the collection that wants it."""
    sets = LabelSet.objects.filter(collection=collection_id, on_arrival=True)
    for label_set in sets.select_related("collection__embedding_model"):
        try:
            assign(label_set, arrived=True)
        except Rejected:
            continue  # its examples are gone: its page says so
