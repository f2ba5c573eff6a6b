"""Clusters by density: noise stays outside, today, on arrival and every night."""

import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from collections_app.services import Rejected
from search_app import building, clusters, related
from search_app.analysis import density
from search_app.models import Clustering, ClusterMember
from tests.factories import CollectionFactory, UserFactory, embedded
from tests.search_app.test_cluster_identities import text


def dense(sizes, noise, seed=0):
    """Tight groups of unit vectors, and some that lie alone."""
    draw = np.random.default_rng(seed)
    parts = []
    for size in sizes:
        middle = draw.normal(size=64)
        parts.append(middle + 0.1 * draw.normal(size=(size, 64)))
    parts.append(draw.normal(size=(noise, 64)))
    return np.concatenate(parts).astype(np.float32)


def test_dense_places_are_groups_and_what_lies_alone_is_in_none():
    vectors = dense([30, 20, 10], 8)
    found = density.group(vectors, 5, seed=0)
    assert found.labels[:60].tolist() == [0] * 30 + [1] * 20 + [2] * 10
    alone = found.labels[60:] < 0
    assert alone.sum() >= 7
    assert np.linalg.norm(found.centroids, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert found.scores[:60].min() > 0.9
    assert found.scores[60:][alone].max() < 0.9
    again = density.group(vectors, 5, seed=0)
    assert again.labels.tolist() == found.labels.tolist()


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_few_or_equal_vectors_are_no_trouble(count):
    found = density.group(np.ones((count, 8), np.float32), None, seed=0)
    assert len(found.labels) == count
    assert set(found.labels.tolist()) <= {-1, 0}


def test_of_very_many_a_sample_is_looked_at_and_the_rest_put_where_they_reach(monkeypatch):
    vectors = dense([60, 40], 10)
    assert density.group(vectors, 5, seed=0).sample is None
    monkeypatch.setattr(density, "MOST", 60)
    found = density.group(vectors, 5, seed=0)
    assert found.sample == 60
    assert found.labels[:60].tolist().count(0) > 50
    assert found.labels[60:100].tolist().count(1) > 33
    assert found.labels[100:].tolist().count(-1) >= 4


def test_the_fewest_follow_the_number_of_vectors():
    assert [density.smallest_for(n) for n in (0, 500, 1000, 90_000)] == [3, 5, 10, 50]


@pytest.fixture
def collection():
    home = CollectionFactory(owner=UserFactory(username="eve"), name="notes", public=True)
    texts = {f"{topic}-{n}": text(topic, n) for topic in range(3) for n in range(12)}
    alone = {"x": "quartz umbrella", "y": "velvet passport", "z": "tariff glacier"}
    embedded(home, texts | alone)
    return home


def made(collection, smallest=4, afresh=False):
    clusters.request(collection, None, afresh, Clustering.Method.HDBSCAN, smallest)
    assert clusters.build(collection.pk) is True
    assert clusters.clustering(collection.owner, collection).error == ""
    return list(clusters.clusters(collection.owner, collection).values_list("pk", "name"))


def outside(collection):
    rows = ClusterMember.objects.filter(cluster=None, document__collection=collection)
    return set(rows.values_list("document__external_id", flat=True))


@pytest.mark.django_db
def test_noise_is_shown_as_such_and_not_asked_for_anew_every_night(client, collection):
    found = made(collection)
    assert len(found) == 3
    assert outside(collection) >= {"x", "y", "z"}
    assert building.requeue_outdated() == []
    assert made(collection) == found
    page = client.get(reverse("clusters", args=[collection.pk])).text
    count = len(outside(collection))
    assert f"{count} documents are in no cluster" in page
    link = f"/search/?c={collection.pk}&filter=map_cluster:none"
    assert link.replace("&", "&amp;") in page
    listed = client.get(link).text
    assert ["quartz" in listed, "velvet" in listed, "tariff" in listed] == [True] * 3
    told = client.get(f"/api/collections/{collection.pk}/clusters/").json()["clustering"]
    assert (told["method"], told["smallest"], told["outside"]) == ("hdbscan", 4, count)


@pytest.mark.django_db
def test_the_page_tells_that_a_sample_was_looked_at(client, collection, monkeypatch):
    address = reverse("clusters", args=[collection.pk])
    made(collection)
    assert "in a sample" not in client.get(address).text
    monkeypatch.setattr(density, "MOST", 30)
    made(collection)
    assert "found in a sample of 30 documents" in client.get(address).text
    told = client.get(f"/api/collections/{collection.pk}/clusters/").json()["clustering"]
    assert told["sample"] == 30


@pytest.mark.django_db
def test_a_newcomer_is_in_a_cluster_or_in_none_by_its_distance(collection):
    made(collection)
    before = outside(collection)
    embedded(collection, {"near": text(1, 12), "far": "syntax parliament"})
    related.refresh(collection.pk)
    assert building.place(collection.pk) == 2
    assert outside(collection) - before == {"far"}
    first = ClusterMember.objects.get(document__external_id="near").cluster_id
    assert first == ClusterMember.objects.get(document__external_id="1-0").cluster_id
    assert (building.behind(), building.place(collection.pk)) == ([], 0)


@pytest.mark.django_db
def test_where_nothing_is_dense_the_page_says_so(client):
    home = CollectionFactory(public=True)
    embedded(home, {"x": "quartz umbrella", "y": "velvet passport", "z": "tariff glacier"})
    assert made(home, smallest=4) == []
    assert "No documents lie close together" in client.get(f"/c/{home.pk}/clusters/").text


@pytest.mark.django_db
def test_what_makes_no_sense_is_refused(client, collection):
    hdbscan = Clustering.Method.HDBSCAN
    with pytest.raises(Rejected, match="between 2 and"):
        clusters.request(collection, None, False, hdbscan, 1)
    with pytest.raises(Rejected, match="leave the number empty"):
        clusters.request(collection, 3, False, hdbscan)
    client.force_login(collection.owner)
    address = reverse("clusters", args=[collection.pk])
    refused = client.post(address, {"method": "hdbscan", "wanted": "3"})
    assert (refused.status_code, "leave the number empty" in refused.text) == (422, True)
    assert client.post(address, {"method": "magic"}).status_code == 422
    assert client.post(address, {"method": "hdbscan", "smallest": "4"}).status_code == 302
    assert Clustering.objects.get().method == hdbscan
    api = f"/api/collections/{collection.pk}/clusters/"
    answer = client.post(api, {"smallest": 1}, content_type="application/json")
    assert answer.json()["errors"].keys() == {"smallest"}


@pytest.mark.django_db
def test_the_command_clusters_by_density(collection):
    out = io.StringIO()
    call_command("cluster", "notes", density=True, smallest=4, owner="eve", stdout=out)
    assert len(json.loads(out.getvalue())) == 3
    with pytest.raises(CommandError, match="goes with --density"):
        call_command("cluster", "notes", smallest=4, owner="eve")
