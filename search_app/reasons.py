"""Why two documents are related, in a few words: the rarest that both have."""

import hashlib
from collections.abc import Sequence

from django.core.cache import cache

from collections_app.models import Document
from search_app.models import RelatedDocument
from search_app.queries.shared import shared

SECONDS = 3600  # how rare a word is changes slowly; a changed document has another key


def reasons(
    model: int, document: int, revision: int, title: str, others: Sequence[tuple[int, int]]
) -> dict[int, list[str]]:
    """{number: [word, ...]} for other documents of a document's collection, given as (number,
    revision); the model is that of the collection.

    Remembered for an hour. The caller has seen to it that the document may be seen.
    """
    if not others:
        return {}
    made_of = (model, document, revision, title, *others)
    key = f"shares:{hashlib.sha256(repr(made_of).encode()).hexdigest()}"
    found: dict[int, list[str]] | None = cache.get(key)
    if found is None:
        found = shared(document, [pk for pk, _revision in others])
        cache.set(key, found, SECONDS)
    return found


def give(document: Document, rows: Sequence[RelatedDocument]) -> None:
    """Put them into the rows, as `shares`."""
    model = document.collection.embedding_model_id
    others = [(row.other_id, row.other.revision) for row in rows]
    words = reasons(model, document.pk, document.revision, document.title, others)
    for row in rows:
        row.shares = words.get(row.other_id, [])  # type: ignore[attr-defined]
