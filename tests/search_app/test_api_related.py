"""Related documents, pairs and clusters by the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import ApiToken
from collections_app.services import create_token
from search_app.clusters import MAX_CLUSTERS
from search_app.models import Clustering
from tests.factories import CollectionFactory, DocumentFactory, UserFactory
from tests.search_app.rows import cluster, public_documents, relate

pytestmark = pytest.mark.django_db


def private_paths():
    document = DocumentFactory()
    made = cluster(document.collection, [document])
    return document.collection, [
        f"/api/documents/{document.pk}/related/",
        f"/api/collections/{document.collection_id}/pairs/",
        f"/api/collections/{document.collection_id}/clusters/",
        f"/api/clusters/{made.pk}/",
        f"/api/clusters/{made.pk}/members/",
    ]


def test_private_is_404_for_everyone_else(client):
    collection, paths = private_paths()

    def answers():
        return [client.get(path).status_code for path in paths]

    assert answers() == [404] * 5
    client.force_login(UserFactory(is_superuser=True))
    assert answers() == [404] * 5
    client.force_login(collection.owner)
    assert answers() == [200] * 5


def test_public_is_everyones(client):
    collection, paths = private_paths()
    collection.visibility = "public"
    collection.save()
    assert [client.get(path).status_code for path in paths] == [200] * 5


def test_related_documents(client):
    documents = public_documents(4)
    relate(documents[0], documents[1:])
    url = f"/api/documents/{documents[0].pk}/related/"
    found = client.get(url).json()
    assert found[0] == {
        "document": {
            "id": documents[1].pk,
            "collection": documents[1].collection_id,
            "external_id": documents[1].external_id,
            "title": documents[1].title,
            "url": f"/d/{documents[1].pk}/",
        },
        "score": 0.95,
        "rank": 1,
        "shares": [],
    }
    assert [one["rank"] for one in found] == [1, 2, 3]
    assert [one["rank"] for one in client.get(url, {"n": 2}).json()] == [1, 2]
    assert client.get(f"/api/documents/{documents[3].pk}/related/").json() == []


def test_pairs(client):
    documents = public_documents(3)
    relate(documents[0], documents[1:])
    relate(documents[1], documents[:1])
    documents[0].related.filter(rank=1).update(score=0.99)
    url = f"/api/collections/{documents[0].collection_id}/pairs/"
    found = client.get(url).json()
    pairs = [(one["document"]["id"], one["other"]["id"], one["near_duplicate"]) for one in found]
    assert pairs == [
        (documents[0].pk, documents[1].pk, True),
        (documents[0].pk, documents[2].pk, False),
    ]
    assert len(client.get(url, {"n": 1}).json()) == 1


@pytest.mark.parametrize("n", ["0", "101", "x", "9" * 5000])
def test_other_numbers_are_problems(client, n):
    [document] = public_documents(1)
    for url in (
        f"/api/documents/{document.pk}/related/",
        f"/api/collections/{document.collection_id}/pairs/",
    ):
        answer = client.get(url, {"n": n})
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["n"]


def test_clusters_come_in_their_order_in_pages(client):
    documents = public_documents(6)
    home = documents[0].collection
    url = f"/api/collections/{home.pk}/clusters/"
    assert client.get(url).json() == {
        "clustering": None,
        "next": None,
        "previous": None,
        "results": [],
    }
    large, small = cluster(home, documents[2:]), cluster(home, documents[:2])
    found = client.get(url).json()
    assert (found["clustering"]["state"], found["clustering"]["silhouette"]) == ("ready", 0.25)
    assert found["results"][0] == {
        "id": large.pk,
        "collection": home.pk,
        "name": "boats",
        "renamed": False,
        "terms": ["harbour", "sail"],
        "size": 4,
        "parent": None,
        "parts": 0,
        "representative": [
            {
                "id": one.pk,
                "collection": home.pk,
                "external_id": one.external_id,
                "title": one.title,
                "url": f"/d/{one.pk}/",
            }
            for one in documents[2:]
        ],
        "url": f"/clusters/{large.pk}/",
    }
    first = client.get(url, {"page_size": 1}).json()
    second = client.get(first["next"]).json()
    assert [one["results"][0]["id"] for one in (first, second)] == [large.pk, small.pk]
    assert second["next"] is None


def test_cluster_and_its_members(client):
    documents = public_documents(3)
    made = cluster(documents[0].collection, documents)
    assert client.get(f"/api/clusters/{made.pk}/").json()["name"] == "boats"
    url = f"/api/clusters/{made.pk}/members/"
    first = client.get(url, {"page_size": 2}).json()
    second = client.get(first["next"]).json()
    members = first["results"] + second["results"]
    assert [one["document"]["id"] for one in members] == [one.pk for one in documents]
    assert members[0]["score"] == 0.99


@pytest.mark.parametrize("cursor", ["x", "cD0lMDA=", "cD14"])
def test_cursor_that_was_tampered_with_is_404(client, cursor):
    documents = public_documents(1)
    made = cluster(documents[0].collection, documents)
    for url in (
        f"/api/clusters/{made.pk}/members/",
        f"/api/collections/{made.collection_id}/clusters/",
    ):
        assert client.get(url, {"cursor": cursor}).status_code == 404


def make(client, collection, body, **headers):
    url = f"/api/collections/{collection.pk}/clusters/"
    return client.post(url, body, content_type="application/json", headers=headers)


def test_owner_has_clusters_made(client):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    answer = make(client, collection, {"wanted": 7})
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["wanted"]) == ("queued", 7)
    assert make(client, collection, {"wanted": None}).json()["wanted"] is None
    assert make(client, collection, {}).json()["wanted"] is None
    assert Clustering.objects.count() == 1


def test_nobody_else_has_clusters_made(client):
    collection = CollectionFactory(public=True)
    _token, key = create_token(collection.owner, "reads", ApiToken.Scope.READ)
    assert make(client, collection, {}).status_code in (401, 403)
    assert make(client, collection, {}, Authorization=f"Bearer {key}").status_code == 403
    client.force_login(UserFactory())
    assert make(client, collection, {}).status_code == 404
    assert Clustering.objects.count() == 0


@pytest.mark.parametrize("wanted", [0, -1, MAX_CLUSTERS + 1, "x", 1.5, [], 10**30])
def test_number_of_clusters_must_make_sense(client, wanted):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    answer = make(client, collection, {"wanted": wanted})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["wanted"]


def test_cost_does_not_grow(client):
    def cost(url):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    def urls(count):
        documents = public_documents(count + 1)
        relate(documents[0], documents[1:])
        made = cluster(documents[0].collection, documents[:count])
        for _ in range(count - 1):
            cluster(documents[0].collection, public_documents(2))
        return [
            f"/api/documents/{documents[0].pk}/related/",
            f"/api/collections/{made.collection_id}/pairs/",
            f"/api/collections/{made.collection_id}/clusters/",
            f"/api/clusters/{made.pk}/members/",
        ]

    assert [cost(url) for url in urls(1)] == [cost(url) for url in urls(3)]


def test_schema_names_every_operation(client):
    schema = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    named = {
        operation["operationId"]
        for path in schema["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post")
    }
    assert {
        "search",
        "collections_similar",
        "collections_pairs",
        "documents_related",
        "clusters_list",
        "clusters_make",
        "clusters_read",
        "clusters_members",
        "clusters_parts",
        "clusters_split",
    } <= named
