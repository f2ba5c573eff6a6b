"""Bringing in the reference tool's `embeddings.db`, vectors and all.

Nothing is embedded: a row becomes a ready document of one passage with the vector it came with.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from collections_app import storage
from collections_app.batches import batched
from collections_app.intake import Problem, ready
from collections_app.intake.llm_models import model_for, registered
from collections_app.intake.stored_rows import usable, vector_of
from collections_app.models import Blob, Collection, EmbeddingModel, ImportedCollection, Run
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import EmbeddingsDb, StoredCollection
from collections_app.pipeline.extracted import Unreadable
from collections_app.reasons import in_words
from collections_app.services.collections import create_collection
from collections_app.services.imports import import_file
from collections_app.storage import Rejected

BATCH = 500
MOST_COLLECTIONS = 200  # of a file that comes by the web


@dataclass
class Imported:
    """What became of one collection of the file; `collection` is None where it stayed out."""

    name: str
    collection: Collection | None = None
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Started:
    """A collection of the file and the run that brings it in, or why there is none."""

    name: str
    run: Run | None = None
    problem: str = ""


def import_database(owner: User, path: Path) -> Iterator[Imported]:
    """Each collection of the file in turn, as one of the owner's; rows of a known id are replaced.

    A bad row is a Problem and no other is lost. Raises Unreadable for what is no such file.
    """
    with embeddings_db.opened(path) as file:
        for stored in file.collections():
            yield _import(owner, file, stored)


def _import(owner: User, file: EmbeddingsDb, stored: StoredCollection) -> Imported:
    result = Imported(stored.name)
    try:
        model = model_for(stored.model, _first_vector(file, stored))
        collection = _collection(owner, stored, model)
    except Rejected as error:
        result.problems.append(Problem(stored.name, str(error)))
        return result
    result.collection = collection
    for rows in batched(file.rows(stored.number), BATCH):
        taken = list(usable(rows, collection.embedding_model, result.problems))
        with transaction.atomic():
            added = ready.add(collection, taken)
        result.problems += added.problems
        result.rows += len(added.added) + len(added.changed)
    return result


def start_imports(owner: User, name: str, blob: Blob) -> list[Started]:
    """Begin a run for each collection of the stored file; those of the owner that came from
    such a file before are brought up to date.

    A vector goes under the registered model of its name and length, or stays out. Raises
    Rejected for what is no such file.
    """
    try:
        with embeddings_db.opened(storage.path_of(blob.sha256)) as file:
            stored = file.collections()
            if len(stored) > MOST_COLLECTIONS:
                raise Rejected(
                    _("The file has %(count)d collections; the most is %(most)d.")
                    % {"count": len(stored), "most": MOST_COLLECTIONS}
                )
            vectors = [_first_vector(file, one) for one in stored]
    except Unreadable as error:
        raise Rejected(in_words(str(error))) from error
    return [_start(owner, name, blob, *pair) for pair in zip(stored, vectors, strict=True)]


def _start(
    owner: User, name: str, blob: Blob, stored: StoredCollection, vector: np.ndarray | None
) -> Started:
    try:
        with transaction.atomic():
            collection = _collection(owner, stored, _registered(stored, vector), merge=False)
            options = {"reading": "embeddings", "collection": stored.number}
            return Started(stored.name, import_file(collection, name, blob, options))
    except Rejected as error:
        return Started(stored.name, problem=str(error))


def _registered(stored: StoredCollection, vector: np.ndarray | None) -> EmbeddingModel:
    if vector is None:
        raise Rejected(_("None of its rows has a vector that could be searched for."))
    model = registered(stored.model, vector)
    if model is None:
        raise Rejected(
            _(
                "No model “%(name)s” with vectors of %(count)d numbers is registered here. "
                "An administrator can add it, or this name as an alias of another."
            )
            % {"name": stored.model, "count": len(vector)}
        )
    return model


def _collection(
    owner: User, stored: StoredCollection, model: EmbeddingModel, merge: bool = True
) -> Collection:
    """The owner's collection of this name. Raises Rejected where it has another model, or,
    unless it is to `merge`, did not come from such a file."""
    found = Collection.objects.filter(owner=owner, name=stored.name.strip()).first()
    if found and found.embedding_model != model:
        raise Rejected(
            _("You have a collection of this name under the model %(model)s. Rename one of them.")
            % {"model": found.embedding_model}
        )
    if found and not merge and not ImportedCollection.objects.filter(collection=found):
        raise Rejected(
            _("You have a collection of this name that came otherwise. Rename one of them.")
        )
    collection = found or create_collection(owner, stored.name, model=model, although_unusable=True)
    ImportedCollection.objects.update_or_create(
        collection=collection, defaults={"number": stored.number, "model_id": stored.model}
    )
    return collection


def _first_vector(file: EmbeddingsDb, stored: StoredCollection) -> np.ndarray | None:
    vectors = (vector_of(row.embedding) for row in file.rows(stored.number))
    return next((vector for vector in vectors if vector is not None), None)
