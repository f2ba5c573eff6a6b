"""The admin of what is derived: lists, links, search and building again."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from search_app import clusters, quality, related
from search_app.evaluation import judging
from search_app.models import Clustering, Interest, RankingWeights
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

LISTED = [
    "clustering", "cluster", "clustermember", "relateddocument", "documentvector", "interest"
]  # fmt: skip


@pytest.fixture
def admin(client):
    user = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def derived(name):
    """A collection with rows in every list."""
    collection = CollectionFactory(name=name)
    embedded(collection, {f"{name}-{n}": f"Bread {name} loaf {n}." for n in range(4)})
    related.refresh(collection.pk)
    clusters.request(collection, 2)
    clusters.build(collection.pk)
    Interest.objects.create(
        owner=collection.owner, name=name, kind="text", text="bread", collection=collection,
        document=collection.documents.first(), feed_token=f"secret {name}",
    )  # fmt: skip
    return collection


def place(name, page="changelist", *args):
    return reverse(f"admin:search_app_{name}_{page}", args=args)


@pytest.mark.parametrize("name", LISTED)
def test_a_list_takes_the_same_queries_however_many_rows(client, admin, name):
    derived("first")
    client.get(place(name))

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(place(name)).status_code == 200
        return len(queries)

    one = count()
    derived("second")
    derived("third")
    assert count() == one


@pytest.mark.parametrize("name", LISTED)
def test_rows_can_be_looked_at_but_not_changed(client, admin, name):
    derived("first")
    rows = client.get(place(name)).context["cl"].result_list
    page = client.get(place(name, "change", rows[0].pk))
    assert page.status_code == 200
    assert client.get(place(name, "add")).status_code == 403
    assert client.post(place(name, "delete", rows[0].pk), {"post": "yes"}).status_code == 403
    assert b'name="_save"' not in page.content
    assert b"secret first" not in page.content  # it opens the feed


@pytest.mark.parametrize(
    ("name", "query", "count"),
    [
        ("clustering", "fir", 1),
        ("clustermember", "first-1", 1),
        ("relateddocument", "first-1", 3),
        ("documentvector", "second", 4),
        ("documentvector", "nothing", 0),
        ("interest", "fir", 1),
    ],
)
def test_search_goes_by_the_beginning(client, admin, name, query, count):
    derived("first")
    derived("second")
    found = client.get(place(name), {"q": query}).context["cl"].result_list
    assert len(found) == count


def rebuild(client, rows):
    data = {"action": "rebuild", "_selected_action": [row.pk for row in rows]}
    return client.post(place("clustering"), data, follow=True)


def test_clusters_are_asked_for_again(client, admin):
    collection = derived("first")
    response = rebuild(client, Clustering.objects.all())
    assert [str(message) for message in response.context["messages"]] == [
        "The clusters of 1 collection are being built."
    ]
    wish = Clustering.objects.get()
    assert (wish.state, wish.wanted) == (Clustering.State.QUEUED, 2)
    assert clusters.build(collection.pk) is True


def test_looking_alone_does_not_allow_building(client):
    derived("first")
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_clustering"))
    client.force_login(viewer)
    rebuild(client, Clustering.objects.all())
    assert Clustering.objects.get().state == Clustering.State.READY


def test_the_admin_shows_evaluations_and_only_shared_judged_queries(client, admin):
    collection = derived("first")
    for text, shared in {"for all": True, "my own": False}.items():
        judging.write(collection, collection.owner, text, {"first-1": 2}, shared=shared)
    quality.request(collection, collection.owner)
    assert collection.name in client.get(place("evaluation")).text
    shown = client.get(place("judgedquery")).text
    assert ("for all" in shown, "my own" in shown) == (True, False)


def test_weights_of_a_model_are_set_in_the_admin_and_checked(client, admin):
    model = CollectionFactory().embedding_model
    sent = {"model": model.pk, "collection": "", "weights": '{"meaning": -1}'}
    assert "must be a number from 0 on" in client.post(place("rankingweights", "add"), sent).text
    assert not RankingWeights.objects.exists()
    client.post(place("rankingweights", "add"), sent | {"weights": '{"keywords": 0.5}'})
    assert RankingWeights.objects.get().weights == {"keywords": 0.5}
