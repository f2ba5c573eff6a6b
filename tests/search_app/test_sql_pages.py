"""The SQL page, kept queries and the API of both."""

import json

import pytest
from django.conf import settings

from search_app import sql
from search_app.models import SavedQuery
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.SQL_READER, reason="no SQL_DATABASE_URL"),
]


@pytest.fixture
def user(client):
    user = UserFactory(username="ann")
    embedded(CollectionFactory(owner=user), {"b": "a boat", "j": "jam and bread"})
    client.force_login(user)
    return user


def test_visitors_log_in_first(client):
    assert "/account/login/" in client.get("/sql/").headers["Location"]
    assert client.post("/api/sql/", {"sql": "SELECT 1"}).status_code in (401, 403)
    assert client.get("/api/sql-queries/").status_code in (401, 403)


def test_parameters_become_fields_and_stand_in_the_address(client, user):
    text = "SELECT external_id FROM documents WHERE external_id = :id"
    page = client.get("/sql/", {"sql": text})
    assert 'name="id"' in page.text
    assert 'id="rows-title"' not in page.text
    page = client.get("/sql/", {"sql": text, "id": "b"})
    assert "<td>b</td>" in page.text
    assert "&amp;id=b&amp;export=csv" in page.text
    page = client.post("/sql/", {"sql": text, "id": "nothing"})
    assert "No rows." in page.text


def test_embedded_parameter_has_a_model_beside_it(client, user):
    text = "SELECT cosine(vector, embed(:input)) AS score, external_id FROM passage_vectors"
    text += " JOIN documents d ON d.id = document_id ORDER BY score DESC LIMIT 1"
    model = EmbeddingModelFactory()
    page = client.post("/sql/", {"sql": text, "input": "a boat", "model": model.pk})
    assert 'name="model"' in page.text
    assert "<td>b</td>" in page.text


def test_exports(client, user):
    given = {"sql": "SELECT '=1+1' AS a, 2 AS b"}
    answer = client.get("/sql/", {**given, "export": "csv"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="query.csv"'
    assert answer.text == "a,b\r\n'=1+1,2\r\n"
    answer = client.get("/sql/", {**given, "export": "json"})
    assert json.loads(answer.text) == [{"a": "=1+1", "b": 2}]


@pytest.mark.parametrize(
    ("text", "told"),
    [("DROP TABLE x", "Only queries are run"), ("SELECT nothing", "does not exist")],
)
def test_what_goes_wrong_is_told(client, user, text, told):
    page = client.post("/sql/", {"sql": text})
    assert page.status_code == 422
    assert told in page.text
    answer = client.post("/api/sql/", {"sql": text}, content_type="application/json")
    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def test_cells_are_escaped(client, user):
    page = client.post("/sql/", {"sql": "SELECT '<b>x</b>' AS \"<i>\""})
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text
    assert "<i>" not in page.text


def test_without_a_role_the_page_says_so(client, user, settings):
    settings.SQL_READER = {}
    assert "manage.py sql_role" in client.get("/sql/").text
    page = client.post("/sql/", {"sql": "SELECT 1"})
    assert (page.status_code, "manage.py sql_role" in page.text) == (422, True)


def test_a_query_is_kept_changed_and_deleted(client, user):
    given = {"name": "Ids", "sql": "SELECT :a AS a", "visibility": "private"}
    response = client.post("/sql/save/", given)
    kept = SavedQuery.objects.get()
    assert response.headers["Location"] == f"/sql/{kept.slug}/"
    assert "<td>x1</td>" in client.get(f"/sql/{kept.slug}/?a=x1").text
    client.post("/sql/save/", {**given, "name": "Other", "slug": kept.slug})
    kept.refresh_from_db()
    assert kept.name == "Other"
    assert "Other" in client.get("/sql/").text
    client.post(f"/sql/{kept.slug}/delete/")
    assert not SavedQuery.objects.exists()


@pytest.mark.parametrize("wrong", [{"name": ""}, {"sql": "DROP x"}, {"visibility": "odd"}])
def test_what_cannot_be_kept_is_told(client, user, wrong):
    given = {"name": "a", "sql": "SELECT 1", "visibility": "private"} | wrong
    page = client.post("/sql/save/", given)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert not SavedQuery.objects.exists()


@pytest.mark.parametrize(
    ("visibility", "listed", "opened"),
    [("private", False, False), ("link", False, True), ("public", True, True)],
)
def test_who_finds_and_opens_a_kept_query(client, user, visibility, listed, opened):
    kept = sql.save(user, "Kept one", "SELECT external_id FROM documents", visibility=visibility)
    client.force_login(UserFactory())
    assert ("Kept one" in client.get("/sql/").text) == listed
    page = client.get(f"/sql/{kept.slug}/")
    assert page.status_code == (200 if opened else 404)
    assert "<td>b</td>" not in page.text  # it runs over what the reader may see
    address = f"/api/sql-queries/{kept.slug}/"
    assert client.get(address).status_code == (200 if opened else 404)
    ran = client.post(f"{address}run/", {}, content_type="application/json")
    assert ran.status_code == (200 if opened else 404)
    assert not opened or ran.json()["rows"] == []
    assert client.patch(address, {"name": "x"}, content_type="application/json").status_code == 404
    assert client.delete(address).status_code == 404
    assert client.post(f"/sql/{kept.slug}/delete/").status_code == 404
    client.post(
        "/sql/save/", {"slug": kept.slug, "name": "x", "sql": "SELECT 1", "visibility": "link"}
    )
    kept.refresh_from_db()
    assert kept.name == "Kept one"


def test_api_runs_and_keeps(client, user):
    def post(address, **body):
        return client.post(address, body, content_type="application/json")

    answer = post("/api/sql/", sql="SELECT :a AS a, 1 AS b", parameters={"a": "x"}).json()
    assert (answer["columns"], answer["rows"], answer["more"]) == (["a", "b"], [["x", 1]], False)
    made = post("/api/sql-queries/", name="one", sql="SELECT :a AS a", visibility="link")
    assert made.status_code == 201
    place = f"/api/sql-queries/{made.json()['slug']}/"
    assert post(f"{place}run/", parameters={"a": "z"}).json()["rows"] == [["z"]]
    assert post(f"{place}run/").status_code == 400
    assert post("/api/sql-queries/", name="two", sql="DROP x").status_code == 400
    changed = client.patch(place, {"name": "three"}, content_type="application/json")
    assert changed.json()["name"] == "three"
    listed = client.get("/api/sql-queries/").json()["results"]
    assert [one["name"] for one in listed] == ["three"]
    assert client.delete(place).status_code == 204


def test_command_line(user, capsys):
    from django.core.management import call_command
    from django.core.management.base import CommandError

    text = "SELECT external_id FROM documents WHERE external_id = :id"
    call_command("sql", text, "-p", "id", "b", "--user", "ann")
    assert json.loads(capsys.readouterr().out) == [{"external_id": "b"}]
    call_command("sql", text, "-p", "id", "b", "--user", "ann", "--csv")
    assert capsys.readouterr().out.split() == ["external_id", "b"]
    with pytest.raises(CommandError, match="Fill in: id"):
        call_command("sql", text, "--user", "ann")


@pytest.mark.skipif(not settings.EMBEDDED_POSTGRES, reason="a server of one's own")
def test_role_of_a_server_of_ones_own(settings, capsys):
    from django.core.management import call_command
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="there is nothing to do"):
        call_command("sql_role")
    settings.EMBEDDED_POSTGRES = False
    call_command("sql_role", password="it's")
    told = capsys.readouterr()
    assert "CREATE ROLE embedsite_sql" in told.out
    assert "PASSWORD 'it''s'" in told.out
    assert "SQL_DATABASE_URL" in told.err
    with pytest.raises(CommandError, match="without --apply"):
        call_command("sql_role", apply=True)  # ours is no superuser
