"""What keyword search finds, beside a plain count over the texts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from collections_app.models import Passage
from collections_app.pipeline.terms import passage_terms
from search_app.analysis.bm25 import rarity
from search_app.queries import postings
from search_app.queries.scope import Scope

QUERY = ["bread", "rye", "sqlite_tmpdir", "unknown"]


def found_in(*collections, query=QUERY, **filters):
    scope = Scope(tuple(one.pk for one in collections), **filters)
    return postings.lists(scope, collections[0].embedding_model_id, query)


def bags(*collections):
    """{passage: Counter of its terms}, from the texts themselves."""
    rows = Passage.objects.filter(collection__in=collections, model=collections[0].embedding_model)
    return {
        one.pk: passage_terms(
            one.document.title, one.heading, one.text, one.document.collection.language
        )
        for one in rows.select_related("document__collection")
    }


def check(*collections, query=QUERY):
    """What `lists` gives is what is counted over the texts."""
    found, known = found_in(*collections, query=query), bags(*collections)
    holding = {pk: bag for pk, bag in known.items() if any(bag[term] for term in query)}
    assert found.terms == tuple(sorted(set(query)))
    assert found.passages.tolist() == sorted(holding)
    assert found.frequencies.tolist() == [
        [holding[pk][term] for term in found.terms] for pk in sorted(holding)
    ]
    assert found.lengths.tolist() == [holding[pk].total() for pk in sorted(holding)]
    lengths = [bag.total() for bag in known.values()]
    assert (found.count, found.mean_length) == (
        len(known),
        pytest.approx(sum(lengths) / max(len(known), 1)),
    )
    numbers = [sum(term in bag for bag in known.values()) for term in found.terms]
    assert found.rarity.tolist() == pytest.approx([rarity(len(known), n) for n in numbers])
    return found


def elsewhere(run):
    """What `run` returns in a thread with a connection of its own."""

    def closing():
        try:
            return run()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result(timeout=120)
