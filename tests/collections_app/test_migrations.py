"""Migrations that move rows: what was there before stands as it should after."""

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from collections_app.pipeline.postings import MOST, Postings, packed
from search_app.queries import sql_views
from tests.factories import CollectionFactory, embedded

BEFORE = [("collections_app", "0011_model_precision")]
AFTER = [("collections_app", "0012_passage_model")]
ROWS = """
INSERT INTO collections_app_embeddingmodel (
    name, backend, ref, dimension, token_limit, query_prefix, passage_prefix, normalised,
    precision, price_per_million_tokens, is_default, created
) SELECT name, 'fake', 'fake', 8, 64, '', '', true, 'auto', 0, false, now()
  FROM unnest(ARRAY['one', 'two']) AS name;
INSERT INTO collections_app_collection (
    owner_id, name, description, visibility, language, embedding_model_id, split_code, paused,
    created, updated
) SELECT NULL, name, '', 'private', 'english', id, false, false, now(), now()
  FROM collections_app_embeddingmodel;
INSERT INTO collections_app_document (
    collection_id, external_id, title, media_type, format, encoding, as_format, as_encoding, text,
    metadata, content_hash, token_count, revision, stages, state, attempts, error, error_stage,
    error_place, created, updated
) SELECT id, name, '', 'text/plain', '', '', '', '', 'words', '{}', '', 1, 1, '{}', 'ready', 0,
    '', '', '{}', now(), now() FROM collections_app_collection;
INSERT INTO collections_app_passage (
    document_id, collection_id, ordinal, heading, text, start, "end", token_count, term_count,
    content_hash, place
) SELECT id, collection_id, 0, '', 'words', 0, 5, 1, 1, '', '{}' FROM collections_app_document;
"""
TOLD = """
SELECT d.external_id, m.name FROM collections_app_passage p
JOIN collections_app_document d ON d.id = p.document_id
JOIN collections_app_embeddingmodel m ON m.id = p.model_id ORDER BY 1
"""

# A passage far off needs an array of its own; one that was forgotten has no postings.
SPREAD = """
UPDATE collections_app_passage SET term_count = 5;
INSERT INTO collections_app_passage (
    id, document_id, collection_id, model_id, ordinal, heading, text, start, "end", token_count,
    term_count, content_hash, place
) SELECT max(id) OVER () + more, document_id, collection_id, model_id, n, '', 'words', 0, 5, 1,
    terms, '', '{}'
  FROM collections_app_passage, (VALUES (1, 10, 40000), (2, 5000000000, 5), (3, 20, 0))
    AS added(n, more, terms)
  WHERE collection_id = (SELECT min(id) FROM collections_app_collection);
INSERT INTO collections_app_posting (collection_id, term, passage_id, frequency)
SELECT collection_id, term, id, ordinal + frequency
FROM collections_app_passage, (VALUES ('words', 1), ('機器', 300)) AS terms(term, frequency)
WHERE term_count > 0;
"""
POSTINGS = """
SELECT collection_id, term, passage_id, frequency FROM collections_app_posting ORDER BY 1, 2, 3
"""
LISTS = """
SELECT collection_id, model_id, term, first, count, data FROM collections_app_postinglist
ORDER BY 1, 2, term, first
"""
SUMS = """
SELECT collection_id, model_id, sum(passages), sum(terms) FROM collections_app_corpuschange
GROUP BY 1, 2 ORDER BY 1
"""
PASSAGES = "SELECT id, collection_id, model_id, term_count FROM collections_app_passage ORDER BY 1"


def migrate(targets):
    MigrationExecutor(connection).migrate(targets)


def rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.fixture
def leaves():
    """What all is migrated to again at the end, without rows."""
    known = MigrationExecutor(connection).loader.graph.leaf_nodes()
    sql_views.drop()  # as `manage.py migrate` does
    yield known
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE collections_app_collection, collections_app_embeddingmodel CASCADE"
        )
    migrate(known)
    sql_views.install()


@pytest.mark.django_db(transaction=True)
def test_passages_get_the_model_of_their_collection(leaves):
    migrate(BEFORE)
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
    migrate(AFTER)
    assert rows(TOLD) == [("one", "one"), ("two", "two")]


@pytest.mark.django_db(transaction=True)
def test_postings_are_carried_over_to_lists_and_back(leaves):
    migrate(BEFORE)
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
    migrate([("collections_app", "0014_model_changes")])
    with connection.cursor() as cursor:
        cursor.execute(SPREAD)
    before, passages = rows(POSTINGS), rows(PASSAGES)
    migrate([("collections_app", "0015_posting_lists")])
    assert rows(LISTS) == expected(before, passages)
    assert rows(SUMS) == [
        (collection, model, len(mine), sum(terms for *_, terms in mine))
        for collection, model in sorted({one[1:3] for one in passages})
        if (mine := [one for one in passages if one[1] == collection])
    ]
    assert rows("SELECT DISTINCT terms_version FROM collections_app_collection") == [(1,)]
    gone = passages[0][0]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM collections_app_passage WHERE id = %s", [gone])
    migrate([("collections_app", "0014_model_changes")])
    assert rows(POSTINGS) == [one for one in before if one[2] != gone]


def expected(postings, passages):
    """The rows of the lists, as they are packed when documents are added."""
    pools = {}
    lengths = {pk: terms for pk, _, _, terms in passages}
    models = {pk: model for pk, _, model, _ in passages}
    for collection, term, passage, frequency in postings:
        pools.setdefault((collection, models[passage]), []).append(
            (term, passage, frequency, min(lengths[passage], MOST))
        )
    made = []
    for pool, known in sorted(pools.items()):
        terms, *columns = (list(column) for column in zip(*known, strict=True))
        names = sorted(set(terms))
        numbers = np.array([names.index(term) for term in terms])
        lists = packed(names, numbers, Postings(*(np.array(one) for one in columns)))
        made += [(*pool, *one) for one in lists]
    assert len(made) == 6
    return made


VECTORS = """
SELECT v.passage_id, v.document_id = p.document_id FROM collections_app_vector v
JOIN collections_app_passage p ON p.id = v.passage_id ORDER BY 1
"""


@pytest.mark.django_db(transaction=True)
def test_one_can_go_back_to_an_older_schema_and_on_again(leaves):
    embedded(CollectionFactory(), {"a": "Rye bread.", "b": "Fishing boats."})
    before = rows(VECTORS)
    call_command("migrate", "collections_app", "0023", verbosity=0)
    assert sql_views.columns() == {}  # those of now would not be true
    call_command("migrate", verbosity=0)
    assert rows(VECTORS) == before
    assert [same for _passage, same in before] == [True, True]
    assert "passages" in sql_views.columns()
