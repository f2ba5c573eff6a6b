"""A collection of made-up passages, one to a document, written by COPY in seconds.

Their words are drawn by Zipf's law from 50,000. Their vectors lie around 200 centres in 48 of
the 384 dimensions, with noise in all: neighbours as unevenly spread as those of texts.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator

import numpy as np

DIMENSION = 384
WORDS = 50_000
LENGTH = 60  # words of a passage
CENTRES = 200
AT_ONCE = 5000
SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]


class Corpus:
    """What is in it can be asked for again: the words of queries, and vectors near passages."""

    def __init__(self, passages: int, seed: int = 0) -> None:
        self.passages = passages
        self.chosen = np.random.default_rng(seed)
        self.words = [_word(n) for n in range(WORDS)]
        shares = 1 / np.arange(1, WORDS + 1)
        self.bounds = np.cumsum(shares / shares.sum())
        self.axes = self.chosen.normal(size=(48, DIMENSION)).astype(np.float32)
        self.centres = self.chosen.normal(size=(CENTRES, 48)).astype(np.float32)

    def texts(self, count: int, length: int) -> list[list[str]]:
        drawn = np.searchsorted(self.bounds, self.chosen.random((count, length)))
        return [[self.words[n] for n in row] for row in np.minimum(drawn, WORDS - 1).tolist()]

    def vectors(self, count: int) -> np.ndarray:
        around = self.centres[self.chosen.integers(CENTRES, size=count)]
        places = around + 0.7 * self.chosen.normal(size=around.shape)
        noise = 0.7 * self.chosen.normal(size=(count, DIMENSION))
        rows = (places @ self.axes + noise).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def query(self, words: int = 3) -> str:
        """Words of any frequency: drawn evenly by the logarithm of their rank."""
        ranks = np.exp(self.chosen.random(words) * np.log(WORDS / 20)) * 20
        return " ".join(self.words[min(int(rank), WORDS - 1)] for rank in ranks)


def _word(n: int) -> str:
    parts = []
    n += len(SYLLABLES)
    while n:
        n, rest = divmod(n, len(SYLLABLES))
        parts.append(SYLLABLES[rest])
    return "".join(parts) + "t"  # no ending that a stemmer knows


def filled(corpus: Corpus):
    """A collection with the passages, ready, and the owner who may see it."""
    from django.contrib.auth.models import User

    from collections_app.models import EmbeddingModel
    from collections_app.services import create_collection

    model = EmbeddingModel.objects.create(
        name=f"bench {corpus.passages}", backend="fake", ref="fake", dimension=DIMENSION
    )
    owner, _made = User.objects.get_or_create(username="bench", is_superuser=True)
    collection = create_collection(owner, f"{corpus.passages} passages", model=model)
    for start in range(0, corpus.passages, AT_ONCE):
        _write(collection, corpus, start, min(AT_ONCE, corpus.passages - start))
    execute("ANALYZE collections_app_document")  # or the next statement reads it for each row
    execute(RELATED, {"collection": collection.pk})
    execute("VACUUM ANALYZE")
    return collection


def _write(collection, corpus: Corpus, start: int, count: int) -> None:
    from django.db import transaction
    from pgvector import Vector as PgVector

    from collections_app.copying import copy_rows
    from collections_app.ingest import postings
    from collections_app.models import Passage, Vector

    with transaction.atomic():
        documents = execute(DOCUMENTS, {"collection": collection.pk, "from": start, "n": count})
        texts = corpus.texts(count, LENGTH)
        hashes = [hashlib.sha256(str(start + n).encode()).hexdigest() for n in range(count)]
        ids = [row[0] for row in execute(IDS, {"n": count})]
        model = collection.embedding_model_id
        copy_rows(
            Passage,
            "id document_id collection_id model_id ordinal heading text start end token_count"
            " term_count content_hash place",
            "int8 int8 int8 int8 int4 text text int4 int4 int4 int4 text jsonb",
            _passages(ids, documents, collection.pk, model, texts, hashes),
        )
        copy_rows(
            Vector,
            "passage_id document_id collection_id model_id content_hash embedding",
            "int8 int8 int8 int8 text bytea",
            (
                (pk, document, collection.pk, model, digest, PgVector(row).to_binary())
                for pk, (document,), digest, row in zip(
                    ids, documents, hashes, corpus.vectors(count), strict=True
                )
            ),
        )
        termed = (
            postings.Termed(collection.pk, pk, Counter(words))
            for pk, words in zip(ids, texts, strict=True)
        )
        postings.write(model, termed)


def _passages(ids, documents, collection, model, texts, hashes) -> Iterator[tuple]:
    from psycopg.types.json import Jsonb

    for pk, (document,), words, digest in zip(ids, documents, texts, hashes, strict=True):
        text, place = " ".join(words), Jsonb({})
        length = len(text)
        yield (
            pk, document, collection, model, 0, "", text, 0, length, len(words), len(words),
            digest, place,
        )  # fmt: skip


DOCUMENTS = """
INSERT INTO collections_app_document (collection_id, external_id, title, media_type, text,
    metadata, content_hash, token_count, revision, state, attempts, error, error_stage,
    error_place, stages, format, encoding, as_format, as_encoding, created, updated, ready_at)
SELECT %(collection)s, n::text, 'Document ' || n, 'text/plain', '',
    jsonb_build_object('shelf', n %% 100, 'room', n %% 3), n::text, 0, 1, 'ready', 0, '', '',
    '{}', '{}', '', '', '', '', now(), now(), now()
FROM generate_series(%(from)s + 1, %(from)s + %(n)s) n RETURNING id
"""
# Others of the collection, whichever: what counts is that their lists are read.
RELATED = """
INSERT INTO search_app_relateddocument (document_id, other_id, score, rank)
SELECT document.id, other.id, 0.6 - step.n * 0.02, step.n
FROM collections_app_document document, generate_series(1, 10) step(n),
    LATERAL (SELECT id FROM collections_app_document other WHERE other.id = document.id + step.n * 7
        AND other.collection_id = document.collection_id) other
WHERE document.collection_id = %(collection)s
"""
IDS = """
SELECT nextval(pg_get_serial_sequence('collections_app_passage', 'id'))
FROM generate_series(1, %(n)s)
"""


def execute(statement: str, values=None) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
