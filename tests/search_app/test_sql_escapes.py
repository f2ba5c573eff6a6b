"""Ways out of typed SQL: each is refused by the words of the query, and most by the role alone."""

import contextlib
import time
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.functions import Now

from collections_app.models import Document
from collections_app.services import Rejected
from search_app import sql
from search_app.analysis.sql_text import Refused, statement
from search_app.models import SqlRun
from search_app.queries import sql_reader
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.SQL_READER, reason="no SQL_DATABASE_URL"),
]

# What the role and the cursor refuse as well, whatever the check of the words let through.
WALLS = """
INSERT INTO documents (title) VALUES ('x')
UPDATE documents SET title = 'x'
DELETE FROM documents
TRUNCATE public.collections_app_document
DROP TABLE public.auth_user
CREATE TABLE t (a int)
CREATE TEMP TABLE t (a int)
CREATE VIEW explore.mine AS SELECT 1
CREATE FUNCTION explore.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
ALTER ROLE embedsite_sql SUPERUSER
GRANT ALL ON ALL TABLES IN SCHEMA public TO embedsite_sql
SELECT 1 INTO t
SELECT * INTO TEMP t FROM documents
WITH gone AS (DELETE FROM documents RETURNING *) SELECT * FROM gone
WITH new AS (INSERT INTO public.auth_user DEFAULT VALUES RETURNING *) SELECT * FROM new
SELECT * FROM documents FOR UPDATE
SELECT 1; DROP TABLE public.auth_user
SELECT 1; SELECT 2
COMMIT
ROLLBACK; DROP TABLE public.auth_user
BEGIN
SET ROLE embedsite
SET SESSION AUTHORIZATION embedsite
RESET ROLE
SET statement_timeout = 0
SET TRANSACTION READ WRITE
COPY documents TO '/tmp/out'
COPY documents TO PROGRAM 'id'
COPY (SELECT 1) TO STDOUT
COPY documents FROM '/etc/passwd'
DO $$ BEGIN PERFORM 1; END $$
CALL explore.seen()
EXECUTE something
PREPARE p AS SELECT 1
DECLARE c CURSOR FOR SELECT 1
LISTEN news
NOTIFY news
VACUUM
LOCK TABLE public.auth_user
EXPLAIN ANALYZE SELECT * FROM documents
SHOW data_directory
LOAD 'plpgsql'
SELECT * FROM public.auth_user
SELECT password FROM auth_user
SELECT * FROM collections_app_document
SELECT * FROM public.search_app_sqlrun
SELECT * FROM public.collections_app_apitoken
SELECT * FROM public.django_session
TABLE public.auth_user
SELECT * FROM pg_authid
SELECT * FROM pg_catalog.pg_shadow
SELECT * FROM pg_stat_activity
SELECT query FROM pg_catalog.pg_stat_get_activity(NULL)
SELECT * FROM pg_locks
SELECT * FROM pg_settings
SELECT * FROM pg_statistic
SELECT * FROM pg_largeobject
SELECT * FROM pg_file_settings
SELECT * FROM pg_hba_file_rules
SELECT pg_read_file('/etc/passwd')
SELECT pg_read_binary_file('/etc/passwd')
SELECT pg_ls_dir('.')
SELECT pg_stat_file('/etc/passwd')
SELECT lo_import('/etc/passwd')
SELECT lo_create(0)
SELECT lo_export(1, '/tmp/x')
SELECT dblink('host=/tmp', 'SELECT 1')
SELECT * FROM dblink('host=/tmp', 'SELECT 1') AS t(a int)
SELECT pg_sleep(30)
SELECT pg_sleep_for('30 s')
SELECT set_config('statement_timeout', '0', false)
SELECT set_config('embedsite.run', 'x', false)
SELECT set_config('role', 'embedsite', false)
SELECT pg_advisory_lock(1)
SELECT pg_try_advisory_lock(1)
SELECT pg_advisory_xact_lock(1)
SELECT pg_notify('a', 'b')
SELECT pg_cancel_backend(1)
SELECT pg_terminate_backend(1)
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_logical_emit_message(false, 'a', 'b')
SELECT query_to_xml('SELECT 1', true, true, '')
SELECT table_to_xml('documents', true, true, '')
SELECT database_to_xml(true, true, '')
SELECT ts_stat('SELECT 1')
SELECT nextval('public.auth_user_id_seq')
SELECT setval('public.auth_user_id_seq', 1)
SELECT repeat('x', 1000000000)
SELECT lpad('x', 1000000000)
SELECT ('5'::float8).pg_sleep
SELECT "pg_sleep"(30)
SELECT pg_catalog."pg_sleep"/* */ (30)
SELECT $1
WITH RECURSIVE t(s) AS (SELECT 'x'::text UNION ALL SELECT s || s FROM t) SELECT length(s) FROM t
WITH gone AS (UPDATE documents SET title = 'x' RETURNING *) TABLE gone
WITH gone AS MATERIALIZED (DELETE FROM public.auth_user RETURNING *) SELECT 1
MERGE INTO documents d USING passages p ON true WHEN MATCHED THEN DELETE
EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM public.auth_user
EXPLAIN SELECT * FROM public.auth_user
SELECT * FROM documents FOR SHARE
SELECT * FROM documents FOR KEY SHARE SKIP LOCKED
FETCH ALL FROM result
MOVE ALL IN result
CLOSE ALL
DEALLOCATE ALL
DISCARD ALL
UNLISTEN *
CHECKPOINT
REFRESH MATERIALIZED VIEW documents
SECURITY LABEL ON ROLE embedsite_sql IS 'x'
SELECT 1) ; SELECT pg_sleep(3) ; --
(SELECT 1) UNION ALL (SELECT 2 FROM pg_sleep(2))
VALUES (pg_sleep(2))
SELECT /*! pg_sleep */ pg_sleep/**/(1)
SELECT E'\'' , pg_sleep(1), ''
SELECT 'a\', pg_sleep(1), '
SELECT N'\', pg_sleep(1), ''
SELECT $a$ $b$ $a$, pg_sleep(1), $b$ $b$
SELECT "a""b", pg_sleep(1) FROM (SELECT 1) AS t("a""b")
SELECT a.pg_sleep FROM (SELECT 1.0::float8) AS a
SELECT x.lo_unlink FROM (SELECT 1::oid) AS x
SELECT pg_ｓleep(1)
SELECT array_fill(0, ARRAY[10000, 10000])
SELECT cursor_to_xml('result', 1, true, true, '')
SELECT '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'::xml
SELECT * FROM pg_stat_statements
SELECT 'a' ~ '(a{255}){255}'
SELECT tableoid, xmin FROM documents
SELECT avg('[NaN]'::vector)
SELECT (pg_sleep(1) IS NULL)
SELECT ARRAY(SELECT pg_sleep(1)::text)
SELECT COALESCE((TABLE public.auth_user LIMIT 1)::text, '')
SELECT 1 WHERE EXISTS (TABLE public.auth_user)
SELECT 1 UNION ALL TABLE public.django_session
SELECT * FROM ROWS FROM (pg_ls_dir('.'), generate_series(1, 2)) AS t
SELECT * FROM public.auth_user AS documents
WITH documents AS (TABLE public.auth_user) SELECT * FROM documents
SELECT * FROM (documents CROSS JOIN public.auth_user)
SELECT u FROM documents, LATERAL (SELECT * FROM public.auth_user) AS u
WITH RECURSIVE t AS (TABLE public.auth_user UNION TABLE t) SELECT * FROM t
SELECT * FROM generate_series(1, 2) AS t(a) WHERE a IN (SELECT id FROM public.auth_user)
SELECT max(password) FILTER (WHERE true) FROM public.auth_user
SELECT count(*) OVER (ORDER BY pg_sleep(1)) FROM generate_series(1, 2)
SELECT 1 ORDER BY (SELECT pg_sleep(1) IS NULL)
SELECT 1 LIMIT (SELECT length(pg_read_file('/etc/passwd')))
SELECT lo_from_bytea(0, 'x')
SELECT 'x' COLLATE "C" FROM public.auth_user
""".strip().splitlines()
# A text in the line below E'…' goes on with its escapes: here it ends before pg_sleep.
WALLS.append("SELECT E'a'\n'b\\'', pg_sleep(1)::text --'")
WALLS.append("SELECT e'a' -- and on\n /* and */ '\\'' || pg_read_file('/etc/passwd') --'")

# What gives nothing away, but is closed to queries all the same.
WORDS = """
SELECT current_setting('data_directory')
SELECT current_setting('embedsite.run')
SELECT explore.seen()
SELECT explore.measure('result', 1, 1)
SELECT * FROM pg_class
SELECT relname, reltuples FROM pg_catalog.pg_class
SELECT proname FROM pg_proc
SELECT rolname FROM pg_roles
SELECT * FROM pg_user
SELECT * FROM pg_stats
SELECT definition FROM pg_views
SELECT * FROM information_schema.tables
SELECT * FROM "information_schema"."columns"
SELECT 'pg_authid'::regclass
SELECT regclass 'auth_user'
SELECT CAST('set_config' AS regproc)
SELECT version()
SELECT inet_server_addr()
SELECT txid_current()
SELECT format('%1000000000s', 'x')
SELECT U&"\\0070g_authid"
SELECT U&'\\0070'
SELECT pg_get_viewdef('documents')
SELECT has_table_privilege('auth_user', 'select')
SELECT * FROM documents TABLESAMPLE system (1)
SELECT xmlparse(DOCUMENT '<a/>')
SELECT 1 OPERATOR(pg_catalog.+) 1
SELECT embed('text')
SELECT 'open
SELECT "open
SELECT $a$open
SELECT 1 /* open /* */
SELECT (1
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')
SELECT * FROM pg_user_mappings
SELECT current_schemas(true)
SELECT current_database()
SELECT to_regclass('auth_user')
SELECT to_regproc('set_config')
SELECT has_database_privilege('postgres', 'connect')
SELECT obj_description(1259)
SELECT pg_typeof(1)
SELECT 1::oid::regclass
SELECT row_security_active('documents')
SELECT seen()
SELECT * FROM JSON_TABLE('{"a": 1}', '$' COLUMNS (a int PATH '$.a')) AS t
SELECT * FROM ts_token_type('default')
SELECT ts_lexize('english_stem', 'stars')
SELECT xpath('/a', '<a/>')
SELECT table_name FROM INFORMATION_SCHEMA.views
SELECT factorial(5000)
TABLE documents
SELECT version embed(:a)
SELECT hash_record(d) FROM documents AS d
SELECT current_query()
SELECT cast_to_xml(1)
SELECT setseed(0.5)
SELECT makeaclitem(1, 1, 'x', true)
""".strip().splitlines()
WORDS.append("SELECT E'a'\n'b\\'', version() --'")


@pytest.fixture
def user():
    return UserFactory(username="prisoner")


@pytest.fixture
def hidden():
    return embedded(CollectionFactory(name="hidden"), {"hidden.txt": "zyxomma of another user"})


def nothing_has_happened():
    assert Document.objects.get().title != "x"
    assert get_user_model().objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_largeobject_metadata")
        assert cursor.fetchone() == (0,)
        # Of this database: those of tests beside it hold locks in theirs.
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert cursor.fetchone() == (0,)


def test_there_are_enough_of_them():
    assert len(set(WALLS)) + len(set(WORDS)) > 190


def test_the_words_of_each_are_refused(user, hidden):
    through = []
    for attempt in [*WALLS, *WORDS]:
        with contextlib.suppress(Rejected):
            through.append((attempt, sql.run(user, attempt, {"a": "x"}).rows))
    assert through == []
    nothing_has_happened()


@pytest.mark.skipif(not settings.EMBEDDED_POSTGRES, reason="the server's own set-up differs")
def test_the_role_refuses_without_looking_at_the_words(user, hidden):
    through = []
    for attempt in WALLS:
        begun = SqlRun.objects.create(user=user, sql="", token=uuid.uuid4(), collections=[])
        with contextlib.suppress(sql_reader.Failed):
            through.append((attempt, sql_reader.read(begun.token, attempt, []).rows))
    assert through == []
    nothing_has_happened()


# Allowed by their words, and stopped by a limit.
BOMBS = [
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT array_agg(n) FROM generate_series(1, 1000000000) AS n",
    "SELECT n FROM generate_series(1, 100000000) AS n ORDER BY md5(n::text)",
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_stopped(user, bomb):
    began = time.monotonic()
    with pytest.raises(Rejected, match=r"longer than|temporary file size|memory|array size"):
        sql.run(user, bomb, {})
    assert time.monotonic() - began < 60


def test_one_user_cannot_fill_the_server_with_queries(user):
    for _number in range(2):
        SqlRun.objects.create(user=user, sql="", token=uuid.uuid4())
    with pytest.raises(Rejected, match="still run"):
        sql.run(user, "SELECT 1", {})
    assert sql.run(UserFactory(), "SELECT 1", {}).rows == [[1]]
    SqlRun.objects.update(started=Now() - timedelta(minutes=1))  # their processes died
    assert sql.run(user, "SELECT 1", {}).rows == [[1]]


def test_rows_of_others_stay_hidden_from_the_role_without_a_run(hidden):
    for token in (uuid.uuid4(), uuid.UUID(int=0)):
        for view in ("documents", "passages", "passage_vectors", "collections"):
            found = sql_reader.read(token, f"SELECT count(*) FROM {view}", [])
            assert found.rows == [[0]], view


def test_another_users_run_cannot_be_taken_over(user, hidden):
    other = hidden[0].collection
    SqlRun.objects.create(user=other.owner, sql="", token=uuid.uuid4(), collections=[other.pk])
    for attempt in (
        "SELECT set_config('embedsite.run', "
        "(SELECT token::text FROM public.search_app_sqlrun), false)",
        "SELECT collections FROM public.search_app_sqlrun",
    ):
        with pytest.raises(sql_reader.Failed, match="permission denied"):
            sql_reader.read(uuid.uuid4(), attempt, [])
    assert sql.run(user, "SELECT * FROM documents", {}).rows == []


def test_an_error_tells_nothing_of_rows_that_are_hidden(user, hidden):
    for attempt in (
        "SELECT 1 FROM passages WHERE text::int = 1",
        "SELECT 1 FROM documents WHERE 1 / (length(title) - length(title)) = 1",
        "SELECT 1 FROM documents JOIN passages ON documents.title::int = passages.text::int",
        "SELECT 1 FROM passage_vectors WHERE (vector::text)::int = 1",
    ):
        assert sql.run(user, attempt, {}).rows == [], attempt


@pytest.mark.parametrize(
    "text",
    [
        'SELECT lower(title), "title", \'pg_sleep(1)\', "a b" FROM (SELECT 1 AS "a b") AS t(title)',
        "WITH t(a, b) AS (VALUES (1, 2)) SELECT a FROM t WHERE a IN (1) AND (b > 1) -- pg_sleep()",
        "SELECT count(*) FILTER (WHERE tokens > 1) OVER (PARTITION BY state) FROM documents;",
        "SELECT CAST(1.5 AS numeric(10, 2)), ARRAY[1,2][1:2], x.y::vector(3) FROM x -- ;",
        "SELECT E'it\\'s', $q$ '; -- $q$, 'a''b', 1e5 /* a /* nested */ comment */",
    ],
)
def test_ordinary_queries_pass(text):
    assert statement(text).sql


@pytest.mark.parametrize("text", ["", "  -- nothing", ";", "x" * 20_001, "SELECT '\x00'"])
def test_what_is_no_query_is_told(text):
    with pytest.raises(Refused):
        statement(text)
