"""Related by passage, words in common, near duplicates in groups: pages and API."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import Collection, Document, Vector
from search_app import related
from search_app.queries.shared import shared
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.search_app.rows import public_documents

pytestmark = pytest.mark.django_db

LONG = "Bread of rye is baked at dawn. " * 12 + "\n\n" + "A ship lies in the harbour. " * 12


@pytest.fixture
def home():
    made = CollectionFactory(public=True)
    texts = {"both": LONG, "bread": "Bread of rye, baked.", "ship": "The ship in the harbour."}
    embedded(made, texts, title="Note")
    return made


def of(collection, external_id):
    return collection.documents.get(external_id=external_id)


def api(client, document, **query):
    return client.get(f"/api/documents/{document.pk}/related-passages/", query)


def test_each_passage_has_what_is_nearest_to_it_in_other_documents(client, home):
    found = api(client, of(home, "both")).json()
    nearest = [one["related"][0]["document"]["external_id"] for one in found]
    assert (nearest[0], nearest[-1]) == ("bread", "ship")
    for one in found:
        assert {near["document"]["external_id"] for near in one["related"]} <= {"bread", "ship"}


def test_scores_are_exact_cosines(client, home):
    def vector(passage):
        return np.array(Vector.objects.get(passage=passage).embedding)

    for one in api(client, of(home, "both"), n=10).json():
        mine = vector(one["passage"]["id"])
        scores = [near["score"] for near in one["related"]]
        exact = [mine @ vector(near["passage"]["id"]) for near in one["related"]]
        assert scores == pytest.approx(exact, abs=1e-6)
        assert scores == sorted(scores, reverse=True)


def test_passages_begin_where_asked(client, home):
    document = of(home, "both")
    everything = api(client, document).json()
    assert len(everything) > 1
    assert api(client, document, ordinal=1).json() == everything[1:]
    assert api(client, document, ordinal=99).json() == []
    assert len(api(client, document, n=1).json()[0]["related"]) == 1


@pytest.mark.parametrize("query", [{"ordinal": "-1"}, {"ordinal": "x"}, {"n": "0"}, {"n": "11"}])
def test_other_numbers_are_problems(client, home, query):
    answer = api(client, of(home, "both"), **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(query))


def test_page_shows_passages_with_what_is_near(client, home):
    document = of(home, "both")
    shown = client.get(f"/d/{document.pk}/passages/").text
    assert f'<a href="/d/{of(home, "bread").pk}/?p=0#p0">' in shown
    assert "Passage 1</a>" in shown
    related.refresh(home.pk)
    assert f'href="/d/{document.pk}/passages/"' in client.get(f"/d/{document.pk}/").text


def test_page_of_a_document_without_passages_says_so(client):
    [document] = public_documents(1)
    assert "No passages yet" in client.get(f"/d/{document.pk}/passages/").text


def test_private_passages_are_their_owners(client, home):
    document = of(home, "both")
    Collection.objects.update(visibility="private")
    paths = [f"/d/{document.pk}/passages/", f"/api/documents/{document.pk}/related-passages/"]
    client.force_login(UserFactory())
    assert [client.get(path).status_code for path in paths] == [404, 404]
    client.force_login(home.owner)
    assert [client.get(path).status_code for path in paths] == [200, 200]


def test_cost_does_not_grow_with_passages(client, home):
    def cost(document):
        with CaptureQueriesContext(connection) as queries:
            api(client, document)
        return len(queries)

    assert cost(of(home, "both")) == cost(of(home, "ship"))


def test_words_in_common_come_rarest_first_as_they_are_written():
    home = CollectionFactory()
    texts = {f"n{n}": "Plain harbour water." for n in range(4)}
    texts |= {"a": "Harbour of the SQLite backups, with WAL_mode.", "b": "sqlite wal_mode harbour"}
    rows = dict(zip(texts, embedded(home, texts, title="x"), strict=True))
    found = shared(rows["a"].pk, [rows["b"].pk, rows["n0"].pk], 9)
    assert found[rows["b"].pk] == ["WAL_mode", "SQLite", "Harbour"]
    assert found[rows["n0"].pk] == ["Harbour"]
    assert shared(rows["a"].pk, []) == {}
    assert shared(0, [rows["b"].pk]) == {rows["b"].pk: []}
    Document.objects.filter(pk=rows["a"].pk).update(text="")
    assert shared(rows["a"].pk, [rows["b"].pk]) == {rows["b"].pk: []}


def test_words_of_a_document_that_was_deleted_do_not_count():
    home = CollectionFactory()
    rows = embedded(home, {"a": "A zeppelin above.", "b": "The zeppelin again."})
    assert shared(rows[0].pk, [rows[1].pk])[rows[1].pk] == ["zeppelin"]
    gone = rows[1].pk
    rows[1].delete()
    assert shared(rows[0].pk, [gone])[gone] == []


def test_reason_line_stands_on_the_page_and_in_the_api(client, home):
    related.refresh(home.pk)
    ship = of(home, "ship")
    assert "shares: harbour, ship" in client.get(f"/d/{ship.pk}/").text
    first = client.get(f"/api/documents/{ship.pk}/related/").json()[0]
    assert set(first["shares"]) == {"ship", "harbour"}


@pytest.fixture
def doubled():
    made = CollectionFactory(public=True)
    same = {f"same{n}": "Bread of rye with a thick crust." for n in range(3)}
    pair = {f"pair{n}": "A mast, a sail and a quay." for n in range(2)}
    embedded(made, {**pair, **same, "other": "Tax forms."}, title="Note")
    related.refresh(made.pk)
    return made


def test_near_duplicates_stand_in_groups(client, doubled):
    found = client.get(f"/api/collections/{doubled.pk}/near-duplicates/").json()
    groups = [[one["external_id"] for one in group["documents"]] for group in found]
    assert groups == [["same0", "same1", "same2"], ["pair0", "pair1"]]
    assert [group["score"] for group in found] == pytest.approx([1, 1])
    assert len(client.get(f"/api/collections/{doubled.pk}/near-duplicates/?n=1").json()) == 1


def test_page_of_near_duplicates(client, doubled):
    url = f"/c/{doubled.pk}/duplicates/"
    shown = client.get(url).text
    assert shown.count('class="row__title"') == 5
    assert "/delete/" not in shown
    client.force_login(doubled.owner)
    assert f'href="/d/{of(doubled, "same1").pk}/delete/"' in client.get(url).text
    assert f'href="{url}"' in client.get(f"/c/{doubled.pk}/pairs/").text


def test_page_without_near_duplicates_says_so(client, home):
    assert "No near duplicates" in client.get(f"/c/{home.pk}/duplicates/").text


def test_near_duplicates_of_a_private_collection_are_not_there(client, doubled):
    Collection.objects.update(visibility="private")
    for path in (f"/c/{doubled.pk}/duplicates/", f"/api/collections/{doubled.pk}/near-duplicates/"):
        assert client.get(path).status_code == 404


def test_deleted_duplicates_leave_their_group(client, doubled):
    client.force_login(doubled.owner)
    client.post(f"/d/{of(doubled, 'pair0').pk}/delete/")
    found = client.get(f"/api/collections/{doubled.pk}/near-duplicates/").json()
    assert [len(group["documents"]) for group in found] == [3]
