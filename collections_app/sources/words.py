"""Items of an uploaded file of word vectors: each word with its vector; nothing is embedded."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from collections_app.intake.words import MOST_WORDS, ready_word
from collections_app.pipeline import word_vectors
from collections_app.pipeline.word_vectors import BadWord, Word
from collections_app.sources.items import Content, Context, Failed, Item, Validators
from collections_app.storage import Rejected


def items_of(path: Path, context: Context) -> Iterator[Item]:
    """An item for each word, as many as the options say; goes on after the cursor.

    Raises Unreadable, and Rejected where the file is of other vectors than the collection.
    """
    most = context.options["most"] or MOST_WORDS
    number, offset = context.cursor or (0, 0)
    model = context.source.collection.embedding_model
    with word_vectors.opened(path) as file:
        if file.dimension != model.dimension:
            raise Rejected(
                _("Its vector has %(count)d numbers, those of the model have %(most)d.")
                % {"count": file.dimension, "most": model.dimension}
            )
        for row in file.rows(number, offset):
            if row.number > most:
                if not context.options["most"]:
                    context.missing.append((context.options["name"], _too_many()))
                return
            yield _item(row)


def _too_many() -> str:
    message = _("The file has more words than can be taken: the first %(most)d were.")
    return message % {"most": MOST_WORDS}


def _item(row: Word | BadWord) -> Item:
    def fetch(known: Validators) -> Content:
        if isinstance(row, BadWord):
            raise Failed(row.reason)
        return Content(ready=ready_word(row.word, row.vector))

    cursor = [row.number, row.end]
    if isinstance(row, BadWord):
        key = row.shown.strip() or _("word %(number)d") % {"number": row.number}
        return Item(key, fetch, cursor=cursor, listed=False)
    digest = hashlib.sha256(row.word.encode() + b"\n" + row.vector.tobytes()).hexdigest()
    return Item(row.word, fetch, {"row": digest}, cursor, weight=row.vector.nbytes, given_once=True)
