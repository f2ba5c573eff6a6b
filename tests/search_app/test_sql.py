"""Typed SQL: what it gives, to whom, and within which limits."""

import json
import time

import pytest
from django.conf import settings

from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import related, sql
from search_app.models import SqlRun
from search_app.queries import sql_reader
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.SQL_READER, reason="no SQL_DATABASE_URL"),
]
TEXTS = {
    "boats": "boats lie in the harbour",
    "ships": "boats leave the harbour",
    "bread": "bread with butter and jam",
}


@pytest.fixture
def user():
    return UserFactory(username="reader")


@pytest.fixture
def own(user):
    collection = CollectionFactory(owner=user, name="mine")
    embedded(collection, TEXTS)
    related.refresh(collection.pk)
    return collection


def rows(user, text, **given):
    return sql.run(user, text, given, EmbeddingModelFactory()).rows


def test_values_come_as_what_they_are(user):
    answer = sql.run(
        user,
        "SELECT 1 AS n, 2.5::float AS f, true AS b, NULL AS nothing, 'x' AS t,"
        " jsonb_build_object('a', 1) AS j, 1.10::numeric AS exact, 'NaN'::float AS \"not\"",
        {},
    )
    assert answer.columns == ["n", "f", "b", "nothing", "t", "j", "exact", "not"]
    assert answer.rows == [[1, 2.5, True, None, "x", {"a": 1}, "1.10", "NaN"]]


def test_parameters_are_bound_and_never_read_as_sql(user):
    evil = "'; DROP TABLE auth_user; --"
    assert rows(user, "SELECT :a AS a, :b || :a", a=evil, b="x") == [[evil, "x" + evil]]
    text = "SELECT ':a' AS quoted, 'it''s :a', $$:a$$, 1::int, /* :a */ 2 -- :a\n, :a"
    assert rows(user, text, a="y")[0] == [":a", "it's :a", ":a", 1, 2, "y"]
    with pytest.raises(Rejected, match="Fill in: a, b"):
        rows(user, "SELECT :a, :b")
    with pytest.raises(Rejected, match="cannot be called “sql”"):
        rows(user, "SELECT :sql", sql="x")


def test_a_parameter_is_embedded_before_the_query_runs(user, own):
    text = "SELECT d.external_id, cosine(v.vector, embed(:input)) AS score FROM passage_vectors v"
    text += " JOIN documents d ON d.id = v.document_id ORDER BY v.vector <=> embed(:input) LIMIT 2"
    [best, second] = rows(user, text, input=TEXTS["bread"])
    assert best[0] == "bread"
    assert best[1] == pytest.approx(1, abs=1e-5)
    assert second[1] < best[1]
    with pytest.raises(Rejected, match="nothing to embed"):
        rows(user, text, input="  ")


def test_helpers_average_and_decode(user, own):
    found = rows(
        user,
        "SELECT vector_json(average(vector)) AS mean, vector_json(avg(vector)),"
        " cosine('[1,0]', '[1,1]') FROM document_vectors",
    )[0]
    assert len(found[0]) == 256
    assert found[0] == found[1]
    assert found[2] == pytest.approx(0.7071, abs=1e-4)


@pytest.mark.parametrize("number", range(6))
def test_every_example_runs(user, own, number):
    example = list(sql.examples())[number]
    given = {"input": "boats", "document": str(own.documents.get(external_id="boats").pk)}
    answer = sql.run(user, example.sql, given | {"word": "o"}, EmbeddingModelFactory())
    assert answer.rows
    assert not answer.more


def test_everyone_reads_what_they_may_see_and_nothing_else(user, own):
    stranger = UserFactory()
    open_one = CollectionFactory(public=True, name="open")
    embedded(open_one, {"o": "an open boat"})
    views = ["documents", "passages", "passage_vectors", "document_vectors", "related", "clusters"]
    for view in views:
        seen = {row[0] for row in rows(stranger, f"SELECT collection_id FROM {view}")}
        assert seen <= {open_one.pk}, view
        assert own.pk in {row[0] for row in rows(user, f"SELECT collection_id FROM {view}")} or (
            view == "clusters"
        )
    assert rows(stranger, "SELECT name FROM collections") == [["open"]]
    assert rows(user, "SELECT name FROM collections ORDER BY name") == [["mine"], ["open"]]
    Collection.objects.filter(pk=open_one.pk).update(visibility="private")
    assert rows(stranger, "SELECT count(*) FROM documents") == [[0]]


def test_a_leaky_condition_is_never_asked_about_rows_of_others(own):
    """Without security_barrier the division would fail on them, and so tell of them."""
    stranger = UserFactory()
    text = "SELECT title FROM documents WHERE 1 / (CASE WHEN text LIKE '%boats%' THEN 0 ELSE 1 END)"
    assert rows(stranger, f"{text} > 5") == []
    with pytest.raises(Rejected, match="division by zero"):
        rows(own.owner, f"{text} > 5")


def test_rows_and_bytes_have_limits(user):
    answer = sql.run(user, "SELECT * FROM generate_series(1, 5000) AS n", {})
    assert (len(answer.rows), answer.more) == (1000, True)
    assert answer.rows[-1] == [1000]
    wide = "SELECT string_agg(md5(n::text), '') AS t FROM generate_series(1, 20000) AS n"
    answer = sql.run(user, f"SELECT * FROM ({wide}) t CROSS JOIN generate_series(1, 20)", {})
    assert answer.more
    assert 0 < len(answer.rows) < 20
    with pytest.raises(Rejected, match="first row is larger"):
        sql.run(user, wide.replace("20000", "200000"), {})


def test_a_slow_query_is_stopped(user):
    text = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    began = time.monotonic()
    with pytest.raises(Rejected, match="longer than 1000 ms"):
        sql.run(user, text, {})
    assert time.monotonic() - began < 60
    assert "longer than" in SqlRun.objects.get().error


def test_the_watchdog_stops_what_the_timeout_does_not(user, monkeypatch):
    monkeypatch.setattr(sql_reader, "TIMEOUT_MS", 60_000)
    text = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    began = time.monotonic()
    with pytest.raises(Rejected, match="was stopped"):
        sql.run(user, text, {})
    assert time.monotonic() - began < 60


def test_each_run_is_kept_and_its_token_opens_nothing_afterwards(user, own):
    rows(user, "SELECT 1 FROM documents")
    [kept] = SqlRun.objects.all()
    assert (kept.user, kept.sql, kept.rows) == (user, "SELECT 1 FROM documents", 3)
    assert kept.token is None
    assert kept.collections == []


def test_a_token_of_an_ended_run_sees_nothing(user, own):
    token = "6b0d4e9e-0000-4000-8000-000000000000"
    begun = SqlRun.objects.create(user=user, sql="", token=token, collections=[own.pk])
    assert sql_reader.read(token, "SELECT count(*) FROM documents", []).rows == [[3]]
    SqlRun.objects.filter(pk=begun.pk).update(milliseconds=1)
    assert sql_reader.read(token, "SELECT count(*) FROM documents", []).rows == [[0]]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_csv_is_safe_in_spreadsheets(user, cell):
    answer = sql.run(user, 'SELECT :a AS "=evil", -5 AS number', {"a": cell})
    written = sql.as_csv(answer)
    assert written.startswith("'=evil,number")
    assert f"'{cell}" in written
    assert ",-5" in written
    assert json.loads(sql.as_json(answer)) == [{"=evil": cell, "number": -5}]


def test_without_a_role_the_message_says_what_to_do(user, settings):
    settings.SQL_READER = {}
    with pytest.raises(Rejected, match=r"manage\.py sql_role"):
        rows(user, "SELECT 1")
    settings.SQL_READER = {"host": "/nowhere", "user": "x"}
    with pytest.raises(Rejected, match=r"manage\.py sql_role"):
        rows(user, "SELECT 1")


def test_errors_of_the_database_come_with_their_hint(user):
    with pytest.raises(Rejected, match=r'column "titel" does not exist.*Perhaps you meant'):
        rows(user, "SELECT titel FROM documents")
