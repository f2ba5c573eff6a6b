"""What examples are as vectors: texts, and documents of a collection written as `#12`."""

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.models import Collection, EmbeddingModel
from collections_app.services import Rejected
from search_app.queries import many
from search_app.queries.documents import Matrix, current_matrix

MOST_EXAMPLES = 500
MOST_CHARS = 20_000  # of an example, and of a text that is scored
KEPT = 20_000  # vectors of examples and sentences in this process


def all_vectors(collection: Collection) -> Matrix:
    """All document vectors, up to date. Raises Rejected where they are too many to be held."""
    if (count := many.count(collection)) > many.MOST:
        raise Rejected(
            _("Documents are scored and labelled in collections of up to %(most)d; this one has "
              "%(count)d. A text that is typed is scored all the same.")
            % {"most": many.MOST, "count": count}
        )  # fmt: skip
    return current_matrix(collection)


def example_vectors(collection: Collection, examples: Sequence[str]) -> np.ndarray:
    """Those of texts and of documents of the collection (`#12`), (n, dimension).

    Raises Rejected for too many, and for a document that is not in the collection.
    """
    if len(examples) > MOST_EXAMPLES:
        message = _("These are more than %(most)d examples.") % {"most": MOST_EXAMPLES}
        raise Rejected(message)
    numbers = {int(one[1:]) for one in examples if is_number(one)}
    of_documents = _of_documents(collection, numbers)
    texts = [one[:MOST_CHARS] for one in examples if not is_number(one)]
    of_texts = text_vectors(collection.embedding_model, texts)
    return np.concatenate([of_documents, of_texts])


def is_number(example: str) -> bool:
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
