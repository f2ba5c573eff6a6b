"""Migrations that move rows: what was there before stands as it should after."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

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


def migrate(targets):
    MigrationExecutor(connection).migrate(targets)


@pytest.mark.django_db(transaction=True)
def test_passages_get_the_model_of_their_collection():
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    try:
        migrate(BEFORE)
        with connection.cursor() as cursor:
            cursor.execute(ROWS)
        migrate(AFTER)
        with connection.cursor() as cursor:
            cursor.execute(TOLD)
            told = cursor.fetchall()
            cursor.execute(
                "TRUNCATE collections_app_collection, collections_app_embeddingmodel CASCADE"
            )
    finally:
        migrate(leaves)
    assert told == [("one", "one"), ("two", "two")]
