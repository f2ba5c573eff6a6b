"""Clusters: the wish in the database, the build, and what is left by edits and deletions."""

import uuid
from datetime import timedelta
from itertools import chain

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from collections_app import ingest, services
from collections_app.services import Rejected
from search_app import building, clusters, leases
from search_app.models import Cluster, Clustering, ClusterMember
from search_app.queries import documents
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

BAKING = {f"b{n}": f"Bread dough rises in the oven, loaf {n}." for n in range(4)}
SHIPS = {f"s{n}": f"Ships sail from the harbour, vessel {n}." for n in range(3)}


@pytest.fixture
def collection():
    made = CollectionFactory()
    embedded(made, BAKING | SHIPS)
    return made


def built(collection, wanted=None):
    clusters.request(collection, wanted)
    assert clusters.build(collection.pk) is True
    state = clusters.clustering(collection.owner, collection)
    assert (state.state, state.error) == (Clustering.State.READY, "")
    return groups(collection)


def claim(collection):
    return leases.claim(Clustering.objects.filter(collection=collection))


def groups(collection):
    """Ids of the documents of each cluster, largest first, as the pages show them."""
    owner = collection.owner
    return [
        [member.document.external_id for member in clusters.members(owner, cluster)]
        for cluster in clusters.clusters(owner, collection)
    ]


def sizes(collection):
    return [cluster.size for cluster in clusters.clusters(collection.owner, collection)]


def test_clusters_hold_what_lies_together_largest_first(collection):
    found = built(collection, 2)
    assert [set(group) for group in found] == [set(BAKING), set(SHIPS)]
    assert sizes(collection) == [4, 3]
    first, second = clusters.clusters(collection.owner, collection)
    assert (first.name.split(", ")[0], second.name.split(", ")[0]) == ("Bread dough", "Ships sail")


def test_the_number_is_chosen_where_none_is_wanted(collection):
    assert [set(group) for group in built(collection)] == [set(BAKING), set(SHIPS)]
    state = clusters.clustering(collection.owner, collection)
    assert state.wanted is None
    assert 0.3 < state.silhouette <= 1


def test_the_same_wish_gives_the_same_clusters(collection):
    assert built(collection, 3) == built(collection, 3)


def test_members_stand_nearest_the_centroid_first(collection):
    built(collection, 2)
    cluster = clusters.clusters(collection.owner, collection)[0]
    members = list(clusters.members(collection.owner, cluster))
    for member in members:
        cosine = documents.vector_of(member.document) @ cluster.centroid
        assert member.score == pytest.approx(float(cosine), abs=1e-6)
    assert [m.score for m in members] == sorted((m.score for m in members), reverse=True)
    assert float(np.linalg.norm(cluster.centroid)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("texts", "wanted", "expected"),
    [
        ({}, None, []),
        ({}, 5, []),
        ({"a": "One."}, None, [["a"]]),
        ({"a": "One."}, 3, [["a"]]),
        ({"a": "Bread.", "b": "Ships."}, 2, [["a"], ["b"]]),
        ({"a": "Bread.", "b": "Ships."}, 9, [["a"], ["b"]]),
        ({"a": "Bread.", "b": "Ships."}, None, [["a", "b"]]),
    ],
)
def test_tiny_collections_have_no_more_clusters_than_documents(texts, wanted, expected):
    collection = CollectionFactory()
    embedded(collection, texts)
    assert sorted(built(collection, wanted)) == expected


@pytest.mark.parametrize("wanted", [None, 3])
def test_identical_documents_are_one_cluster(wanted):
    collection = CollectionFactory()
    embedded(collection, dict.fromkeys("abcde", "All the same."), title="Same")
    assert built(collection, wanted) == [list("abcde")]


def test_as_many_clusters_as_documents_may_be_wanted(collection):
    assert sorted(chain(*built(collection, 7))) == sorted(BAKING | SHIPS)
    assert sizes(collection) == [1] * 7


@pytest.mark.parametrize("wanted", [0, -1, 101, 40_000])
def test_a_number_out_of_range_is_rejected(collection, wanted):
    with pytest.raises(Rejected, match="between 1 and 100"):
        clusters.request(collection, wanted)
    assert clusters.clustering(collection.owner, collection) is None


def test_names_are_distinct():
    collection = CollectionFactory()
    embedded(collection, {f"d{n}": "Bread " * n + "rye." for n in range(1, 5)}, title="Bread")
    built(collection, 4)
    names = [row.name for row in clusters.clusters(collection.owner, collection)]
    assert (len(names), len(set(names))) == (4, 4)


@pytest.mark.parametrize("reader", [AnonymousUser, UserFactory])
def test_private_clusters_are_seen_by_their_owner_alone(collection, reader):
    built(collection, 2)
    user, cluster = reader(), Cluster.objects.first()
    assert clusters.clustering(user, collection) is None
    assert list(clusters.clusters(user, collection)) == []
    assert list(clusters.members(user, cluster)) == []
    assert len(clusters.members(collection.owner, cluster)) == cluster.size


def test_reading_clusters_takes_one_query_each(collection, django_assert_num_queries):
    built(collection, 2)
    cluster = Cluster.objects.first()
    with django_assert_num_queries(1):
        assert len(clusters.clusters(collection.owner, collection)) == 2
    with django_assert_num_queries(1):
        rows = clusters.members(collection.owner, cluster)
        assert {member.document.title for member in rows} == set(BAKING)


def test_the_old_clusters_stay_until_the_new_ones_are_made(collection):
    before = built(collection, 2)
    clusters.request(collection, 3)
    assert groups(collection) == before
    clusters.build(collection.pk)
    assert sorted(sizes(collection), reverse=True) == sizes(collection)
    assert (len(sizes(collection)), sum(sizes(collection))) == (3, 7)


def test_deleting_a_document_takes_it_out_of_its_cluster_at_once(collection):
    built(collection, 2)
    services.delete_documents(collection.documents.filter(external_id__in=["b0", "s0"]))
    assert sizes(collection) == [3, 2]
    assert sorted(chain(*groups(collection))) == ["b1", "b2", "b3", "s1", "s2"]


def test_a_cluster_whose_documents_are_all_deleted_is_gone(collection):
    built(collection, 2)
    services.delete_documents(collection.documents.filter(external_id__in=SHIPS))
    assert sizes(collection) == [4]


def test_deleting_the_collection_deletes_its_clusters(collection):
    built(collection, 2)
    services.delete_collection(collection)
    left = [model.objects.count() for model in (Clustering, Cluster, ClusterMember)]
    assert left == [0, 0, 0]


def test_nothing_is_built_without_a_wish(collection):
    assert clusters.build(collection.pk) is False
    built(collection, 2)
    assert clusters.build(collection.pk) is False


def test_a_claimed_wish_is_not_claimed_again_until_the_lease_ends(collection):
    clusters.request(collection, 2)
    claimed = claim(collection)
    assert (claimed is None, claim(collection), building.waiting()) == (
        False,
        None,
        [],
    )
    expire_lease(collection)
    assert building.waiting() == [collection.pk]
    assert clusters.build(collection.pk) is True
    assert Clustering.objects.get().attempts == 2


def expire_lease(collection):
    rows = Clustering.objects.filter(collection=collection)
    rows.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_result_that_comes_after_the_claim_was_lost_is_refused(collection, monkeypatch):
    before = built(collection, 2)
    clusters.request(collection, 3)
    group = building.analysis.group

    def overtaken(*args):
        Clustering.objects.update(claim_token=uuid.uuid4())
        return group(*args)

    monkeypatch.setattr(building.analysis, "group", overtaken)
    assert clusters.build(collection.pk) is False
    assert groups(collection) == before
    assert Clustering.objects.get().state == Clustering.State.QUEUED


def test_a_new_wish_during_a_build_wins(collection, monkeypatch):
    clusters.request(collection, 2)
    group = building.analysis.group

    def changed(*args):
        clusters.request(collection, 4)
        return group(*args)

    monkeypatch.setattr(building.analysis, "group", changed)
    assert clusters.build(collection.pk) is False
    monkeypatch.undo()
    assert clusters.build(collection.pk) is True
    assert len(sizes(collection)) == 4


def test_a_document_deleted_during_a_build_is_left_out(collection, monkeypatch):
    clusters.request(collection, 2)
    group = building.analysis.group

    def deleting(*args):
        services.delete_documents(collection.documents.filter(external_id="b0"))
        return group(*args)

    monkeypatch.setattr(building.analysis, "group", deleting)
    assert clusters.build(collection.pk) is True
    assert sizes(collection) == [3, 3]


def test_a_failure_is_recorded_with_its_reason(collection, monkeypatch):
    before = built(collection, 2)
    clusters.request(collection, 3)
    monkeypatch.setattr(building.analysis, "group", lambda *args: 1 / 0)
    assert clusters.build(collection.pk) is True
    state = clusters.clustering(collection.owner, collection)
    assert (state.state, "division by zero" in state.error) == (Clustering.State.FAILED, True)
    assert (groups(collection), building.waiting()) == (before, [])


def test_what_stops_its_worker_every_time_is_given_up(collection, settings):
    clusters.request(collection, 2)
    for _ in range(settings.MAX_ATTEMPTS):
        assert claim(collection)
        assert building.give_up() == 0
        expire_lease(collection)
    assert (building.waiting(), claim(collection)) == ([], None)
    assert building.give_up() == 1
    assert Clustering.objects.get().error.startswith("The worker stopped 3 times")
    assert built(collection, 2)


def test_clusters_are_asked_for_anew_once_documents_changed(collection):
    built(collection, 2)
    assert building.requeue_outdated() == []
    embedded(collection, {"s9": "Ships and a harbour with vessel 9."})
    assert building.requeue_outdated() == [collection.pk]
    assert building.requeue_outdated() == []  # asked for already
    assert clusters.build(collection.pk) is True
    assert sizes(collection) == [4, 4]


def test_an_edited_document_makes_clusters_outdated(collection):
    built(collection, 2)
    services.edit_document(collection.documents.get(external_id="b0"), body=SHIPS["s0"])
    assert building.requeue_outdated() == []
    ingest.run()
    assert building.requeue_outdated() == [collection.pk]
    clusters.build(collection.pk)
    assert [set(group) for group in groups(collection)] == [
        set(BAKING) - {"b0"},
        set(SHIPS) | {"b0"},
    ]
