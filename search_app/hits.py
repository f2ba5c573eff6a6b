"""What a search gives: passages and documents with their scores, and their rows loaded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects

from collections_app.models import Collection, Document, Passage
from collections_app.rows import Rows
from search_app.analysis.snippet import Snippet, snippet
from search_app.asking import Asked
from search_app.queries.facets import Facet
from search_app.ranking import Scored

# What no list of hits shows stays in the table, first of all the long texts.
PASSAGES = Rows(Passage, "content_hash", "term_count")
DOCUMENTS = Rows(
    Document, "text", "body", "stages", "error", "error_stage", "error_place", "attempts",
    "not_before", "claim_token", "lease_until", "format", "encoding", "as_format", "as_encoding",
    "passage_tokens", "passage_overlap", "content_hash", "revision",
    "updated", "ready_at",
)  # fmt: skip
FIND = f"""
SELECT {PASSAGES.columns("passage")}, {DOCUMENTS.columns("document")}
FROM {Passage._meta.db_table} passage
JOIN {Document._meta.db_table} document ON document.id = passage.document_id
WHERE passage.id = ANY(%s)
"""  # noqa: S608 - names of the models alone


@dataclass(frozen=True)
class PassageHit:
    """A passage that was found. `score` ranks; it is made of the cosine with the query
    (None where the passage has no vector) and of BM25 over the `terms` it shares."""

    passage: Passage
    document: Document
    score: float
    vector_score: float | None
    keyword_score: float
    terms: tuple[str, ...]  # rarest first
    scored: Scored

    @property
    def parts(self) -> list[tuple[str, float]]:
        """What the score is the sum of, by name, as far as it counts."""
        return named_parts(self.scored)


@dataclass(frozen=True)
class Hit(PassageHit):
    """A document that was found, with its best passage.

    `place` is its rank among all, from 1. `folded` are near duplicates of it that were found
    as well, best first.
    """

    place: int = 0
    folded: tuple["Hit", ...] = ()

    @cached_property
    def snippet(self) -> Snippet:
        """Of the passage, matched pieces True. Made when it is asked for: a page shows none of
        those that are folded, of which there can be many."""
        language, media_type = self.document.collection.language, self.document.media_type
        return snippet(self.passage.text, self.scored.terms, language, media_type)


@dataclass(frozen=True)
class Results:
    """One page of hits, and how many documents were found in all: `exact`, or at least so many.

    `asked` is what was understood. `facets` are there where they were asked for.
    """

    hits: list[Hit]
    total: int
    exact: bool
    asked: Asked
    good_match: bool = True  # False: the nearest there is, but nothing that is meant
    facets: list[Facet] | None = None
    facets_of: int = 0  # documents that facets are counted over
    facets_sampled: bool = False  # there are more than that
    rerank_problem: str = ""  # why the reranker that is set has not read them


@dataclass(frozen=True)
class Similar:
    """A document, its passage nearest to what was asked, and the cosine of the two."""

    document: Document
    passage: Passage
    score: float


def named_parts(scored: Scored) -> list[tuple[str, float]]:
    """What its score is the sum of, by name, as far as it counts."""
    return [
        (name.removeprefix("by_"), value)
        for name, value in scored._asdict().items()
        if name.startswith("by_") and value
    ]


def passage_hits(found: Sequence[Scored], collections: Iterable[Collection]) -> list[PassageHit]:
    """With their rows; what was deleted in this moment drops out."""
    rows = passages_by_id((one.passage_id for one in found), collections)
    return [PassageHit(**_parts(one, row)) for one in found if (row := rows.get(one.passage_id))]


def hits(
    groups: Sequence[tuple[Scored, Sequence[Scored]]],
    first: int,
    collections: Iterable[Collection],
) -> list[Hit]:
    """Hits with those folded under them, the first of them at place `first`; likewise."""
    ids = (one.passage_id for best, rest in groups for one in (best, *rest))
    rows = passages_by_id(ids, collections)
    made = []
    for place, (best, rest) in enumerate(groups, first):
        if row := rows.get(best.passage_id):
            folded = [
                Hit(**_parts(one, rows[one.passage_id]), place=place)
                for one in rest
                if one.passage_id in rows
            ]
            made.append(Hit(**_parts(best, row), place=place, folded=tuple(folded)))
    return made


def passages_by_id(
    ids: Iterable[int], collections: Iterable[Collection] = ()
) -> dict[int, Passage]:
    """Passages with their documents, as far as hits show them; their collections are among
    those given, or are read."""
    known = {one.pk: one for one in collections}
    found: dict[int, Passage] = {}
    documents: dict[int, Document] = {}
    with connection.cursor() as cursor:
        cursor.execute(FIND, [list(ids)])
        for row in cursor.fetchall():
            passage = PASSAGES.made(row[: len(PASSAGES)])
            document = documents.get(passage.document_id) or DOCUMENTS.made(row[len(PASSAGES) :])
            if home := known.get(document.collection_id):
                document.collection = home
            documents[document.pk] = passage.document = document
            found[passage.pk] = passage
    unknown = [one for one in documents.values() if one.collection_id not in known]
    prefetch_related_objects(unknown, "collection")
    prefetch_related_objects([one for one in documents.values() if one.blob_id], "blob")
    return found


def _parts(scored: Scored, row: Passage) -> dict[str, Any]:
    return {
        "passage": row,
        "document": row.document,
        "score": scored.score,
        "vector_score": scored.cosine,
        "keyword_score": scored.keywords,
        "terms": tuple(scored.terms),
        "scored": scored,
    }
