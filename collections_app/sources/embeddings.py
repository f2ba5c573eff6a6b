"""Items of an uploaded `embeddings.db`: rows that bring their vectors; nothing is embedded."""

import hashlib
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from django.utils.translation import gettext as _

from collections_app.intake import Problem
from collections_app.intake.incoming import problem_with_id
from collections_app.intake.stored_rows import usable
from collections_app.models import EmbeddingModel
from collections_app.pipeline import embeddings_db
from collections_app.pipeline.embeddings_db import StoredRow
from collections_app.sources.items import Content, Context, Failed, Item, Validators


def items_of(path: Path, context: Context) -> Iterator[Item]:
    """An item for each row of the collection that the options name. Raises Unreadable."""
    model = context.source.collection.embedding_model
    with embeddings_db.opened(path) as file:
        for number, row in enumerate(file.rows(context.options["collection"]), start=1):
            yield _item(row, number, model)


def _item(row: StoredRow, number: int, model: EmbeddingModel) -> Item:
    def fetch(known: Validators) -> Content:
        problems: list[Problem] = []
        for ready in usable([row], model, problems):
            return Content(ready=ready)
        raise Failed(problems[0].message)

    named = not problem_with_id(row.id)
    key = row.id if named else _("row %(number)d") % {"number": number}
    values = (row.embedding, row.content, row.content_blob)
    weight = sum(len(value) for value in values if isinstance(value, str | bytes))
    return Item(key, fetch, validators=_validators(row), listed=named, weight=weight)


def _validators(row: StoredRow) -> Validators:
    """What the row is, to the byte."""
    return {"row": hashlib.sha256(repr(astuple(row)).encode()).hexdigest()}
