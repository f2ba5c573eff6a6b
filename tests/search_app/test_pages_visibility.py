"""Who sees which page of search_app: private means a 404 for everyone but the owner."""

import pytest
from django.urls import reverse

from search_app import clusters
from search_app.models import Clustering
from tests.factories import CollectionFactory, DocumentFactory, UserFactory
from tests.search_app.rows import cluster

pytestmark = pytest.mark.django_db

OF_DOCUMENT = ["document", "document_state"]
OF_COLLECTION = ["clusters", "clusters_state", "pairs"]
PAGES = [*OF_DOCUMENT, *OF_COLLECTION, "cluster"]


def address(name, document):
    if name in OF_DOCUMENT:
        return reverse(name, args=[document.pk])
    if name in OF_COLLECTION:
        return reverse(name, args=[document.collection_id])
    return reverse(name, args=[document.cluster_members.get().cluster_id])


def status(client, url, user=None):
    client.logout()
    if user:
        client.force_login(user)
    return client.get(url).status_code


def document_in(**collection):
    document = DocumentFactory(collection=CollectionFactory(**collection))
    cluster(document.collection, [document])
    return document


@pytest.mark.parametrize("name", PAGES)
def test_private_page_is_the_owners_alone(client, name):
    document = document_in()
    url = address(name, document)
    assert status(client, url) == 404
    assert status(client, url, UserFactory()) == 404
    assert status(client, url, UserFactory(is_superuser=True)) == 404
    assert status(client, url, document.collection.owner) == 200


@pytest.mark.parametrize("name", PAGES)
def test_public_page_is_everyones(client, name):
    url = address(name, document_in(public=True))
    assert status(client, url) == 200
    assert status(client, url, UserFactory()) == 200


@pytest.mark.parametrize("name", PAGES)
def test_page_of_nothing_is_404(client, name):
    args = [10**25]
    assert client.get(reverse(name, args=args)).status_code == 404


def test_search_holds_public_and_own_collections(client):
    own = CollectionFactory(name="own")
    CollectionFactory(name="public", public=True)
    CollectionFactory(name="of another")

    def offered():
        form = client.get(reverse("search")).context["form"]
        return [collection.name for collection in form.fields["c"].queryset]

    assert offered() == ["public"]
    client.force_login(own.owner)
    assert offered() == ["own", "public"]


@pytest.mark.parametrize("stranger", [None, UserFactory])
def test_only_the_owner_makes_clusters(client, stranger):
    collection = CollectionFactory(public=True)
    url = reverse("clusters", args=[collection.pk])
    if stranger:
        client.force_login(stranger())
    assert client.post(url).status_code == 404
    assert Clustering.objects.count() == 0
    client.force_login(collection.owner)
    assert client.post(url).status_code == 302
    assert clusters.clustering(collection.owner, collection).state == "queued"


def test_buttons_are_the_owners_alone(client):
    document = document_in(public=True)
    names = ("document_edit", "document_reembed", "document_delete")
    addresses = [f'="{reverse(name, args=[document.pk])}"' for name in names]

    def shown():
        pages = [client.get(address(name, document)).text for name in ("document", "clusters")]
        return [*(it in pages[0] for it in addresses), "Make clusters</button>" in pages[1]]

    assert shown() == [False] * 4
    client.force_login(UserFactory())
    assert shown() == [False] * 4
    client.force_login(document.collection.owner)
    assert shown() == [True] * 4
