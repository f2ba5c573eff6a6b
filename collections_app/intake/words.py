"""Words of a file of word vectors, as documents that bring their vectors."""

from django.utils import timezone
from numpy.typing import NDArray

from collections_app.intake.incoming import Incoming
from collections_app.intake.ready import Ready
from collections_app.models import Document
from collections_app.pipeline.embeddings_db import StoredRow

MOST_WORDS = 1_000_000  # of one file


def ready_word(word: str, vector: NDArray) -> Ready:  # type: ignore[type-arg]
    """The word is the document's id, title and text."""
    row = StoredRow(word, vector.astype("<f4").tobytes(), word)
    document = Document(
        external_id=word,
        title=word,
        text=word,
        content_hash=Incoming(word, body=word).content_hash,
        token_count=1,
        state=Document.State.READY,
        ready_at=timezone.now(),
        updated=timezone.now(),
    )
    return Ready(row, vector, document, given_back=False)
