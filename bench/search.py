"""What a search costs, from the request to the JSON: python -m bench.search [PASSAGES ...]

A collection of each size (16,796 and 200,000 unless told; 1,000,000 takes an hour) is filled
(`_corpus`) and asked through the site's own web server, over one kept connection, with queries
whose vectors are at hand. Beside it in the same run: the bare nearest ten in SQL, and what
other tools take for them. Then: how much of what an exact search would list users get.
"""

import os
import sys
import time

import numpy as np

from bench._site import machine, median, seconds, site

SIZES = (16_796, 200_000)
ASKED = 200  # queries of each kind that are timed
SLOW = 300_000  # passages that `llm similar` is to look at, more or less
COMPARED = 1000  # queries whose hits are compared with those of exact scans
ONE = "shelf:7"  # in the query, and what it keeps
THIRD = "room:1"
BARE = """
SELECT passage_id FROM collections_app_vector
WHERE collection_id = {collection} AND model_id = {model}
ORDER BY (embedding::halfvec(384)) <=> '{vector}'::halfvec(384) LIMIT 10
"""
SIZE = """
SELECT relname, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class
WHERE relname IN ('collections_app_document', 'collections_app_passage',
    'collections_app_vector', 'collections_app_postinglist') OR relname LIKE 'vector_hnsw%'
ORDER BY relname
"""


def main(sizes: list[int]) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1")
    with site():
        print(f"Machine: {machine()}")
        for size in sizes:
            print(f"\n{size:,} passages of 384 numbers")
            _measure(size)


def _measure(size: int) -> None:
    from bench import _queries
    from bench._corpus import Corpus, execute, filled
    from search_app.queries import indexes

    corpus = Corpus(size)
    began = time.perf_counter()
    collection = filled(corpus)
    print(f"filled in {time.perf_counter() - began:.0f} s")
    print(f"index built in {seconds(lambda: indexes.maintain(1000)):.0f} s")
    print("; ".join(f"{name} {bytes_}" for name, bytes_ in execute(SIZE)))
    queries = _queries.chosen(corpus, COMPARED)
    _queries.keep(queries)
    with _queries.web(collection.owner) as ask:
        _asked(ask, collection, list(queries))
    _beside(collection, list(queries.values()))
    _compared(collection, list(queries)[: COMPARED if size < 500_000 else 100])


def _asked(ask, collection, queries: list[str]) -> None:
    """The whole endpoint, with and without a filter; and the keyword leg alone."""
    from search_app.queries import postings
    from search_app.queries.scope import Scope

    def search(text: str) -> None:
        assert ask("/api/search/", q=text, collection=collection.pk, limit=10)["hits"]

    kinds = {
        f"the first {ASKED} searches of a process": search,
        "search": search,
        "search, a filter that keeps 1 %": lambda text: search(f"{text} {ONE}"),
        "search, a filter that keeps a third": lambda text: search(f"{text} {THIRD}"),
        "keyword leg alone": lambda text: postings.lists(
            Scope((collection.pk,)), collection.embedding_model_id, text.split()
        ).bm25(),
    }
    for place, (name, work) in enumerate(kinds.items()):
        own = queries[place * ASKED :][:ASKED]  # that no kind before has asked
        times = [seconds(lambda text=text, work=work: work(text)) for text in own]
        print(f"{name}: p50 {1000 * median(times):.1f} ms, p99 {_p99(times):.1f} ms")
    print(f"the web process had {ask.peak_mb()} MB at most")


def _p99(times: list[float]) -> float:
    return 1000 * float(np.percentile(times, 99))


def _beside(collection, vectors: list[np.ndarray]) -> None:
    """The nearest ten alone: in SQL, and with other tools."""
    from bench._corpus import execute
    from bench._peers import peers
    from search_app.queries import binary
    from search_app.queries.vectors import text

    names = {"collection": collection.pk, "model": collection.embedding_model_id}
    works = [("bare SQL", lambda vector: execute(BARE.format(vector=text(vector), **names)))]
    rows = binary.read(
        "SELECT embedding FROM collections_app_vector WHERE collection_id = %s",
        [collection.pk],
        {"vector": 384},
    )
    for name, work in [*works, *peers(rows["vector"].astype(np.float32))]:
        if work is None:
            print(f"{name}: not installed")
            continue
        some = vectors[: SLOW // len(rows["vector"]) + 1 if name == "llm similar" else ASKED]
        work(some[0])
        times = [seconds(lambda vector=vector, work=work: work(vector)) for vector in some]
        print(f"{name}: p50 {1000 * median(times):.1f} ms")


def _compared(collection, queries: list[str]) -> None:
    """The share of the first ten hits of exact scans that is listed with the index."""
    from search_app.queries import indexes

    ready = indexes.ready
    for name, filters in (("unfiltered", ()), ("1 %", (ONE,)), ("a third", (THIRD,))):
        same = wanted = 0
        for text in queries:
            listed = _hits(collection, text, filters)
            indexes.ready = lambda *_: {}
            exact = _hits(collection, text, filters)
            indexes.ready = ready
            same += len(listed & exact)
            wanted += len(exact)
        print(f"recall@10, {name}, {len(queries)} queries: {same / wanted:.4f}")


def _hits(collection, text: str, filters: tuple[str, ...]) -> set[int]:
    from search_app.search import search

    found = search(collection.owner, text, collection=collection, wanted=filters, limit=10)
    return {hit.document.pk for hit in found.hits}


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
