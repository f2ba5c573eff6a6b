"""Label sets: each document gets the label whose examples it lies nearest to, on average."""

from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from collections_app.models import Collection, Document
from collections_app.services import Rejected
from search_app.analysis import centroids
from search_app.analysis.centroids import LeftOut
from search_app.example_vectors import all_vectors, example_vectors, is_number
from search_app.models import AssignedLabel, LabelSet
from search_app.queries.documents import Matrix

MOST_LABELS = 200


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
    all_ = all_vectors(label_set.collection)
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
        documents |= {int(one[1:]) for one in examples if is_number(one)}
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
    all_ = all_vectors(label_set.collection)
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
