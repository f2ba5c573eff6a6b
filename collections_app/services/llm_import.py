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

from collections_app import purge
from collections_app.batches import batched
from collections_app.intake import Problem
from collections_app.intake.llm_models import model_for
from collections_app.intake.ready import write
from collections_app.intake.stored_rows import usable, vector_of
from collections_app.models import Collection, ImportedCollection
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import EmbeddingsDb, StoredCollection
from collections_app.services.collections import create_collection
from collections_app.storage import Rejected

BATCH = 500


@dataclass
class Imported:
    """What became of one collection of the file; `collection` is None where it stayed out."""

    name: str
    collection: Collection | None = None
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)


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
        collection = _collection(owner, file, stored)
    except Rejected as error:
        result.problems.append(Problem(stored.name, str(error)))
        return result
    result.collection = collection
    for rows in batched(file.rows(stored.number), BATCH):
        ready = list(usable(rows, collection.embedding_model, result.problems))
        with transaction.atomic():
            # One adder per collection at a time, as where documents are added.
            Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
            known = collection.documents.filter(external_id__in=[one.row.id for one in ready])
            purge.delete(known)
            write(collection, ready)
        result.rows += len(ready)
    return result


def _collection(owner: User, file: EmbeddingsDb, stored: StoredCollection) -> Collection:
    """The owner's collection of this name. Raises Rejected where it has another model."""
    model = model_for(stored.model, _first_vector(file, stored))
    found = Collection.objects.filter(owner=owner, name=stored.name.strip()).first()
    if found and found.embedding_model != model:
        raise Rejected(
            _("You have a collection of this name under the model %(model)s. Rename one of them.")
            % {"model": found.embedding_model}
        )
    collection = found or create_collection(owner, stored.name, model=model)
    ImportedCollection.objects.update_or_create(
        collection=collection, defaults={"number": stored.number, "model_id": stored.model}
    )
    return collection


def _first_vector(file: EmbeddingsDb, stored: StoredCollection) -> np.ndarray | None:
    vectors = (vector_of(row.embedding) for row in file.rows(stored.number))
    return next((vector for vector in vectors if vector is not None), None)
