"""Pages of clusters and pairs: states, the form, paging, what they cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from search_app import clusters
from search_app.clusters import MAX_CLUSTERS
from search_app.models import Clustering
from tests.factories import CollectionFactory, DocumentFactory, embedded
from tests.search_app.rows import cluster, public_documents, relate

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection():
    return CollectionFactory(public=True)


def page(client, name, pk, **query):
    return client.get(reverse(name, args=[pk]), query)


def cost(client, name, pk):
    with CaptureQueriesContext(connection) as queries:
        assert page(client, name, pk).status_code == 200
    return len(queries)


def test_clusters_are_shown_in_their_order_with_words_and_members(client):
    documents = public_documents(8)
    home = documents[0].collection
    large = cluster(home, documents[2:], "large")
    small = cluster(home, documents[:2], "<b>small</b>")
    shown = page(client, "clusters", home.pk).text
    names = [f'<a href="/clusters/{one.pk}/">' for one in (large, small)]
    assert [shown.count(name) for name in names] == [1, 1]
    assert shown.index(names[0]) < shown.index(names[1])
    assert "&lt;b&gt;small&lt;/b&gt;" in shown
    assert "<li>harbour</li><li>sail</li>" in shown
    assert [f'href="/d/{one.pk}/"' in shown for one in documents] == [True] * 6 + [False] * 2
    assert "silhouette 0.25" in shown


def test_empty_collection_has_nothing_to_group(client, collection):
    assert "Nothing to group yet" in page(client, "clusters", collection.pk).text


def test_without_clusters_the_owner_may_make_them(client, collection):
    DocumentFactory(collection=collection)
    assert "The owner of this collection has not" in page(client, "clusters", collection.pk).text
    client.force_login(collection.owner)
    assert "No clusters yet" in page(client, "clusters", collection.pk).text
    response = client.post(reverse("clusters", args=[collection.pk]), {"wanted": "7"})
    assert response["Location"] == reverse("clusters", args=[collection.pk])
    assert clusters.clustering(collection.owner, collection).wanted == 7


@pytest.mark.parametrize("wanted", ["x", "0", "-1", str(MAX_CLUSTERS + 1), "9" * 400, "\x00"])
def test_number_of_clusters_must_make_sense(client, collection, wanted):
    DocumentFactory(collection=collection)
    client.force_login(collection.owner)
    response = client.post(reverse("clusters", args=[collection.pk]), {"wanted": wanted})
    assert response.status_code == 422
    assert 'class="field__error"' in response.text
    assert Clustering.objects.count() == 0


def test_page_waits_for_clusters_and_then_loads_anew(client, collection):
    texts = {"a": "bread and butter", "b": "bread with jam", "c": "a ship", "d": "a ship at sea"}
    embedded(collection, texts)
    clusters.request(collection, 2)
    poll = f'hx-get="/c/{collection.pk}/clusters/state/"'
    assert poll in page(client, "clusters", collection.pk).text
    waiting = page(client, "clusters_state", collection.pk)
    assert poll in waiting.text
    assert "HX-Refresh" not in waiting
    assert "no-store" in waiting["Cache-Control"]
    clusters.build(collection.pk)
    assert page(client, "clusters_state", collection.pk)["HX-Refresh"] == "true"
    shown = page(client, "clusters", collection.pk)
    assert poll not in shown.text
    assert shown.text.count('<article class="card') == 2


def test_failure_is_told(client, collection):
    Clustering.objects.create(collection=collection, state="failed", error="Too <few>.")
    assert "Too &lt;few&gt;." in page(client, "clusters", collection.pk).text


def test_cluster_lists_its_members_nearest_first_in_pages(client):
    documents = public_documents(53)
    made = cluster(documents[0].collection, documents)
    first, second, beyond = (page(client, "cluster", made.pk, page=n) for n in (1, 2, "x"))
    rows = [member.document for one in (first, second) for member in one.context["page"]]
    assert rows == documents
    assert len(second.context["page"]) == 3
    assert beyond.context["page"].number == 1
    assert "53 documents, the most typical first" in first.text


def test_pairs_are_listed_once_and_near_duplicates_flagged(client):
    documents = public_documents(3, title="<b>T</b>")
    home = documents[0].collection
    relate(documents[0], documents[1:])
    relate(documents[1], documents[:1])
    documents[0].related.filter(rank=1).update(score=0.99)
    shown = page(client, "pairs", home.pk)
    pairs = [(pair.document, pair.other) for pair in shown.context["pairs"]]
    assert pairs == [(documents[0], documents[1]), (documents[0], documents[2])]
    assert shown.text.count("near duplicate</span>") == 1
    assert "<b>T</b>" not in shown.text


def test_no_pairs_yet(client, collection):
    assert "No pairs yet" in page(client, "pairs", collection.pk).text


def test_cost_does_not_grow(client):
    one, three = public_documents(2), public_documents(4)
    for documents in (one, three):
        made = cluster(documents[0].collection, documents)
        relate(documents[0], documents[1:])
        documents[0].made = made
    cluster(three[0].collection, public_documents(2))
    for name in ("clusters", "pairs"):
        few, many = (cost(client, name, found[0].collection_id) for found in (one, three))
        assert few == many
    assert cost(client, "cluster", one[0].made.pk) == cost(client, "cluster", three[0].made.pk)
