"""The schema that typed SQL reads: views over what the run's user may see, and functions.

The views are dropped before migrations and made again after them, so that no migration of a table
is held up by a view of it.
"""

import hashlib

from django.db import connection, transaction

SCHEMA = "explore"

# Rows of these collections alone: what `visible_to` told when the run began (models.SqlRun).
SEEN = "ANY ((SELECT explore.seen())::bigint[])"

FUNCTIONS = """
CREATE FUNCTION explore.seen() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp RETURN (
    SELECT collections FROM public.search_app_sqlrun
    WHERE token = nullif(current_setting('embedsite.run', true), '')::uuid
      AND milliseconds IS NULL
);
CREATE FUNCTION explore.cosine(one vector, other vector) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1 - (one <=> other);
CREATE FUNCTION explore.vector_json(one vector) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN to_jsonb(one::real[]);
CREATE AGGREGATE explore.average(vector) (
    SFUNC = vector_accum, STYPE = float8[], FINALFUNC = vector_avg, COMBINEFUNC = vector_combine,
    INITCOND = '{0}', PARALLEL = SAFE
);
CREATE FUNCTION explore.measure(
    named refcursor, most integer, bytes bigint, OUT counted integer, OUT more boolean
) LANGUAGE plpgsql AS $body$
DECLARE
    one record;
    size bigint := 0;
BEGIN
    counted := 0;
    more := false;
    LOOP
        FETCH named INTO one;
        EXIT WHEN NOT FOUND;
        more := counted >= most OR pg_column_size(one) > bytes;
        EXIT WHEN more;
        size := size + octet_length(one::text);
        more := size > bytes;
        EXIT WHEN more;
        counted := counted + 1;
    END LOOP;
END $body$;
"""

VIEWS = {
    "models": """
SELECT id, name::text, dimension, token_limit FROM public.collections_app_embeddingmodel
WHERE state = 'usable'""",
    "collections": """
SELECT c.id, c.name::text, c.description, c.visibility::text, c.language::text,
       m.name::text AS model, c.created
FROM public.collections_app_collection c
JOIN public.collections_app_embeddingmodel m ON m.id = c.embedding_model_id
WHERE c.id = {seen}""",
    "documents": """
SELECT id, collection_id, external_id::text, title::text, media_type::text, text, metadata,
       token_count AS tokens, state::text, created, updated, '/d/' || id || '/' AS url
FROM public.collections_app_document WHERE collection_id = {seen}""",
    "passages": """
SELECT p.id, p.document_id, p.collection_id, p.ordinal, p.heading::text, p.text,
       p.start AS starts, p."end" AS ends, p.token_count AS tokens
FROM public.collections_app_passage p
JOIN public.collections_app_collection c
  ON c.id = p.collection_id AND c.embedding_model_id = p.model_id
WHERE p.collection_id = {seen}""",
    "passage_vectors": """
SELECT v.passage_id, v.document_id, v.collection_id, m.name::text AS model, v.embedding AS vector
FROM public.collections_app_vector v
JOIN public.collections_app_embeddingmodel m ON m.id = v.model_id
WHERE v.collection_id = {seen}""",
    "document_vectors": """
SELECT v.document_id, v.collection_id, m.name::text AS model, v.embedding AS vector
FROM public.search_app_documentvector v
JOIN public.collections_app_embeddingmodel m ON m.id = v.model_id
WHERE v.collection_id = {seen}""",
    "related": """
SELECT r.document_id, r.other_id, r.score, r.rank, d.collection_id
FROM public.search_app_relateddocument r
JOIN public.collections_app_document d ON d.id = r.document_id
WHERE d.collection_id = {seen}""",
    "clusters": """
SELECT c.id, c.collection_id, c.name::text, c.size, k.parent_id
FROM public.search_app_cluster c JOIN public.search_app_clustering k ON k.id = c.clustering_id
WHERE c.collection_id = {seen}""",
    "cluster_members": """
SELECT m.cluster_id, m.document_id, m.score, c.collection_id
FROM public.search_app_clustermember m JOIN public.search_app_cluster c ON c.id = m.cluster_id
WHERE c.collection_id = {seen}""",
}


def definition() -> str:
    """All of the schema. Everyone may use it: without a run's token its views are empty."""
    views = "".join(
        f"CREATE VIEW {SCHEMA}.{name} WITH (security_barrier) AS {sql.format(seen=SEEN)};\n"
        for name, sql in VIEWS.items()
    )
    names = ", ".join(f"{SCHEMA}.{name}" for name in VIEWS)
    return (
        f"CREATE SCHEMA {SCHEMA};\n{FUNCTIONS}{views}"
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC; GRANT SELECT ON {names} TO PUBLIC;"
    )


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def install() -> None:
    """Make the schema, unless it is there as it should be."""
    sql = definition()
    version = hashlib.sha256(sql.encode()).hexdigest()[:16]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s",
            [SCHEMA],
        )
        row = cursor.fetchone()
        if row and row[0] == version:
            return
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(sql)
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{version}'")


def columns() -> dict[str, list[str]]:
    """The columns of each view, for those who write queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, array_agg(attname::text ORDER BY attnum) FROM pg_attribute"
            " JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relnamespace = to_regnamespace(%s) AND relkind = 'v' AND attnum > 0"
            " GROUP BY relname",
            [SCHEMA],
        )
        found = dict(cursor.fetchall())
    return {name: found[name] for name in VIEWS if name in found}
